"""The business days from hand-off to the mail that are assumed of a print file whose vendor reports no mailing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Mailings of before keep the dates that they count from."""
    column = sa.Column("assumed_mailing_business_days", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("print_file", column)
