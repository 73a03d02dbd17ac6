"""Payroll deductions: what payroll was told, and what it answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "payroll_file",
        sa.Column("name", ID, nullable=False),
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'sent')", name=op.f("payroll_file_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("payroll_file_key")),
    )
    op.create_index("payroll_file_facility", "payroll_file", ["facility_id", "name"])
    op.create_table(
        "payroll_row",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("authorization_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("payroll_file", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("employee_id", ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("limit_cents", sa.BigInteger(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["payroll_file"], ["payroll_file.name"], name=op.f("payroll_row_payroll_file")),
        sa.PrimaryKeyConstraint("facility_id", "authorization_id", "revision", name=op.f("payroll_row_key")),
    )
    op.create_index("payroll_row_file", "payroll_row", ["payroll_file", "position"])
    op.create_index("payroll_row_employee", "payroll_row", ["facility_id", "employee_id"])
    op.create_table(
        "payroll_answer",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("authorization_id", ID, nullable=False),
        sa.Column("pay_on", sa.Date(), nullable=False),
        sa.Column("taken_cents", sa.BigInteger(), nullable=False),
        sa.Column("is_missed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "authorization_id", "pay_on", name=op.f("payroll_answer_key")),
    )
