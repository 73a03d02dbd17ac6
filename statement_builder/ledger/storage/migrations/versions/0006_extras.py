"""Copies and corrections of a batch's documents, and pieces that a vendor canceled before printing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0007"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)

STATES = (
    "state IN ('claimed', 'committing', 'sent', 'failed', 'uncertain', "
    "'acknowledged', 'mailed', 'delivered', 'rejected', 'recalled', 'returned', 'bounced')"
)
LIVE = "state NOT IN ('failed', 'rejected', 'recalled', 'returned', 'bounced')"


def upgrade() -> None:
    op.add_column("shard", sa.Column("is_extra", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("delivery_one_live", "delivery")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_delivery()
    else:
        op.drop_constraint(op.f("delivery_state"), "delivery", type_="check")
        op.create_check_constraint(op.f("delivery_state"), "delivery", STATES)
    op.create_index(
        "delivery_one_live",
        "delivery",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )


def _rebuild_delivery() -> None:
    """SQLite cannot alter a check constraint. No other table refers to this one, so it is created again."""
    op.execute("CREATE TABLE delivery_before AS SELECT * FROM delivery")
    op.drop_table("delivery")
    op.create_table(
        "delivery",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("print_file", ID, nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("readdressed_to", sa.String(64), nullable=False, server_default=""),
        sa.CheckConstraint("(channel = 'print') = (print_file IS NOT NULL)", name=op.f("delivery_print_has_file")),
        sa.CheckConstraint("channel IN ('print', 'email')", name=op.f("delivery_channel")),
        sa.CheckConstraint(STATES, name=op.f("delivery_state")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("delivery_document")),
        sa.ForeignKeyConstraint(["print_file"], ["print_file.name"], name=op.f("delivery_print_file")),
        sa.PrimaryKeyConstraint("document_id", "attempt", name=op.f("delivery_key")),
    )
    op.execute("INSERT INTO delivery SELECT * FROM delivery_before")
    op.drop_table("delivery_before")
    op.create_index("delivery_print_file", "delivery", ["print_file"], unique=False)
