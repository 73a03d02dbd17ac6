"""Statements that SQLite and PostgreSQL both support but SQLAlchemy writes differently for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from psycopg import sql
from sqlalchemy import Boolean, ColumnElement, Connection, Dialect, Table, Text, bindparam, insert, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.types import TypeDecorator, TypeEngine

Insert = sqlite.Insert | postgresql.Insert
_Each = TypeVar("_Each")

IDS_MAX = 500
"""The largest number of ids in one query, so that its result stays small."""


def in_chunks(ids: Sequence[_Each]) -> Iterable[Sequence[_Each]]:
    """The ids in runs of at most `IDS_MAX`."""
    for start in range(0, len(ids), IDS_MAX):
        yield ids[start : start + IDS_MAX]


class _Texts(TypeDecorator[Sequence[str]]):
    """Several texts as one value: an array on PostgreSQL, a JSON list on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return postgresql.ARRAY(Text) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        texts = list(value or ())
        return texts if dialect.name == "postgresql" else msgspec.json.encode(texts).decode()


def is_one_of(column: ColumnElement[str], name: str = "ids") -> ColumnElement[bool]:
    """The text column equals one of the texts bound to `name` when the statement is executed.

    `in_` makes a parameter of each text. Each list length is then a new statement to expand, parse and cache, and a
    reference cycle keeps all the texts alive until the garbage collector runs.
    """
    return _IsOneOf(column, bindparam(name, type_=_Texts()), operators.in_op, type_=Boolean())


class _IsOneOf(BinaryExpression[bool]):
    inherit_cache = True


@compiles(_IsOneOf, "sqlite")
def _write_for_sqlite(element: _IsOneOf, compiler: SQLCompiler, **context: Any) -> str:
    column, texts = (compiler.process(part, **context) for part in (element.left, element.right))
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - a column and a parameter


@compiles(_IsOneOf, "postgresql")
def _write_for_postgresql(element: _IsOneOf, compiler: SQLCompiler, **context: Any) -> str:
    column, texts = (compiler.process(part, **context) for part in (element.left, element.right))
    return f"{column} = ANY ({texts})"


def upsert(connection: Connection, table: Table) -> Insert:
    """An INSERT that supports `on_conflict_…`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_if_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key exists; returns whether it was new. Waits for another writer of the same key."""
    statement = upsert(connection, table).values(**values).on_conflict_do_nothing().returning(literal(1))
    return connection.execute(statement).first() is not None


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. PostgreSQL uses COPY, which takes a fifth of the time of INSERT."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), [*rows])
        return
    driver: Any = connection.connection.driver_connection
    columns = list(rows[0])
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])
