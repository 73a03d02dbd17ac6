"""A real PostgreSQL server for the tests: a temporary one from Debian's packages, or TEST_DATABASE_URL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from tests.services.processes import free_port, start_server, stop_server, user_group, wait_until

_ATTEMPTS = 5
# No data outlives the tests, so trade durability for speed. Commits still survive a killed server process.
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "listen_addresses=127.0.0.1",
    "autovacuum=off",
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """URL of the maintenance database of a server where tests can create databases."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    with running_cluster(durable_commits=False) as cluster:
        yield cluster.url


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """An empty database for one test, `postgresql+psycopg://…`, dropped afterward."""
    with fresh_database(postgres_server) as url:
        yield url


@dataclass
class Cluster:
    """A temporary server that a test can stop and restart on the same port with the same data."""

    binaries: Path
    home: Path
    user: str | None
    process: subprocess.Popen[bytes]
    port: int
    settings: tuple[str, ...]

    @property
    def url(self) -> URL:
        return URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=self.port, database="postgres")

    def stop(self) -> None:
        """Immediate shutdown, which aborts all sessions."""
        stop_server(self.process, signal.SIGQUIT)

    def start(self) -> None:
        self.process = _start_server(self.binaries, self.home, self.user, self.port, self.settings)

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def running_cluster(*, durable_commits: bool = True, settings: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """Run a separate server; its data is deleted at the end. Without `durable_commits` it is faster, but if killed,
    it can lose commits. `settings` override the default settings."""
    settings = (*_SETTINGS, f"synchronous_commit={'on' if durable_commits else 'off'}", *settings)
    binaries = _find_binaries()
    user = _unprivileged_user()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if user:
            shutil.chown(home, user, user_group(user))
        _init_cluster(binaries, home, user)
        process, port = _start_cluster(binaries, home, user, settings)
        cluster = Cluster(binaries, home, user, process, port, settings)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def fresh_database(server: URL) -> Iterator[str]:
    """An empty database on `server`, dropped afterward."""
    name = f"test_{uuid.uuid4().hex}"
    with connect(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield server.set(database=name).render_as_string(hide_password=False)
    with connect(server) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def connect(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    """A psycopg connection in autocommit mode."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, autocommit=True)


def _find_binaries() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise RuntimeError("PostgreSQL is missing: install Debian's `postgresql`, or set TEST_DATABASE_URL")
    return versions[-1].parent


def _unprivileged_user() -> str | None:
    """The user to run PostgreSQL as if we are root, since it refuses to run as root."""
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


def _start_cluster(
    binaries: Path, home: Path, user: str | None, settings: tuple[str, ...]
) -> tuple[subprocess.Popen[bytes], int]:
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        try:
            return _start_server(binaries, home, user, port, settings), port
        except RuntimeError as exc:
            if attempt == _ATTEMPTS or "in use" not in str(exc):
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _start_server(
    binaries: Path, home: Path, user: str | None, port: int, settings: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    """RuntimeError with the server's log if it does not start."""
    log = home / f"postgres-{port}.log"
    command = [str(binaries / "postgres"), "-D", str(home / "data"), "-k", str(home), "-p", str(port)]
    for setting in settings:
        command += ["-c", setting]
    process = start_server(command, log=log, user=user, stop_signal="QUIT")
    wait_until(lambda: _accepts_connections(port), process, log=log, timeout_s=60)
    return process


def _accepts_connections(port: int) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
