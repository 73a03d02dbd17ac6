"""Requests for documents, and which document answers which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "document_request",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("document_request_document")),
        sa.PrimaryKeyConstraint("document_id", "request_id", name=op.f("document_request_key")),
    )
    op.create_index("document_request_id", "document_request", ["request_id"], unique=False)
    op.create_table(
        "request",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("facility_id", "request_id", name=op.f("request_key")),
    )
    op.create_index("request_account", "request", ["facility_id", "account_number"], unique=False)
