"""Evidence packets: who asked for one, about which accounts, and which officer approved it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
WORD = sa.String(length=32)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "evidence_packet",
        sa.Column("packet_id", ID, nullable=False),
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", ID, nullable=False),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("approved_by", ID, nullable=False, server_default=""),
        sa.Column("approved_at", TIME, nullable=True),
        sa.Column("content_sha256", sa.String(length=64), nullable=False, server_default=""),
        sa.CheckConstraint("kind IN ('bad-debt', 'small-claims')", name=op.f("evidence_packet_kind")),
        sa.CheckConstraint(
            "(approved_by <> '') = (approved_at IS NOT NULL)", name=op.f("evidence_packet_approval_has_time")
        ),
        sa.PrimaryKeyConstraint("packet_id", name=op.f("evidence_packet_key")),
    )
    op.create_table(
        "evidence_account",
        sa.Column("packet_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["evidence_packet.packet_id"], name=op.f("evidence_account_evidence_packet")
        ),
        sa.PrimaryKeyConstraint("packet_id", "position", name=op.f("evidence_account_key")),
    )
    op.create_index("evidence_account_number", "evidence_account", ["account_number"], unique=False)
