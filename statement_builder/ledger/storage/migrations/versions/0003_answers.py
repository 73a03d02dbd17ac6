"""Delivery reports: attempt states after `sent`, redeliveries, suppressions, and inbound files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0005"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)

STATES = (
    "state IN ('claimed', 'committing', 'sent', 'failed', 'uncertain', "
    "'acknowledged', 'mailed', 'delivered', 'rejected', 'returned', 'bounced')"
)
LIVE = "state NOT IN ('failed', 'rejected', 'returned', 'bounced')"


def upgrade() -> None:
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
    op.add_column("print_file", sa.Column("reports", sa.String(32), nullable=False, server_default="nothing"))
    op.add_column("document", sa.Column("mailed_on", sa.Date(), nullable=True))
    op.add_column("document", sa.Column("revision_of", ID, nullable=False, server_default=""))
    op.add_column("document", sa.Column("is_copy", sa.Boolean(), nullable=False, server_default=sa.false()))
    _date_what_was_mailed()
    op.create_table(
        "follow_up",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("readdressed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("follow_up_document")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("follow_up_key")),
    )
    op.create_table(
        "mail_stop",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint("code IN ('RETMAIL', 'EMAIL')", name=op.f("mail_stop_code")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("mail_stop_document")),
        sa.PrimaryKeyConstraint("facility_id", "guarantor_id", "code", name=op.f("mail_stop_key")),
    )
    op.create_table(
        "inbound_file",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("inbound_file_key")),
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


def _date_what_was_mailed() -> None:
    """Earlier releases counted a document as mailed on the day of its hand-off, in UTC."""
    op.execute(
        "UPDATE document SET mailed_on = (SELECT date(changed_at) FROM delivery"
        " WHERE delivery.document_id = document.document_id AND delivery.state = 'sent') WHERE state = 'handed_off'"
    )
