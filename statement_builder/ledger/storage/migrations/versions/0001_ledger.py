"""The ledger's first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("cycle", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", ID, nullable=False),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("opened_by", ID, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", ID, nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pull_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_by", ID, nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('statement', 'ob-notice', 'dunning')", name=op.f("batch_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'pulled', 'built', 'waiting', 'released', 'handing_off', 'closed')",
            name=op.f("batch_state"),
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("batch_key")),
        sa.UniqueConstraint("facility_id", "kind", "cycle", name="batch_once"),
    )
    op.create_table(
        "correspondence",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("mailed_count", sa.Integer(), nullable=False),
        sa.Column("last_level", sa.Integer(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.CheckConstraint("subject_type IN ('encounter', 'episode')", name=op.f("correspondence_subject_type")),
        sa.PrimaryKeyConstraint("facility_id", "subject_type", "subject_id", name=op.f("correspondence_key")),
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("event_key")),
    )
    op.create_index("event_batch", "event", ["batch_id", "event_id"], unique=False)
    op.create_table(
        "print_file",
        sa.Column("name", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("envelope_class", sa.String(length=32), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('claimed', 'committing', 'sent', 'failed', 'uncertain')", name=op.f("print_file_state")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("print_file_batch")),
        sa.PrimaryKeyConstraint("name", name=op.f("print_file_key")),
    )
    op.create_index("print_file_batch", "print_file", ["batch_id", "sequence"], unique=False)
    op.create_table(
        "shard",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("snapshot_key", sa.Text(), nullable=False),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=True),
        sa.Column("pack_sha256", sa.String(length=64), nullable=True),
        sa.Column("template_version", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state IN ('pulled', 'built')", name=op.f("shard_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("shard_batch")),
        sa.PrimaryKeyConstraint("batch_id", "sequence", name=op.f("shard_key")),
    )
    op.create_table(
        "candidate",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'exception') = (faults IS NOT NULL)", name=op.f("candidate_exception_has_faults")
        ),
        sa.CheckConstraint("outcome = 'selected' OR amount_cents = 0", name=op.f("candidate_asks_only_if_selected")),
        sa.CheckConstraint("outcome IN ('selected', 'held', 'exception')", name=op.f("candidate_outcome")),
        sa.ForeignKeyConstraint(
            ["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"], name=op.f("candidate_shard")
        ),
        sa.PrimaryKeyConstraint("batch_id", "subject", name=op.f("candidate_key")),
    )
    op.create_table(
        "document",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("guarantor_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("episode_id", ID, nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("error_code", sa.String(length=32), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("error_fix", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("postal_key", ID, nullable=False),
        sa.Column("template_version", sa.String(length=64), nullable=False),
        sa.CheckConstraint("(state = 'error') = (error_code <> '')", name=op.f("document_error_has_code")),
        sa.CheckConstraint("channel IN ('print', 'email')", name=op.f("document_channel")),
        sa.CheckConstraint("kind IN ('statement', 'ob-notice', 'dunning')", name=op.f("document_kind")),
        sa.CheckConstraint(
            "state = 'error' OR (length(sha256) = 64 AND pages > 0 AND length > 0)", name=op.f("document_is_archived")
        ),
        sa.CheckConstraint("state IN ('rendered', 'error', 'withheld', 'handed_off')", name=op.f("document_state")),
        sa.ForeignKeyConstraint(
            ["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"], name=op.f("document_shard")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("document_key")),
        sa.UniqueConstraint("batch_id", "guarantor_id", "revision", name="document_once"),
        sa.UniqueConstraint("batch_id", "sequence", "position", name="document_order"),
    )
    op.create_index("document_guarantor", "document", ["guarantor_id"], unique=False)
    op.create_table(
        "candidate_hold",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id", "subject"], ["candidate.batch_id", "candidate.subject"], name=op.f("candidate_hold_candidate")
        ),
        sa.PrimaryKeyConstraint("batch_id", "subject", "position", name=op.f("candidate_hold_key")),
    )
    op.create_table(
        "delivery",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("print_file", ID, nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(channel = 'print') = (print_file IS NOT NULL)", name=op.f("delivery_print_has_file")),
        sa.CheckConstraint("channel IN ('print', 'email')", name=op.f("delivery_channel")),
        sa.CheckConstraint(
            "state IN ('claimed', 'committing', 'sent', 'failed', 'uncertain')", name=op.f("delivery_state")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("delivery_document")),
        sa.ForeignKeyConstraint(["print_file"], ["print_file.name"], name=op.f("delivery_print_file")),
        sa.PrimaryKeyConstraint("document_id", "attempt", name=op.f("delivery_key")),
    )
    op.create_index(
        "delivery_one_live",
        "delivery",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'failed'"),
        postgresql_where=sa.text("state <> 'failed'"),
    )
    op.create_index("delivery_print_file", "delivery", ["print_file"], unique=False)
    op.create_table(
        "document_account",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_number", ID, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("document_account_document")),
        sa.PrimaryKeyConstraint("document_id", "position", name=op.f("document_account_key")),
    )
    op.create_index("document_account_number", "document_account", ["account_number"], unique=False)
