"""Redeliveries of e-mails that bounced because of the sender: a few of them stop all e-mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What is due already was not known to be the sender's fault."""
    column: sa.Column[bool] = sa.Column("is_sender_fault", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("redelivery", column)
