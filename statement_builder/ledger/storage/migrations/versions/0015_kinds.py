"""The kinds of document are checked in the code, so that a new one needs no migration."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = ("batch", "document")


def upgrade() -> None:
    for table in TABLES:
        if op.get_bind().dialect.name == "sqlite":
            _drop_sqlite_check(table)
        else:
            op.drop_constraint(op.f(f"{table}_kind"), table, type_="check")


def _drop_sqlite_check(table: str) -> None:
    """SQLite cannot drop a check. Other tables refer to this one, so the schema is edited instead of the table created
    again: the file format does not change (sqlite.org/lang_altertable.html, section 8)."""
    connection = op.get_bind()
    read = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    ddl = connection.execute(read, {"name": table}).scalar_one()
    changed, count = re.subn(rf",\s*CONSTRAINT {table}_kind CHECK \(kind IN \([^()]*\)\)", "", ddl)
    if count != 1:
        raise RuntimeError(f"the ledger's table {table} has no check of its kinds that can be removed")
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    write = sa.text("UPDATE sqlite_master SET sql = :ddl WHERE type = 'table' AND name = :name")
    connection.execute(write, {"ddl": changed, "name": table})
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))
