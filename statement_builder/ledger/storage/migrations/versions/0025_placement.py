"""Placement with collection agencies: lists, placements, what changed, and the files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
WORD = sa.String(length=32)
TIME = sa.DateTime(timezone=True)
LIVE = sa.text("state IN ('proposed', 'placed', 'accepted', 'recalling')")
STATES = "'proposed', 'dropped', 'placed', 'accepted', 'refused', 'recalling', 'recalled', 'closed', 'returned'"


def upgrade() -> None:
    _create_lists()
    _create_placements()


def _create_lists() -> None:
    op.create_table(
        "placement_batch",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("cycle", WORD, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("decided_by", ID, nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_why", sa.Text(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("refused_cents", sa.BigInteger(), nullable=False),
        sa.Column("not_due", sa.Integer(), nullable=False),
        sa.Column("not_due_cents", sa.BigInteger(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'sent')", name=op.f("placement_batch_state")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("placement_batch_key")),
        sa.UniqueConstraint("facility_id", "cycle", "number", name=op.f("placement_batch_once")),
    )
    op.create_table(
        "agency_file",
        sa.Column("name", ID, nullable=False),
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("agency_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_type", WORD, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("archive_key", sa.Text(), nullable=False),
        sa.Column("file", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'sent')", name=op.f("agency_file_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("agency_file_key")),
        sa.UniqueConstraint("facility_id", "agency_id", "number", name=op.f("agency_file_once")),
    )
    op.create_table(
        "placement_refusal",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("code", WORD, nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["placement_batch.batch_id"], name=op.f("placement_refusal_placement_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", "account_number", "position", name=op.f("placement_refusal_key")),
    )


def _create_placements() -> None:
    op.create_table(
        "placement",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("placement_id", ID, nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("agency_id", ID, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("state_on", sa.Date(), nullable=False),
        sa.Column("placed_on", sa.Date()),
        sa.Column("placed_cents", sa.BigInteger(), nullable=False),
        sa.Column("charged_cents", sa.BigInteger(), nullable=False),
        sa.Column("direct_cents", sa.BigInteger(), nullable=False),
        sa.Column("left_cents", sa.BigInteger()),
        sa.Column("reason", WORD, nullable=False),
        sa.Column("agency_file", ID),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("placement_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["placement_batch.batch_id"], name=op.f("placement_placement_batch")),
        sa.ForeignKeyConstraint(["agency_file"], ["agency_file.name"], name=op.f("placement_agency_file")),
        sa.PrimaryKeyConstraint("facility_id", "placement_id", name=op.f("placement_key")),
        sa.UniqueConstraint("facility_id", "account_number", "number", name=op.f("placement_once")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("placement_order")),
    )
    op.create_index(
        "placement_one_live",
        "placement",
        ["facility_id", "account_number"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("placement_guarantor", "placement", ["facility_id", "guarantor_id"])
    op.create_table(
        "placement_entry",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("placement_id", ID, nullable=False),
        sa.Column("what", WORD, nullable=False),
        sa.Column("reference", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("agency_file", ID),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.CheckConstraint(
            "what IN ('paid_direct', 'adjustment', 'recall', 'payment')", name=op.f("placement_entry_what")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id", "placement_id"],
            ["placement.facility_id", "placement.placement_id"],
            name=op.f("placement_entry_placement"),
        ),
        sa.ForeignKeyConstraint(["agency_file"], ["agency_file.name"], name=op.f("placement_entry_agency_file")),
        sa.PrimaryKeyConstraint("facility_id", "placement_id", "what", "reference", name=op.f("placement_entry_key")),
    )
    op.create_index("placement_entry_file", "placement_entry", ["agency_file"])
