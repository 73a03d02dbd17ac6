"""The installation that a ledger belongs to, and the stores that carry its mark."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """`schema.upgrade` inserts the row of the installation in the same transaction."""
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.String(length=36), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("hand_offs", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("installation_key")),
    )
    op.create_table(
        "marked_store",
        sa.Column("place", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("marked_store_key")),
    )
