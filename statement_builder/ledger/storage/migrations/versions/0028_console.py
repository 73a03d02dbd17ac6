"""Holds that the billing office places in this service, and approvals of template versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mail_hold",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("placed_by", ID, nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "guarantor_id", name=op.f("mail_hold_key")),
    )
    op.create_table(
        "template_approval",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("template_version", sa.String(64), nullable=False),
        sa.Column("approved_by", ID, nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "template_version", "approved_by", name=op.f("template_approval_key")),
    )
