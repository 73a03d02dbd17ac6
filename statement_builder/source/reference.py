"""Our own billing schema: made in an empty database, and filled in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from statement_builder.errors import SourceError
from statement_builder.resources import SQL_ROOT
from statement_builder.source.database import open_database, show_database_error, writing

_BATCH_ROWS = 5000


def create_reference_schema(url: str) -> None:
    """Make the tables and views of `sql/reference/` in an empty database. `SourceError` where they already are."""
    engine = open_database(url, read_only=False)
    try:
        with writing(engine) as connection:
            make_schema(connection, "reference")
    except SQLAlchemyError as exc:
        raise SourceError(f"The billing schema cannot be made there: {show_database_error(exc)}") from exc
    finally:
        engine.dispose()


def make_schema(connection: Connection, folder: str) -> None:
    """Run the statements of `sql/<folder>/schema.<database>.sql` on an open connection."""
    path = SQL_ROOT / folder / f"schema.{connection.dialect.name}.sql"
    for statement in _split_statements(path.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Add rows in big batches (COPY on PostgreSQL); how many there were. Names are ours, never a user's."""
    cursor = connection.connection.cursor()
    listed = ", ".join(columns)
    try:
        if connection.dialect.name == "postgresql":
            return _copy_rows(cursor, f"COPY {table} ({listed}) FROM STDIN", rows)
        statement = f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        iterator, count = iter(rows), 0
        while batch := list(islice(iterator, _BATCH_ROWS)):
            cursor.executemany(statement, batch)
            count += len(batch)
        return count
    finally:
        cursor.close()


def _copy_rows(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _split_statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";\n") if statement.strip()]
