"""The few statements that SQLite and PostgreSQL both have but SQLAlchemy has no common word for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, literal
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert


def upsert(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows `on_conflict_…`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_if_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it was new. Waits for whoever is writing that key."""
    statement = upsert(connection, table).values(**values).on_conflict_do_nothing().returning(literal(1))
    return connection.execute(statement).first() is not None
