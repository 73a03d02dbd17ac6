"""Events carry typed data, and tables and columns get the standard terms of the field."""

from __future__ import annotations

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("event", sa.Column("data", sa.Text(), nullable=True))
    _fill_event_data()
    op.execute("ALTER TABLE batch RENAME COLUMN looked_at TO rechecked_at")
    op.execute("ALTER TABLE shard RENAME COLUMN is_extra TO is_reissue")
    op.create_table(
        "redelivery",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("readdressed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("redelivery_document")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("redelivery_key")),
    )
    op.execute("INSERT INTO redelivery SELECT document_id, since, readdressed FROM follow_up")
    op.drop_table("follow_up")
    op.create_table(
        "suppression",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint("code IN ('RETMAIL', 'EMAIL')", name=op.f("suppression_code")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("suppression_document")),
        sa.PrimaryKeyConstraint("facility_id", "guarantor_id", "code", "digest", name=op.f("suppression_key")),
    )
    op.execute(
        "INSERT INTO suppression SELECT facility_id, guarantor_id, code, digest, document_id, since FROM mail_stop"
    )
    op.drop_table("mail_stop")


def _fill_event_data() -> None:
    """Earlier releases read these facts from `why`."""
    event = sa.table("event", *(sa.column(name) for name in ("event_id", "what", "why", "data")))
    kinds = ["withheld", "closed", "address change"]
    query = sa.select(event.c.event_id, event.c.what, event.c.why).where(event.c.what.in_(kinds))
    for event_id, what, why in op.get_bind().execute(query).all():
        if data := _read_why(what, why):
            op.execute(sa.update(event).where(event.c.event_id == event_id).values(data=json.dumps(data)))


def _read_why(what: str, why: str) -> dict[str, object] | None:
    if what == "withheld":
        code, _, reason = why.partition(" ")
        return {"type": "withheld", "codes": [code], "reason": reason}
    if keys := re.search(r"(\S+\.json) (\S+\.pdf)", why):
        return {"type": "control_sheet", "json_key": keys[1], "pdf_key": keys[2]}
    if move := re.match(r"(.*) move of (\d{4}-\d{2}-\d{2})", why):
        return {"type": "address_change", "move_type": move[1], "moved_on": move[2]}
    return None
