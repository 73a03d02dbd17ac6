"""Creates the reference billing schema and bulk-inserts rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from statement_builder.errors import SourceError
from statement_builder.resources import SQL_ROOT
from statement_builder.source.database import describe_database_error, open_database, write_transaction

_INSERT_BATCH_ROWS = 5000


def create_reference_schema(url: str) -> None:
    """Create the tables and views of `sql/reference/` in an empty database. `SourceError` if they already exist."""
    engine = open_database(url, read_only=False)
    try:
        with write_transaction(engine) as connection:
            create_schema(connection, "reference")
    except SQLAlchemyError as exc:
        raise SourceError(f"Cannot create the billing schema: {describe_database_error(exc)}") from exc
    finally:
        engine.dispose()


def create_schema(connection: Connection, folder: str) -> None:
    """Run `sql/<folder>/schema.<database>.sql` on an open connection."""
    path = SQL_ROOT / folder / f"schema.{connection.dialect.name}.sql"
    for statement in _split_statements(path.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows in batches (COPY on PostgreSQL) and return their count. `table` and `columns` are not escaped."""
    cursor = connection.connection.cursor()
    listed = ", ".join(columns)
    try:
        if connection.dialect.name == "postgresql":
            return _copy_rows(cursor, f"COPY {table} ({listed}) FROM STDIN", rows)
        statement = f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        iterator, count = iter(rows), 0
        while batch := list(islice(iterator, _INSERT_BATCH_ROWS)):
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
