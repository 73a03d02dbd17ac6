"""Legal holds, and the day on which a shard was purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("shard", sa.Column("purged_on", sa.Date()))
    op.create_table(
        "legal_hold",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", ID, nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "subject", name=op.f("legal_hold_key")),
    )
