"""Suppressions for guarantors who have died. Earlier releases treated mail returned as DEC as a wrong address."""

from __future__ import annotations

import re
from datetime import date, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
CODES = "code IN ('RETMAIL', 'EMAIL', 'DECEASED')"


def upgrade() -> None:
    _allow_deceased()
    _suppress_earlier_deaths()


def _allow_deceased() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("suppression_code"), "suppression", type_="check")
        op.create_check_constraint(op.f("suppression_code"), "suppression", CODES)
        return
    # SQLite cannot alter a check constraint. No other table refers to this one, so it is created again.
    op.execute("CREATE TABLE suppression_before AS SELECT * FROM suppression")
    op.drop_table("suppression")
    op.create_table(
        "suppression",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint(CODES, name=op.f("suppression_code")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("suppression_document")),
        sa.PrimaryKeyConstraint("facility_id", "guarantor_id", "code", "digest", name=op.f("suppression_key")),
    )
    op.execute(
        "INSERT INTO suppression SELECT facility_id, guarantor_id, code, digest, document_id, since "
        "FROM suppression_before"
    )
    op.drop_table("suppression_before")


def _suppress_earlier_deaths() -> None:
    """Earlier releases stored the vendor's reason as the first word of the event of a returned piece."""
    query = sa.text(
        "SELECT b.facility_id, d.guarantor_id, d.document_id, e.at, e.why FROM event e"
        " JOIN document d ON d.document_id = e.subject JOIN batch b ON b.batch_id = d.batch_id"
        " WHERE e.what = 'returned' AND e.why LIKE 'DEC (%' ORDER BY e.event_id"
    ).columns(at=sa.DateTime())
    latest = {}
    for facility_id, guarantor_id, document_id, at, why in op.get_bind().execute(query).all():
        if re.match(r"DEC \(", why):
            latest[facility_id, guarantor_id] = (document_id, _day(at))
    suppression = sa.table(
        "suppression",
        *(sa.column(name) for name in ("facility_id", "guarantor_id", "code", "digest", "document_id")),
        sa.column("since", sa.Date()),
    )
    for (facility_id, guarantor_id), (document_id, since) in latest.items():
        values = {"facility_id": facility_id, "guarantor_id": guarantor_id, "document_id": document_id, "since": since}
        op.execute(sa.insert(suppression).values(**values, code="DECEASED", digest=""))


def _day(at: datetime) -> date:
    return at.date()
