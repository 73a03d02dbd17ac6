"""Batches, their candidates and documents, and the requests for documents."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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
    false,
)

from statement_builder.billing.selection import Channel
from statement_builder.ledger.states import (
    BatchState,
    DocumentState,
    Outcome,
    ShardState,
)
from statement_builder.ledger.storage.tables.columns import ID, WORD, UtcDateTime, metadata, one_of, partial_index

IS_EXCEPTION = "outcome = 'exception'"
IS_ERROR = "error_code <> ''"
IS_REISSUE = "revision_of <> ''"
IS_ORIGINAL = "error_code = '' AND revision_of = ''"
"""Conditions of partial indexes. A query uses an index only if it has the same text. None names a column that changes
while a batch is handed off, so that no update has to look at them."""

batch = Table(
    "batch",
    metadata,
    Column("batch_id", ID, primary_key=True),
    Column("facility_id", ID, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("cycle", WORD, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("source", ID, nullable=False),
    Column("limit", Integer),
    Column("state", WORD, nullable=False),
    Column("opened_by", ID, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("released_by", ID, nullable=False, default=""),
    Column("released_at", UtcDateTime),
    Column("rechecked_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("pull_attempts", Integer, nullable=False, default=0),
    Column("locked_by", ID),
    Column("locked_at", UtcDateTime),
    Column("rejected_by", ID, nullable=False, server_default=""),
    Column("rejected_at", UtcDateTime),
    Column("rejected_why", Text, nullable=False, server_default=""),
    UniqueConstraint("facility_id", "kind", "cycle", name="batch_once"),
    one_of("state", BatchState, "state"),
)
"""`locked_by` and `locked_at` are for messages only; the operating system or the database server has the lock.
`rejected_by` is empty unless the last decision on the batch was to reject it."""

shard = Table(
    "shard",
    metadata,
    Column("batch_id", ID, ForeignKey("batch.batch_id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("snapshot_key", Text, nullable=False),
    Column("snapshot_sha256", String(64), nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("postal_first", WORD, nullable=False, server_default=""),
    Column("postal_last", WORD, nullable=False, server_default=""),
    Column("state", WORD, nullable=False),
    Column("pack_key", Text),
    Column("pack_sha256", String(64)),
    Column("template_version", String(64), nullable=False, default=""),
    Column("is_reissue", Boolean, nullable=False, server_default=false()),
    Column("purged_on", Date),
    one_of("state", ShardState, "state"),
)
"""`is_reissue`: created after the batch for one copy or correction; no candidate was pulled for it. `purged_on`: the
day on which its snapshot, its documents' PDFs and their copies were deleted."""

candidate = Table(
    "candidate",
    metadata,
    Column("batch_id", ID, primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("guarantor_id", ID, nullable=False),
    Column("outcome", WORD, nullable=False),
    Column("balance_cents", BigInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("faults", Text),
    ForeignKeyConstraint(["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"]),
    one_of("outcome", Outcome, "outcome"),
    CheckConstraint("outcome = 'selected' OR amount_cents = 0", name="asks_only_if_selected"),
    CheckConstraint("(outcome = 'exception') = (faults IS NOT NULL)", name="exception_has_faults"),
    partial_index("candidate_exception", "batch_id", "sequence", "subject", where=IS_EXCEPTION),
)
"""One row per guarantor (or orphaned row) and batch. `faults` is JSON, on exceptions only."""

candidate_hold = Table(
    "candidate_hold",
    metadata,
    Column("batch_id", ID, primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("code", WORD, nullable=False),
    Column("account_number", ID, nullable=False),
    Column("until", Date),
    Column("since", Date),
    Column("late", Boolean, nullable=False),
    Column("held_cents", BigInteger, nullable=False, server_default="0"),
    ForeignKeyConstraint(["batch_id", "subject"], ["candidate.batch_id", "candidate.subject"]),
    Index("candidate_hold_code", "batch_id", "code", "held_cents", "subject", "position"),
    Index("candidate_hold_account", "account_number"),
)
"""Every hold reason, in the order of the rules; `late` ones were found just before the hand-off. `held_cents` is what
is held of the candidate, which never changes, so that the largest of a batch are found without reading the others."""

document = Table(
    "document",
    metadata,
    Column("document_id", ID, primary_key=True),
    Column("batch_id", ID, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", ID, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("language", WORD, nullable=False),
    Column("episode_id", ID, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date),
    Column("state", WORD, nullable=False),
    Column("error_code", WORD, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_fix", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("pack_key", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("postal_key", ID, nullable=False),
    Column("template_version", String(64), nullable=False),
    Column("mailed_on", Date),
    Column("revision_of", ID, nullable=False, server_default=""),
    Column("is_copy", Boolean, nullable=False, server_default=false()),
    Column("viewed_on", Date),
    Column("cause_id", ID, nullable=False, server_default=""),
    Column("segment", WORD, nullable=False, server_default=""),
    Column("insert_code", WORD, nullable=False, server_default=""),
    Column("return_envelope_code", WORD, nullable=False, server_default=""),
    Column("message_code", WORD, nullable=False, server_default=""),
    ForeignKeyConstraint(["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"]),
    UniqueConstraint("batch_id", "guarantor_id", "revision", name="document_once"),
    UniqueConstraint("batch_id", "sequence", "position", name="document_order"),
    Index("document_guarantor", "guarantor_id"),
    partial_index("document_error", "batch_id", "sequence", "position", where=IS_ERROR),
    partial_index("document_reissue", "batch_id", "sequence", "position", where=IS_REISSUE),
    partial_index(
        "document_proof",
        *("batch_id", "level", "language", "channel", "pages", "amount_cents", "document_id"),
        where=IS_ORIGINAL,
    ),
    one_of("channel", Channel, "channel"),
    one_of("state", DocumentState, "state"),
    CheckConstraint("(state = 'error') = (error_code <> '')", name="error_has_code"),
    CheckConstraint("state = 'error' OR (length(sha256) = 64 AND pages > 0 AND length > 0)", name="is_archived"),
)
"""`mailed_on` is the day from which the dunning clocks count the document; null before it is mailed, and again after it
was returned. `revision_of` is the document that this one copies (`is_copy`) or corrects. `viewed_on` is the first day
on which the portal showed it. `cause_id` is the event that it answers, such as a missed payment; empty if no event
caused it."""

document_account = Table(
    "document_account",
    metadata,
    Column("document_id", ID, ForeignKey("document.document_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("account_number", ID, nullable=False),
    Index("document_account_number", "account_number"),
)
"""The encounters on a document, in printed order."""

document_request = Table(
    "document_request",
    metadata,
    Column("document_id", ID, ForeignKey("document.document_id"), primary_key=True),
    Column("request_id", ID, primary_key=True),
    Column("asked_on", Date, nullable=False),
    Column("reviewed_on", Date),
    Column("corrected_items", Text, nullable=False, server_default=""),
    Column("obstacle", WORD),
    Column("expected_on", Date),
    Column("format", WORD, nullable=False, server_default="standard"),
    Index("document_request_id", "request_id"),
)
"""The requests that a document answers, from the billing system or from `request`, as they were then."""

request = Table(
    "request",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("request_id", ID, primary_key=True),
    Column("kind", WORD, nullable=False),
    Column("account_number", ID, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("format", WORD, nullable=False),
    Column("recorded_by", ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("reviewed_on", Date),
    Column("corrected_items", Text, nullable=False, server_default=""),
    Column("obstacle", WORD),
    Column("expected_on", Date),
    Index("request_account", "facility_id", "account_number"),
)
"""Requests for a document that an operator recorded. `document_request` tells which are answered."""
