"""Connections to the ledger: read and write transactions that behave the same on SQLite and PostgreSQL.

SQLite runs with a write-ahead log and `synchronous=FULL`. NORMAL also survives SIGKILL, but may lose the last commits
in a power failure, and a lost claim or receipt means that a letter is mailed twice.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from security_kit.database_tls import require_database_tls
from statement_builder.errors import ConfigError, InvariantError, LedgerError

_BUSY_TIMEOUT_S = 30
_BUSY_POLL_S = 0.05
_CONNECT_TIMEOUT_S = 10
# Locks of a worker host that disappears are released after about a minute instead of the kernel's two hours.
_SERVER_KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


class Database:
    """A pool of connections to one ledger."""

    def __init__(self, url: str) -> None:
        self.url = _parse_url(url)
        self.engine = _make_engine(self.url)
        # A writer must see what others committed while it waited for a lock, such as the end of the event log.
        writes, reads = (
            ({}, {})
            if self.is_sqlite
            else ({"isolation_level": "READ COMMITTED"}, {"isolation_level": "REPEATABLE READ"})
        )
        self._writer = self.engine.execution_options(statements_write=True, **writes)
        self._reader = self.engine.execution_options(**reads)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def path(self) -> Path:
        """The database file of an SQLite ledger."""
        return Path(str(self.url.database))

    def exists(self) -> bool:
        """Whether there is a database. Nothing is created by asking. LedgerError if none could be created there."""
        if not self.is_sqlite:
            return True
        path = self.path()
        if not path.exists():
            _require_creatable(path)
            return False
        return True

    def create(self) -> None:
        """Create the file of an SQLite ledger. Does nothing if there is one."""
        if self.is_sqlite:
            _create_file(self.path())

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction that may change the ledger; on SQLite it locks the file for writing at once."""
        return self._transaction(self._writer)

    def read(self) -> AbstractContextManager[Connection]:
        """One transaction that reads a single consistent state."""
        return self._transaction(self._reader)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except IntegrityError as exc:
            raise InvariantError(
                f"the ledger rejected a change that breaks its rules: {_first_line(exc.orig)}"
            ) from exc
        except psycopg.IntegrityError as exc:
            raise InvariantError(f"the ledger rejected a change that breaks its rules: {_first_line(exc)}") from exc
        except DBAPIError as exc:
            raise LedgerError(f"ledger {self}: {_first_line(exc.orig)}") from exc
        except psycopg.Error as exc:
            raise LedgerError(f"ledger {self}: {_first_line(exc)}") from exc
        except SQLAlchemyError as exc:
            raise LedgerError(f"ledger {self}: {type(exc).__name__}") from exc

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as exc:
        raise ConfigError("ledger: not a database URL. Use sqlite:////path/to/file or postgresql+psycopg://…") from exc
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise ConfigError(f"ledger: {parsed.drivername} is not supported. Use sqlite:////… or postgresql+psycopg://…")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigError("ledger: SQLite needs a file, sqlite:////path/to/file, so that what was mailed is not lost")
    try:
        require_database_tls(parsed, setting="ledger")
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    return parsed


def _make_engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url)
    arguments = {"connect_timeout": _CONNECT_TIMEOUT_S, "options": _SERVER_KEEPALIVE}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def _make_sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _require_creatable(path: Path) -> None:
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    if not nearest.is_dir():
        raise LedgerError(f"ledger {path} cannot be created: {nearest} is not a folder")


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Account numbers are private to the owner. SQLite gives its log files the mode of the database.
        # Only create, never reopen: closing a file drops every lock that this process has on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as exc:
        raise LedgerError(f"ledger {path} cannot be created: {exc.strerror}") from exc


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins the transactions
    _write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Retries, because SQLite does not wait for other processes during the one-time change to WAL mode."""
    for _ in range(int(_BUSY_TIMEOUT_S / _BUSY_POLL_S)):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
            return
        time.sleep(_BUSY_POLL_S)
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    """Writers wait at BEGIN; a reader that became a writer midway could only fail."""
    writes = connection.get_execution_options().get("statements_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(exc: BaseException | None) -> str:
    """The database's message without its detail lines, which may quote a row."""
    lines = str(exc).strip().splitlines()
    return lines[0] if lines else type(exc).__name__
