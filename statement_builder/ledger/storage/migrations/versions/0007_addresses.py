"""One suppression per address that mail was returned from, and the address of a readdressed attempt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("readdressed_to", sa.String(64), nullable=False, server_default=""))
    op.execute("CREATE TABLE mail_stop_before AS SELECT * FROM mail_stop")
    op.drop_table("mail_stop")
    op.create_table(
        "mail_stop",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint("code IN ('RETMAIL', 'EMAIL')", name=op.f("mail_stop_code")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("mail_stop_document")),
        sa.PrimaryKeyConstraint("facility_id", "guarantor_id", "code", "digest", name=op.f("mail_stop_key")),
    )
    op.execute(
        "INSERT INTO mail_stop SELECT facility_id, guarantor_id, code, digest, document_id, since FROM mail_stop_before"
    )
    op.drop_table("mail_stop_before")
