"""The billing database: opened read-only, read in one consistent view, a chunk of rows at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, TextClause, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from statement_builder.errors import ConfigError, SourceError
from statement_builder.source.contract import ResultSet
from statement_builder.source.row_validation import Row, arrange_columns

CHUNK_ROWS = 1000
"""Rows fetched and checked at a time: enough to make a fetch cheap, few enough that all result sets fit at once."""
CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 30
"""A table that somebody holds for longer is reported instead of waited for: a load, or a session that was forgotten."""
_CACHE_KIB = 1000
"""What SQLite keeps of the file, and of each of a dozen sorts before it uses the disk; its usual 2000 saves no time."""
_LOCKED = "55P03"
_STATES_THAT_QUOTE_DATA = ("22", "23")
"""PostgreSQL's data exceptions and constraint violations: their messages repeat the value, which may be a name."""


def parse_url(url: str) -> URL:
    """The database URL. `ConfigError` for one that is not SQLite or PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise ConfigError("The source's URL is not one. Use sqlite:///path or postgresql+psycopg://host/db") from exc
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"The source's driver {parsed.drivername} is not known: use sqlite or postgresql+psycopg")
    return parsed


def open_database(url: str, *, read_only: bool) -> Engine:
    """An engine on the billing database; nothing is connected yet. `ConfigError` for a URL that cannot be used."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=partial(_connect_sqlite, parsed, read_only), poolclass=NullPool)
    isolation = {"isolation_level": "REPEATABLE READ"} if read_only else {}
    try:
        return create_engine(
            parsed, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}, **isolation
        )
    except (NoSuchModuleError, ImportError) as exc:
        raise ConfigError(f"The driver of {parsed.drivername} is not installed") from exc


def _connect_sqlite(url: URL, read_only: bool) -> sqlite3.Connection:
    if not url.database or url.database == ":memory:":
        raise ConfigError("The source's URL names no file: use sqlite:///path")
    path = Path(url.database).absolute()
    if read_only and not path.is_file():
        raise SourceError(f"The source database {path} does not exist")
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=CONNECT_TIMEOUT_S)
    # Bytes that are not UTF-8 reach the row check, which names row and column, instead of ending the read.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def begin_reading(engine: Engine) -> Connection:
    """A connection inside one read-only transaction, so that all queries see the same moment. `SourceError`."""
    try:
        connection = engine.connect()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # the driver would begin for writes alone
        else:
            connection = connection.execution_options(postgresql_readonly=True)
            _limit_waiting(connection)
    except SQLAlchemyError as exc:
        raise SourceError(
            f"The billing database cannot be reached: {show_database_error(exc)}. Is source.url right, and is it up?"
        ) from exc
    return connection


def _limit_waiting(connection: Connection) -> None:
    """For this transaction, so that it works through a pooler; a limit that login or URL have goes first."""
    ours = text("SELECT set_config('lock_timeout', :limit, true) WHERE current_setting('lock_timeout') = '0'")
    connection.execute(ours, {"limit": f"{LOCK_TIMEOUT_S}s"})


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection inside one transaction, tables included: all of it is kept, or none."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would commit every CREATE TABLE by itself
        yield connection


def read_chunks(connection: Connection, result_set: ResultSet, query: TextClause) -> Iterator[list[Row]]:
    """The rows of one query in the contract's column order, through a server-side cursor. `SourceError`.

    The query runs and its columns are checked at the first chunk.
    """
    try:
        with connection.execution_options(stream_results=True, max_row_buffer=CHUNK_ROWS).execute(query) as result:
            arrange = arrange_columns(result_set, list(result.keys()))
            while rows := result.fetchmany(CHUNK_ROWS):
                yield list(map(arrange or tuple, rows))
    except SQLAlchemyError as exc:
        if _is_locked(exc):
            raise SourceError(
                f"{result_set.name}.sql reads a table that another session of the billing database has locked: a load "
                "that is at work, or one that was forgotten. Run this again when that session has ended"
            ) from exc
        raise SourceError(
            f"{result_set.name}.sql failed: {show_database_error(exc)}. Correct the query, or load the database again, "
            "until `statements source check` finds nothing"
        ) from exc


def _is_locked(error: SQLAlchemyError) -> bool:
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return original.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return getattr(original, "sqlstate", None) == _LOCKED


def show_database_error(error: SQLAlchemyError) -> str:
    """What the database said, on one line, without the statement and without values from the data."""
    original = getattr(error, "orig", None) or error
    state: str = getattr(original, "sqlstate", None) or ""
    if state.startswith(_STATES_THAT_QUOTE_DATA):
        return f"a value in the data does not fit the query (SQLSTATE {state}); run it by hand to see which"
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(original).__name__
