"""When a document was opened on the portal, and by when an e-mailed one must be, or it goes on paper."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)

STATES = (
    "state IN ('claimed', 'committing', 'sent', 'failed', 'uncertain', "
    "'acknowledged', 'mailed', 'delivered', 'rejected', 'recalled', 'returned', 'bounced', 'unread')"
)
LIVE = "state NOT IN ('failed', 'rejected', 'recalled', 'returned', 'bounced', 'unread')"
AWAITED = "read_by IS NOT NULL"


def upgrade() -> None:
    op.add_column("document", sa.Column("viewed_on", sa.Date(), nullable=True))
    op.drop_index("delivery_one_live", "delivery")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_delivery()
    else:
        op.drop_constraint(op.f("delivery_state"), "delivery", type_="check")
        op.create_check_constraint(op.f("delivery_state"), "delivery", STATES)
        op.add_column("delivery", sa.Column("read_by", sa.Date(), nullable=True))
    live, awaited = sa.text(LIVE), sa.text(AWAITED)
    op.create_index(
        "delivery_one_live", "delivery", ["document_id"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_index("delivery_read_by", "delivery", ["read_by"], sqlite_where=awaited, postgresql_where=awaited)


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
        sa.Column("read_by", sa.Date(), nullable=True),
        sa.CheckConstraint("(channel = 'print') = (print_file IS NOT NULL)", name=op.f("delivery_print_has_file")),
        sa.CheckConstraint("channel IN ('print', 'email')", name=op.f("delivery_channel")),
        sa.CheckConstraint(STATES, name=op.f("delivery_state")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("delivery_document")),
        sa.ForeignKeyConstraint(["print_file"], ["print_file.name"], name=op.f("delivery_print_file")),
        sa.PrimaryKeyConstraint("document_id", "attempt", name=op.f("delivery_key")),
    )
    columns = (
        "document_id, attempt, channel, state, vendor, print_file, receipt, claimed_at, changed_at, readdressed_to"
    )
    op.execute(f"INSERT INTO delivery ({columns}) SELECT {columns} FROM delivery_before")  # noqa: S608 - our own words
    op.drop_table("delivery_before")
    op.create_index("delivery_print_file", "delivery", ["print_file"], unique=False)
