"""A real PostgreSQL for the tests: a throwaway server from Debian's packages, or TEST_DATABASE_URL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from tests.services.processes import free_port, start_server, stop_server, user_group, wait_until

_ATTEMPTS = 5
# Nothing here outlives the tests, so durability is traded for speed.
_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "listen_addresses=127.0.0.1",
    "autovacuum=off",
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A server that new databases may be made on: the URL of its maintenance database."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    binaries = _find_binaries()
    user = _unprivileged_user()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if user:
            shutil.chown(home, user, user_group(user))
        _init_cluster(binaries, home, user)
        process, port = _start_cluster(binaries, home, user)
        try:
            yield URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=port, database="postgres")
        finally:
            stop_server(process, signal.SIGQUIT)  # at once: nothing here is to be kept
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """A fresh database for one test, dropped after it: `postgresql+psycopg://…`."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(server: URL) -> Iterator[str]:
    """One more database, for a test that needs two."""
    name = f"test_{uuid.uuid4().hex}"
    with connect(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield server.set(database=name).render_as_string(hide_password=False)
    with connect(server) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def connect(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    """A plain connection, outside any transaction."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, autocommit=True)


def _find_binaries() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise RuntimeError("no PostgreSQL server: install Debian's `postgresql`, or set TEST_DATABASE_URL")
    return versions[-1].parent


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: then who runs it instead."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _init_cluster(binaries: Path, home: Path, user: str | None) -> None:
    command = [str(binaries / "initdb"), "--no-sync", "--auth=trust", "--username=postgres"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", str(home / "data")]
    log = home / "initdb.log"
    process = start_server(command, log=log, user=user)
    if process.wait(120) != 0:
        raise RuntimeError(f"initdb failed:\n{log.read_text(errors='replace')}")


def _start_cluster(binaries: Path, home: Path, user: str | None) -> tuple[subprocess.Popen[bytes], int]:
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        log = home / f"postgres-{attempt}.log"
        command = [str(binaries / "postgres"), "-D", str(home / "data"), "-k", str(home), "-p", str(port)]
        for setting in _SETTINGS:
            command += ["-c", setting]
        process = start_server(command, log=log, user=user, stop_signal="QUIT")
        try:
            wait_until(lambda port=port: _answers(port), process, log=log, timeout_s=60)  # type: ignore[misc]
        except RuntimeError:
            if attempt == _ATTEMPTS or "in use" not in log.read_text(errors="replace"):
                raise
            continue
        return process, port
    raise AssertionError("unreachable: the last attempt returns or raises")


def _answers(port: int) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
