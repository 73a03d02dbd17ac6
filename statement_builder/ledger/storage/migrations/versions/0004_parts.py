"""When the pre-mail recheck of a batch was last completed, and the ZIP code range of its shards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("batch", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("postal_first", "postal_last"):
        op.add_column("shard", sa.Column(name, sa.String(length=32), nullable=False, server_default=""))
