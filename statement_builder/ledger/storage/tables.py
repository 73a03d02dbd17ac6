"""The ledger's tables. Unique keys prevent duplicates; code does not check for them.

The migrations create these tables; a test compares the two on both databases. Ids sort by bytes on both
(`COLLATE "C"`), money is whole cents, times are UTC. No column may contain a person's name or address.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.event import listen

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.ledger.states import (
    HAND_OFF_STATES,
    LIVE_PLACEMENTS,
    TERMINAL_FAILURES,
    BatchState,
    DeliveryState,
    DocumentState,
    Outcome,
    PlacementBatchState,
    PlacementEntryType,
    PlacementState,
    ShardState,
    SuppressionCode,
)
from statement_builder.ledger.storage.insert_only import INSERT_ONLY_TABLES, insert_only_ddl


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware UTC time. SQLite has no time zones, so it is stored there without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger accepts timezone-aware times only")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_ID = String(255).with_variant(String(255, collation="C"), "postgresql")
_WORD = String(32)
_SERIAL = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, values: Iterable[str], name: str) -> CheckConstraint:
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=name)


metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "fk": "%(table_name)s_%(referred_table_name)s",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)

batch = Table(
    "batch",
    metadata,
    Column("batch_id", _ID, primary_key=True),
    Column("facility_id", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("cycle", _WORD, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("source", _ID, nullable=False),
    Column("limit", Integer),
    Column("state", _WORD, nullable=False),
    Column("opened_by", _ID, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("released_by", _ID, nullable=False, default=""),
    Column("released_at", UtcDateTime),
    Column("rechecked_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("pull_attempts", Integer, nullable=False, default=0),
    Column("locked_by", _ID),
    Column("locked_at", UtcDateTime),
    Column("rejected_by", _ID, nullable=False, server_default=""),
    Column("rejected_at", UtcDateTime),
    Column("rejected_why", Text, nullable=False, server_default=""),
    UniqueConstraint("facility_id", "kind", "cycle", name="batch_once"),
    _one_of("state", BatchState, "state"),
)
"""`locked_by` and `locked_at` are for messages only; the operating system or the database server has the lock.
`rejected_by` is empty unless the last decision on the batch was to reject it."""

shard = Table(
    "shard",
    metadata,
    Column("batch_id", _ID, ForeignKey("batch.batch_id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("snapshot_key", Text, nullable=False),
    Column("snapshot_sha256", String(64), nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("postal_first", _WORD, nullable=False, server_default=""),
    Column("postal_last", _WORD, nullable=False, server_default=""),
    Column("state", _WORD, nullable=False),
    Column("pack_key", Text),
    Column("pack_sha256", String(64)),
    Column("template_version", String(64), nullable=False, default=""),
    Column("is_reissue", Boolean, nullable=False, server_default=false()),
    Column("purged_on", Date),
    _one_of("state", ShardState, "state"),
)
"""`is_reissue`: created after the batch for one copy or correction; no candidate was pulled for it. `purged_on`: the
day on which its snapshot, its documents' PDFs and their copies were deleted."""

