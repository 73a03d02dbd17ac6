"""What a billing office found about a request, and the format that it was asked for in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

WORD = sa.String(length=32)


def upgrade() -> None:
    for table in ("document_request", "request"):
        op.add_column(table, sa.Column("reviewed_on", sa.Date()))
        op.add_column(table, sa.Column("corrected_items", sa.Text(), nullable=False, server_default=""))
        op.add_column(table, sa.Column("obstacle", WORD))
        op.add_column(table, sa.Column("expected_on", sa.Date()))
    op.add_column("document_request", sa.Column("format", WORD, nullable=False, server_default="standard"))
