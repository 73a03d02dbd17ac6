"""Files for the patient portal, and the date by which a document asks to pay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("document", sa.Column("due_on", sa.Date(), nullable=True))
    op.create_table(
        "portal_file",
        sa.Column("name", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'sent')", name=op.f("portal_file_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("portal_file_batch")),
        sa.PrimaryKeyConstraint("name", name=op.f("portal_file_key")),
    )
    op.create_index("portal_file_batch", "portal_file", ["batch_id", "sequence"])
    op.create_table(
        "portal_document",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("portal_file", ID, nullable=False),
        sa.CheckConstraint("action IN ('show', 'withdraw')", name=op.f("portal_document_action")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("portal_document_document")),
        sa.ForeignKeyConstraint(["portal_file"], ["portal_file.name"], name=op.f("portal_document_portal_file")),
        sa.PrimaryKeyConstraint("document_id", "action", name=op.f("portal_document_key")),
    )
    op.create_index("portal_document_file", "portal_document", ["portal_file"])
