"""Placement with collection agencies."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from statement_builder.ledger.states import (
    LIVE_PLACEMENTS,
    DeliveryState,
    PlacementBatchState,
    PlacementEntryType,
    PlacementState,
)
from statement_builder.ledger.storage.tables.columns import ID, WORD, UtcDateTime, metadata, one_of, partial_index

placement_batch = Table(
    "placement_batch",
    metadata,
    Column("batch_id", ID, primary_key=True),
    Column("facility_id", ID, nullable=False),
    Column("cycle", WORD, nullable=False),
    Column("number", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("state", WORD, nullable=False),
    Column("proposed_by", ID, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("decided_by", ID, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_why", Text, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("refused_cents", BigInteger, nullable=False),
    Column("not_due", Integer, nullable=False),
    Column("not_due_cents", BigInteger, nullable=False),
    Column("unreadable", Integer, nullable=False),
    UniqueConstraint("facility_id", "cycle", "number", name="placement_batch_once"),
    one_of("state", PlacementBatchState, "state"),
)
"""A list of visits for agencies, which a second person approves. `not_due`: visits whose letters go on."""

agency_file = Table(
    "agency_file",
    metadata,
    Column("name", ID, primary_key=True),
    Column("facility_id", ID, nullable=False),
    Column("agency_id", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_type", WORD, nullable=False),
    Column("batch_id", ID, nullable=False),
    Column("archive_key", Text, nullable=False),
    Column("file", ID, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("records", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("state", WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("facility_id", "agency_id", "number", name="agency_file_once"),
    one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for an agency. Its bytes are in the archive before it is claimed, so that a run after a crash delivers the
same ones. `batch_id` is empty for changes."""

PLACEMENT_LIVE = f"state IN ({', '.join(repr(state.value) for state in LIVE_PLACEMENTS)})"

placement = Table(
    "placement",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("placement_id", ID, primary_key=True),
    Column("account_number", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("batch_id", ID, ForeignKey("placement_batch.batch_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", ID, nullable=False),
    Column("agency_id", ID, nullable=False),
    Column("state", WORD, nullable=False),
    Column("state_on", Date, nullable=False),
    Column("placed_on", Date),
    Column("placed_cents", BigInteger, nullable=False),
    Column("charged_cents", BigInteger, nullable=False),
    Column("direct_cents", BigInteger, nullable=False),
    Column("left_cents", BigInteger),
    Column("reason", WORD, nullable=False),
    Column("agency_file", ID, ForeignKey("agency_file.name")),
    UniqueConstraint("facility_id", "account_number", "number", name="placement_once"),
    UniqueConstraint("batch_id", "position", name="placement_order"),
    partial_index("placement_one_live", "facility_id", "account_number", where=PLACEMENT_LIVE, unique=True),
    Index("placement_guarantor", "facility_id", "guarantor_id"),
    one_of("state", PlacementState, "state"),
)
"""One placement of a visit, from the proposal to its end. `placement_one_live` makes it impossible to place a visit
that is placed. `charged_cents` and `direct_cents` are the visit's amounts when it was placed (`policy.placement`);
`left_cents` is what was left at the end, null before."""

placement_refusal = Table(
    "placement_refusal",
    metadata,
    Column("batch_id", ID, ForeignKey("placement_batch.batch_id"), primary_key=True),
    Column("account_number", ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("guarantor_id", ID, nullable=False),
    Column("code", WORD, nullable=False),
    Column("until", Date),
    Column("late", Boolean, nullable=False),
)
"""Every reason why a visit was not placed, in the order of the gates; `late` ones arose after the approval."""

placement_entry = Table(
    "placement_entry",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("placement_id", ID, primary_key=True),
    Column("what", WORD, primary_key=True),
    Column("reference", ID, primary_key=True),
    Column("day", Date, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("fee_cents", BigInteger, nullable=False),
    Column("agency_file", ID, ForeignKey("agency_file.name")),
    Column("recorded_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["facility_id", "placement_id"], ["placement.facility_id", "placement.placement_id"]),
    Index("placement_entry_file", "agency_file"),
    one_of("what", PlacementEntryType, "what"),
)
"""What lowered the balance of a placed visit, and recalls. `reference` numbers what the agency was told, or is the
agency's own number of a payment: the key makes it impossible to tell or count anything twice."""
