"""The event that caused a document, such as a missed payment of a plan: one document answers it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """No document of an earlier release was caused by an event that is sent once."""
    op.add_column("document", sa.Column("cause_id", ID, nullable=False, server_default=""))
