"""Serial numbers of the Intelligent Mail barcode, reserved per print file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0001"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "serial_range",
        sa.Column("print_file", ID, nullable=False),
        sa.Column("mailer_id", sa.String(length=32), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("print_file", name=op.f("serial_range_key")),
        sa.UniqueConstraint("mailer_id", "start", name="serial_range_once"),
    )
