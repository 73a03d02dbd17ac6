"""Reads the billing database: read-only, in one consistent snapshot, in chunks of rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, TextClause, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from security_kit.database_tls import require_database_tls
from statement_builder.errors import ConfigError, QueryError, SourceError
from statement_builder.source.contract import ResultSet
from statement_builder.source.postgres_values import read_every_value
from statement_builder.source.row_validation import Row, make_column_reorderer

CHUNK_ROWS = 1000
"""Rows per fetch: enough for cheap fetches, few enough to buffer a chunk of every result set."""
CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 30
"""If a load or an idle session locks a table for longer, report it instead of waiting."""
_CACHE_KIB = 1000
"""SQLite page cache, also for each of a dozen sorts before they spill to disk. The default 2000 is no faster."""
_LOCK_NOT_AVAILABLE = "55P03"
_SQLSTATES_THAT_QUOTE_DATA = ("22", "23")
"""PostgreSQL data exceptions and constraint violations. Their messages repeat the value, which may be a name."""


def parse_url(url: str) -> URL:
    """Parse the database URL. `ConfigError` unless it is for SQLite or PostgreSQL, and encrypted if it leaves this
    machine."""
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise ConfigError(
            "source.url is not a database URL. Use sqlite:///path or postgresql+psycopg://host/db"
        ) from exc
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"source.url: driver {parsed.drivername} is not supported; use sqlite or postgresql+psycopg")
    try:
        require_database_tls(parsed, setting="source.url")
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    return parsed


def has_password(url: str) -> bool:
    """Whether a database URL contains a password, in any of the places where drivers read one."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    return bool(parsed.password) or any("password" in name.lower() for name in parsed.query)


def open_database(url: str, *, read_only: bool) -> Engine:
    """An engine for the billing database, not yet connected. `ConfigError` for an unusable URL."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=partial(_connect_sqlite, parsed, read_only), poolclass=NullPool)
    isolation = {"isolation_level": "REPEATABLE READ"} if read_only else {}
    try:
        engine = create_engine(
            parsed, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}, **isolation
        )
    except (NoSuchModuleError, ImportError) as exc:
        raise ConfigError(f"source.url: the driver for {parsed.drivername} is not installed; install psycopg") from exc
    event.listen(engine.pool, "connect", lambda connection, _: read_every_value(connection), insert=True)
    return engine


def _connect_sqlite(url: URL, read_only: bool) -> sqlite3.Connection:
    if not url.database or url.database == ":memory:":
        raise ConfigError("source.url does not name a file. Use sqlite:///path")
    path = Path(url.database).absolute()
    if read_only and not path.is_file():
        raise SourceError(f"The source database {path} does not exist. Correct source.url, or load the data")
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=CONNECT_TIMEOUT_S)
    connection.text_factory = _decode
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _decode(text: bytes) -> str:
    """Bytes that are not UTF-8 reach row validation, which reports row and column, instead of aborting the read."""
    return text.decode("utf-8", "surrogateescape")


def begin_reading(engine: Engine) -> Connection:
    """A connection inside one read-only transaction, so all queries see the same snapshot. `SourceError`."""
    try:
        connection = engine.connect()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # the driver begins a transaction only for writes
        else:
            connection = connection.execution_options(postgresql_readonly=True)
            _set_lock_timeout(connection)
    except SQLAlchemyError as exc:
        raise SourceError(
            f"Cannot reach the billing database: {describe_database_error(exc)}. Check source.url, and that the "
            "database is up"
        ) from exc
    return connection


def _set_lock_timeout(connection: Connection) -> None:
    """Set lock_timeout for this transaction only, so it works through a pooler. A limit set by login or URL wins."""
    statement = text("SELECT set_config('lock_timeout', :limit, true) WHERE current_setting('lock_timeout') = '0'")
    connection.execute(statement, {"limit": f"{LOCK_TIMEOUT_S}s"})


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection inside one transaction that also covers CREATE TABLE: all or nothing."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver commits each CREATE TABLE separately
        yield connection


def read_chunks(connection: Connection, result_set: ResultSet, query: TextClause) -> Iterator[list[Row]]:
    """Yield the rows of one query in the contract's column order, `CHUNK_ROWS` at a time, from a server-side cursor.

    The query runs and its columns are checked at the first chunk. `QueryError` if it fails or lacks a column.
    """
    try:
        with connection.execution_options(stream_results=True, max_row_buffer=CHUNK_ROWS).execute(query) as result:
            arrange = make_column_reorderer(result_set, list(result.keys()))
            while rows := result.fetchmany(CHUNK_ROWS):
                yield list(map(arrange or tuple, rows))
    except SQLAlchemyError as exc:
        if _is_locked(exc):
            raise QueryError(
                result_set.name,
                f"{result_set.name}.sql reads a table that another session of the billing database has locked, such as "
                "a load or an idle session. Run this again when that session has ended",
            ) from exc
        raise QueryError(
            result_set.name,
            f"{result_set.name}.sql failed: {describe_database_error(exc)}. Correct the query or reload the database, "
            "then run `statements source check`",
        ) from exc


def _is_locked(error: SQLAlchemyError) -> bool:
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return original.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return getattr(original, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def describe_database_error(error: SQLAlchemyError) -> str:
    """The database's error message on one line, without the statement and without values from the data."""
    original = getattr(error, "orig", None) or error
    state: str = getattr(original, "sqlstate", None) or ""
    if state.startswith(_SQLSTATES_THAT_QUOTE_DATA):
        return f"a value in the data does not fit the query (SQLSTATE {state}); run the query by hand to find it"
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(original).__name__
