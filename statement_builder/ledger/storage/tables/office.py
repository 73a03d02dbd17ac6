"""What the billing office decides by hand, and what the ledger knows of its installation."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from statement_builder.ledger.storage.tables.columns import ID, WORD, UtcDateTime, metadata, one_of

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("placed_by", ID, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
)
"""What a purge must keep: the mail of a guarantor, about an account, in a batch, or one document. Lifting deletes the
row; the events keep both decisions."""

mail_hold = Table(
    "mail_hold",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("guarantor_id", ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("placed_by", ID, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
)
"""Guarantors to whom the billing office holds all mail, besides the holds of the billing system. Lifting deletes the
row; the events keep both decisions."""

template_approval = Table(
    "template_approval",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("template_version", String(64), primary_key=True),
    Column("approved_by", ID, primary_key=True),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("remark", Text, nullable=False),
)
"""Who approved which version of the templates."""

evidence_packet = Table(
    "evidence_packet",
    metadata,
    Column("packet_id", ID, primary_key=True),
    Column("facility_id", ID, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", ID, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("approved_by", ID, nullable=False, server_default=""),
    Column("approved_at", UtcDateTime),
    Column("content_sha256", String(64), nullable=False, server_default=""),
    one_of("kind", ("bad-debt", "small-claims"), "kind"),
    CheckConstraint("(approved_by <> '') = (approved_at IS NOT NULL)", name="approval_has_time"),
)
"""Requests for evidence packets. `content_sha256` is the digest of what the officer approved."""

evidence_account = Table(
    "evidence_account",
    metadata,
    Column("packet_id", ID, ForeignKey("evidence_packet.packet_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("account_number", ID, nullable=False),
    Index("evidence_account_number", "account_number"),
)
"""The accounts of a packet, in the order of the request."""

work_item = Table(
    "work_item",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("item_id", WORD, primary_key=True),
    Column("assignee", ID, nullable=False),
    Column("note", Text, nullable=False),
    Column("snoozed_until", Date),
    Column("done_at", UtcDateTime),
    Column("changed_by", ID, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""What a clerk recorded about a row of the work queue. `item_id` is a digest of the row's code and subject."""

installation = Table(
    "installation",
    metadata,
    Column("installation_id", String(36), primary_key=True),
    Column("is_demonstration", Boolean, nullable=False),
    Column("hand_offs", Integer, nullable=False, server_default=text("0")),
)
"""One row: which stores belong to this ledger. `hand_offs` counts the hand-offs that were begun; the archive has a
record of each, so that a ledger restored from an older backup is recognized. `is_demonstration` never changes."""

marked_store = Table("marked_store", metadata, Column("place", WORD, primary_key=True))
"""The folders and archives that carry the mark of this installation: one that has lost it is not the same one."""
