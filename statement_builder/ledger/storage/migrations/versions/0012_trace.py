"""Chain the events by hash, record who looked, and make both insert-only. Earlier events are chained as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

from statement_builder.ledger.storage.event_chain import GENESIS, digest_detail, link, new_salt
from statement_builder.ledger.storage.insert_only import INSERT_ONLY_TABLES, insert_only_ddl

revision = "0012"
down_revision = "0011"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_CHUNK = 10_000


def upgrade() -> None:
    for name, length in (("salt", 32), ("detail", 64), ("hash", 64)):
        op.add_column("event", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    _chain_earlier_events()
    op.add_column("batch", sa.Column("rejected_by", ID, nullable=False, server_default=""))
    op.add_column("batch", sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("batch", sa.Column("rejected_why", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "access",
        sa.Column("access_id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", ID, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name=op.f("access_key")),
    )
    op.create_table(
        "access_subject",
        sa.Column("access_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("access_id", "position", name=op.f("access_subject_key")),
    )
    op.create_index("access_guarantor", "access_subject", ["guarantor_id", "access_id"])
    for table in INSERT_ONLY_TABLES:
        for statement in insert_only_ddl(op.get_bind().dialect.name, table):
            op.execute(statement)


def _chain_earlier_events() -> None:
    event = sa.table(
        "event",
        sa.column("event_id"),
        sa.column("at", sa.DateTime(timezone=True)),
        *(sa.column(name) for name in ("actor", "batch_id", "subject", "what", "why", "data")),
        *(sa.column(name) for name in ("salt", "detail", "hash")),
    )
    previous = GENESIS
    own = event.c.event_id == sa.bindparam("own_id")
    chain = sa.update(event).where(own).values(salt=sa.bindparam("s"), detail=sa.bindparam("d"), hash=sa.bindparam("h"))
    for rows in _read_in_order(event):
        links = []
        for row in rows:
            at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at
            salt = new_salt() if row.why or row.data is not None else ""
            detail = digest_detail(salt, row.why, row.data)
            previous = link(
                previous,
                at=at,
                actor=row.actor,
                batch_id=row.batch_id,
                subject=row.subject,
                what=row.what,
                detail=detail,
            )
            links.append({"own_id": row.event_id, "s": salt, "d": detail, "h": previous})
        op.get_bind().execute(chain, links)


def _read_in_order(event: sa.TableClause) -> Iterator[list[Any]]:
    last = None
    while True:
        query = sa.select(event).order_by(event.c.event_id).limit(_CHUNK)
        if last is not None:
            query = query.where(event.c.event_id > last)
        rows = list(op.get_bind().execute(query).all())
        if not rows:
            return
        yield rows
        last = rows[-1].event_id