candidate = Table(
    "candidate",
    metadata,
    Column("batch_id", _ID, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("guarantor_id", _ID, nullable=False),
    Column("outcome", _WORD, nullable=False),
    Column("balance_cents", BigInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("faults", Text),
    ForeignKeyConstraint(["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"]),
    _one_of("outcome", Outcome, "outcome"),
    CheckConstraint("outcome = 'selected' OR amount_cents = 0", name="asks_only_if_selected"),
    CheckConstraint("(outcome = 'exception') = (faults IS NOT NULL)", name="exception_has_faults"),
)
"""One row per guarantor (or orphaned row) and batch. `faults` is JSON, on exceptions only."""

candidate_hold = Table(
    "candidate_hold",
    metadata,
    Column("batch_id", _ID, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("code", _WORD, nullable=False),
    Column("account_number", _ID, nullable=False),
    Column("until", Date),
    Column("since", Date),
    Column("late", Boolean, nullable=False),
    ForeignKeyConstraint(["batch_id", "subject"], ["candidate.batch_id", "candidate.subject"]),
    Index("candidate_hold_code", "batch_id", "code", "subject"),
    Index("candidate_hold_account", "account_number"),
)
"""Every hold reason, in the order of the rules; `late` ones were found just before the hand-off."""

document = Table(
    "document",
    metadata,
    Column("document_id", _ID, primary_key=True),
    Column("batch_id", _ID, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("channel", _WORD, nullable=False),
    Column("language", _WORD, nullable=False),
    Column("episode_id", _ID, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date),
    Column("state", _WORD, nullable=False),
    Column("error_code", _WORD, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_fix", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("pack_key", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("postal_key", _ID, nullable=False),
    Column("template_version", String(64), nullable=False),
    Column("mailed_on", Date),
    Column("revision_of", _ID, nullable=False, server_default=""),
    Column("is_copy", Boolean, nullable=False, server_default=false()),
    Column("viewed_on", Date),
    Column("cause_id", _ID, nullable=False, server_default=""),
    Column("segment", _WORD, nullable=False, server_default=""),
    Column("insert_code", _WORD, nullable=False, server_default=""),
    Column("return_envelope_code", _WORD, nullable=False, server_default=""),
    Column("message_code", _WORD, nullable=False, server_default=""),
    ForeignKeyConstraint(["batch_id", "sequence"], ["shard.batch_id", "shard.sequence"]),
    UniqueConstraint("batch_id", "guarantor_id", "revision", name="document_once"),
    UniqueConstraint("batch_id", "sequence", "position", name="document_order"),
    Index("document_guarantor", "guarantor_id"),
    _one_of("channel", Channel, "channel"),
    _one_of("state", DocumentState, "state"),
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
    Column("document_id", _ID, ForeignKey("document.document_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("account_number", _ID, nullable=False),
    Index("document_account_number", "account_number"),
)
"""The encounters on a document, in printed order."""

document_request = Table(
    "document_request",
    metadata,
    Column("document_id", _ID, ForeignKey("document.document_id"), primary_key=True),
    Column("request_id", _ID, primary_key=True),
    Column("asked_on", Date, nullable=False),
    Column("reviewed_on", Date),
    Column("corrected_items", Text, nullable=False, server_default=""),
    Column("obstacle", _WORD),
    Column("expected_on", Date),
    Column("format", _WORD, nullable=False, server_default="standard"),
    Index("document_request_id", "request_id"),
)
"""The requests that a document answers, from the billing system or from `request`, as they were then."""

request = Table(
    "request",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("request_id", _ID, primary_key=True),
    Column("kind", _WORD, nullable=False),
    Column("account_number", _ID, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("format", _WORD, nullable=False),
    Column("recorded_by", _ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("reviewed_on", Date),
    Column("corrected_items", Text, nullable=False, server_default=""),
    Column("obstacle", _WORD),
    Column("expected_on", Date),
    Index("request_account", "facility_id", "account_number"),
)
"""Requests for a document that an operator recorded. `document_request` tells which are answered."""

print_file = Table(
    "print_file",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("batch_id", _ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("envelope_class", _WORD, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("documents", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("sheets", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("receipt", Text),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("reports", _WORD, nullable=False, server_default=FinalVendorStatus.NOTHING.value),
    Column("assumed_mailing_business_days", Integer, nullable=False, server_default=text("0")),
    Index("print_file_batch", "batch_id", "sequence"),
    _one_of("state", HAND_OFF_STATES, "state"),
)
"""`reports` is the vendor's final status for these pieces, as configured when they were claimed; so is
`assumed_mailing_business_days`, the time from that status to the mail."""

AWAITED = "read_by IS NOT NULL"
REJECTED = f"state = '{DeliveryState.REJECTED.value}'"
DID_NOT_ARRIVE = "state IN ('returned', 'bounced')"
LIVE = f"state NOT IN ({', '.join(repr(state.value) for state in TERMINAL_FAILURES)})"

serial_range = Table(
    "serial_range",
    metadata,
    Column("print_file", _ID, primary_key=True),
    Column("mailer_id", _WORD, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("reserved_at", UtcDateTime, nullable=False),
    UniqueConstraint("mailer_id", "start", name="serial_range_once"),
)
"""Reserved before the print file is built, so before its own row exists."""

delivery = Table(
    "delivery",
    metadata,
    Column("document_id", _ID, ForeignKey("document.document_id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("channel", _WORD, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("print_file", _ID, ForeignKey("print_file.name")),
    Column("receipt", Text),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("readdressed_to", String(64), nullable=False, server_default=""),
    Column("read_by", Date),
    Index(
        "delivery_one_live",
        "document_id",
        unique=True,
        sqlite_where=text(LIVE),
        postgresql_where=text(LIVE),
    ),
    Index("delivery_print_file", "print_file"),
    Index("delivery_returned", "changed_at", sqlite_where=text(DID_NOT_ARRIVE), postgresql_where=text(DID_NOT_ARRIVE)),
    Index("delivery_read_by", "read_by", sqlite_where=text(AWAITED), postgresql_where=text(AWAITED)),
    Index("delivery_rejected", "document_id", sqlite_where=text(REJECTED), postgresql_where=text(REJECTED)),
    _one_of("channel", Channel, "channel"),
    _one_of("state", DeliveryState, "state"),
    CheckConstraint("(channel = 'print') = (print_file IS NOT NULL)", name="print_has_file"),
)
"""`delivery_one_live` makes a second live claim of the same document impossible. `readdressed_to` is the digest of the
address when the attempt went to a different one than its pages show. `read_by` is the last day to open an e-mailed
document before it goes on paper; null when nothing waits for that."""

portal_file = Table(
    "portal_file",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("batch_id", _ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", _WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("portal_file_batch", "batch_id", "sequence"),
    _one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for the patient portal. `sha256` of its lines; empty before they are first written."""

portal_document = Table(
    "portal_document",
    metadata,
    Column("document_id", _ID, ForeignKey("document.document_id"), primary_key=True),
    Column("action", _WORD, primary_key=True),
    Column("portal_file", _ID, ForeignKey("portal_file.name"), nullable=False),
    Index("portal_document_file", "portal_file"),
    _one_of("action", ("show", "withdraw"), "action"),
)
"""The key makes it impossible to publish a document twice, or to withdraw it twice."""

payroll_file = Table(
    "payroll_file",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("facility_id", _ID, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("payroll_file_facility", "facility_id", "name"),
    _one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A deduction file for payroll. Its bytes follow from its rows, so that a run after a crash writes the same ones."""

payroll_row = Table(
    "payroll_row",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("authorization_id", _ID, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("payroll_file", _ID, ForeignKey("payroll_file.name"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", _ID, nullable=False),
    Column("employee_id", _ID, nullable=False),
    Column("code", _WORD, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("limit_cents", BigInteger, nullable=False),
    Column("signed_on", Date, nullable=False),
    Index("payroll_row_file", "payroll_file", "position"),
    Index("payroll_row_employee", "facility_id", "employee_id"),
)
"""What payroll was told about an authorization, from revision 1. The key makes it impossible to send a change twice."""

payroll_answer = Table(
    "payroll_answer",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("authorization_id", _ID, primary_key=True),
    Column("pay_on", Date, primary_key=True),
    Column("taken_cents", BigInteger, nullable=False),
    Column("is_missed", Boolean, nullable=False),
    Column("reason", _WORD, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)
"""What payroll did on a payday. `is_missed`: it did not take all that was due."""
write_back_file = Table(
    "write_back_file",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("batch_id", _ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", _WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("batch_id", "number", name="write_back_file_once"),
    _one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for the billing system. `sha256` of its lines; empty before they are first written."""

write_back_entry = Table(
    "write_back_entry",
    metadata,
    Column("batch_id", _ID, primary_key=True),
    Column("what", _WORD, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("write_back_file", _ID, ForeignKey("write_back_file.name"), nullable=False),
    Index("write_back_entry_file", "write_back_file"),
    _one_of("what", ("mailed", "returned", "held"), "what"),
)
"""What the billing system is told once: an attempt of a document that was mailed or returned on a day (`number` is the
attempt), or a hold (its position)."""

placement_batch = Table(
    "placement_batch",
    metadata,
    Column("batch_id", _ID, primary_key=True),
    Column("facility_id", _ID, nullable=False),
    Column("cycle", _WORD, nullable=False),
    Column("number", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("proposed_by", _ID, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("decided_by", _ID, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_why", Text, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("refused_cents", BigInteger, nullable=False),
    Column("not_due", Integer, nullable=False),
    Column("not_due_cents", BigInteger, nullable=False),
    Column("unreadable", Integer, nullable=False),
    UniqueConstraint("facility_id", "cycle", "number", name="placement_batch_once"),
    _one_of("state", PlacementBatchState, "state"),
)
"""A list of visits for agencies, which a second person approves. `not_due`: visits whose letters go on."""

agency_file = Table(
    "agency_file",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("facility_id", _ID, nullable=False),
    Column("agency_id", _ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_type", _WORD, nullable=False),
    Column("batch_id", _ID, nullable=False),
    Column("archive_key", Text, nullable=False),
    Column("file", _ID, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("records", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("facility_id", "agency_id", "number", name="agency_file_once"),
    _one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for an agency. Its bytes are in the archive before it is claimed, so that a run after a crash delivers the
same ones. `batch_id` is empty for changes."""

PLACEMENT_LIVE = f"state IN ({', '.join(repr(state.value) for state in LIVE_PLACEMENTS)})"

placement = Table(
    "placement",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("placement_id", _ID, primary_key=True),
    Column("account_number", _ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("batch_id", _ID, ForeignKey("placement_batch.batch_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", _ID, nullable=False),
    Column("agency_id", _ID, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("state_on", Date, nullable=False),
    Column("placed_on", Date),
    Column("placed_cents", BigInteger, nullable=False),
    Column("charged_cents", BigInteger, nullable=False),
    Column("direct_cents", BigInteger, nullable=False),
    Column("left_cents", BigInteger),
    Column("reason", _WORD, nullable=False),
    Column("agency_file", _ID, ForeignKey("agency_file.name")),
    UniqueConstraint("facility_id", "account_number", "number", name="placement_once"),
    UniqueConstraint("batch_id", "position", name="placement_order"),
    Index(
        "placement_one_live",
        "facility_id",
        "account_number",
        unique=True,
        sqlite_where=text(PLACEMENT_LIVE),
        postgresql_where=text(PLACEMENT_LIVE),
    ),
    Index("placement_guarantor", "facility_id", "guarantor_id"),
    _one_of("state", PlacementState, "state"),
)
"""One placement of a visit, from the proposal to its end. `placement_one_live` makes it impossible to place a visit
that is placed. `charged_cents` and `direct_cents` are the visit's amounts when it was placed (`policy.placement`);
`left_cents` is what was left at the end, null before."""

placement_refusal = Table(
    "placement_refusal",
    metadata,
    Column("batch_id", _ID, ForeignKey("placement_batch.batch_id"), primary_key=True),
    Column("account_number", _ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("guarantor_id", _ID, nullable=False),
    Column("code", _WORD, nullable=False),
    Column("until", Date),
    Column("late", Boolean, nullable=False),
)
"""Every reason why a visit was not placed, in the order of the gates; `late` ones arose after the approval."""

placement_entry = Table(
    "placement_entry",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("placement_id", _ID, primary_key=True),
    Column("what", _WORD, primary_key=True),
    Column("reference", _ID, primary_key=True),
    Column("day", Date, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("fee_cents", BigInteger, nullable=False),
    Column("agency_file", _ID, ForeignKey("agency_file.name")),
    Column("recorded_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["facility_id", "placement_id"], ["placement.facility_id", "placement.placement_id"]),
    Index("placement_entry_file", "agency_file"),
    _one_of("what", PlacementEntryType, "what"),
)
"""What lowered the balance of a placed visit, and recalls. `reference` numbers what the agency was told, or is the
agency's own number of a payment: the key makes it impossible to tell or count anything twice."""

redelivery = Table(
    "redelivery",
    metadata,
    Column("document_id", _ID, ForeignKey("document.document_id"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("readdressed", Boolean, nullable=False),
    Column("is_sender_fault", Boolean, nullable=False, server_default=false()),
)
"""Documents due for a new attempt; `readdressed` to the address now on file. `is_sender_fault`: an e-mail bounced
because of the sender."""

suppression = Table(
    "suppression",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("guarantor_id", _ID, primary_key=True),
    Column("code", _WORD, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("document_id", _ID, ForeignKey("document.document_id"), nullable=False),
    Column("since", Date, nullable=False),
    _one_of("code", SuppressionCode, "code"),
)
"""Suppressed addresses and e-mail. `digest` is that of the address mail was returned from; a new address on file has
another digest, which ends the suppression. It is empty where the suppression is not about an address."""

inbound_file = Table(
    "inbound_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("form", _WORD, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("records", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
)
"""Every processed inbound file: the same bytes are never processed twice."""

event = Table(
    "event",
    metadata,
    Column("event_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", _ID, nullable=False),
    Column("batch_id", _ID, nullable=False),
    Column("subject", _ID, nullable=False),
    Column("what", _WORD, nullable=False),
    Column("why", Text, nullable=False),
    Column("data", Text),
    Column("salt", _WORD, nullable=False, server_default=""),
    Column("detail", String(64), nullable=False, server_default=""),
    Column("hash", String(64), nullable=False, server_default=""),
    Index("event_batch", "batch_id", "event_id"),
    Index("event_subject", "subject"),
)
"""`why` is prose for people. `data` is JSON for code (`event_data`). `hash` continues the chain in the order of
`event_id`, over everything but `why` and `data`, of which it has the salted digest `detail` (`event_chain`)."""

access = Table(
    "access",
    metadata,
    Column("access_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", _ID, nullable=False),
    Column("what", _WORD, nullable=False),
    Column("batch_id", _ID, nullable=False),
    Column("purpose", Text, nullable=False),
)
"""One row per command that showed or exported data of persons: `what` is the command."""

access_subject = Table(
    "access_subject",
    metadata,
    Column("access_id", _SERIAL, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("guarantor_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Index("access_guarantor", "guarantor_id", "access_id"),
)
"""Whom an access was about, and which document; either may be empty. No foreign key: on PostgreSQL its check would need
the right to update `access`, which nobody has."""

correspondence = Table(
    "correspondence",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("subject_type", _WORD, primary_key=True),
    Column("subject_id", _ID, primary_key=True),
    Column("first_on", Date, nullable=False),
    Column("mailed_count", Integer, nullable=False),
    Column("last_level", Integer, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("highest_level", Integer, nullable=False, server_default="0"),
    _one_of("subject_type", ("encounter", "episode"), "subject_type"),
)
"""What has actually been mailed, per encounter and per obstetric episode. `mailed_count` is statements or notices.
`highest_level` stays where it is when a statement about a payment plan follows a letter."""

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("placed_by", _ID, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
)
"""What a purge must keep: the mail of a guarantor, about an account, in a batch, or one document. Lifting deletes the
row; the events keep both decisions."""

mail_hold = Table(
    "mail_hold",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("guarantor_id", _ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("placed_by", _ID, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
)
"""Guarantors to whom the billing office holds all mail, besides the holds of the billing system. Lifting deletes the
row; the events keep both decisions."""

template_approval = Table(
    "template_approval",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("template_version", String(64), primary_key=True),
    Column("approved_by", _ID, primary_key=True),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("remark", Text, nullable=False),
)
"""Who approved which version of the templates."""
evidence_packet = Table(
    "evidence_packet",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("facility_id", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", _ID, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("approved_by", _ID, nullable=False, server_default=""),
    Column("approved_at", UtcDateTime),
    Column("content_sha256", String(64), nullable=False, server_default=""),
    _one_of("kind", ("bad-debt", "small-claims"), "kind"),
    CheckConstraint("(approved_by <> '') = (approved_at IS NOT NULL)", name="approval_has_time"),
)
"""Requests for evidence packets. `content_sha256` is the digest of what the officer approved."""

evidence_account = Table(
    "evidence_account",
    metadata,
    Column("packet_id", _ID, ForeignKey("evidence_packet.packet_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("account_number", _ID, nullable=False),
    Index("evidence_account_number", "account_number"),
)
"""The accounts of a packet, in the order of the request."""

work_item = Table(
    "work_item",
    metadata,
    Column("facility_id", _ID, primary_key=True),
    Column("item_id", _WORD, primary_key=True),
    Column("assignee", _ID, nullable=False),
    Column("note", Text, nullable=False),
    Column("snoozed_until", Date),
    Column("done_at", UtcDateTime),
    Column("changed_by", _ID, nullable=False),
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

marked_store = Table("marked_store", metadata, Column("place", _WORD, primary_key=True))
"""The folders and archives that carry the mark of this installation: one that has lost it is not the same one."""

for _table in INSERT_ONLY_TABLES:
    for _dialect in ("sqlite", "postgresql"):
        for _statement in insert_only_ddl(_dialect, _table):
            _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
            listen(metadata.tables[_table], "after_create", _ddl)
