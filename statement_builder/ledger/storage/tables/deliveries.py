"""How documents leave, and what is reported of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    UniqueConstraint,
    false,
    text,
)

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.ledger.states import (
    HAND_OFF_STATES,
    TERMINAL_FAILURES,
    DeliveryState,
    SuppressionCode,
)
from statement_builder.ledger.storage.tables.columns import ID, WORD, UtcDateTime, metadata, one_of, partial_index

IS_REPORTED = f"reports <> '{FinalVendorStatus.NOTHING.value}'"

print_file = Table(
    "print_file",
    metadata,
    Column("name", ID, primary_key=True),
    Column("batch_id", ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("envelope_class", WORD, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("documents", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("sheets", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("state", WORD, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("receipt", Text),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("reports", WORD, nullable=False, server_default=FinalVendorStatus.NOTHING.value),
    Column("assumed_mailing_business_days", Integer, nullable=False, server_default=text("0")),
    Index("print_file_batch", "batch_id", "sequence"),
    partial_index("print_file_reported", "reports", "batch_id", where=IS_REPORTED),
    one_of("state", HAND_OFF_STATES, "state"),
)
"""`reports` is the vendor's final status for these pieces, as configured when they were claimed; so is
`assumed_mailing_business_days`, the time from that status to the mail."""

AWAITED = "read_by IS NOT NULL"

UNCERTAIN = f"state = '{DeliveryState.UNCERTAIN.value}'"

REJECTED = f"state = '{DeliveryState.REJECTED.value}'"

DID_NOT_ARRIVE = "state IN ('returned', 'bounced')"

LIVE = f"state NOT IN ({', '.join(repr(state.value) for state in TERMINAL_FAILURES)})"

serial_range = Table(
    "serial_range",
    metadata,
    Column("print_file", ID, primary_key=True),
    Column("mailer_id", WORD, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("reserved_at", UtcDateTime, nullable=False),
    UniqueConstraint("mailer_id", "start", name="serial_range_once"),
)
"""Reserved before the print file is built, so before its own row exists."""

delivery = Table(
    "delivery",
    metadata,
    Column("document_id", ID, ForeignKey("document.document_id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("channel", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("print_file", ID, ForeignKey("print_file.name")),
    Column("receipt", Text),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("readdressed_to", String(64), nullable=False, server_default=""),
    Column("read_by", Date),
    partial_index("delivery_one_live", "document_id", where=LIVE, unique=True),
    Index("delivery_print_file", "print_file"),
    partial_index("delivery_returned", "changed_at", where=DID_NOT_ARRIVE),
    partial_index("delivery_read_by", "read_by", where=AWAITED),
    partial_index("delivery_rejected", "document_id", where=REJECTED),
    partial_index("delivery_uncertain", "document_id", where=UNCERTAIN),
    one_of("channel", Channel, "channel"),
    one_of("state", DeliveryState, "state"),
    CheckConstraint("(channel = 'print') = (print_file IS NOT NULL)", name="print_has_file"),
)
"""`delivery_one_live` makes a second live claim of the same document impossible. `readdressed_to` is the digest of the
address when the attempt went to a different one than its pages show. `read_by` is the last day to open an e-mailed
document before it goes on paper; null when nothing waits for that."""

redelivery = Table(
    "redelivery",
    metadata,
    Column("document_id", ID, ForeignKey("document.document_id"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("readdressed", Boolean, nullable=False),
    Column("is_sender_fault", Boolean, nullable=False, server_default=false()),
)
"""Documents due for a new attempt; `readdressed` to the address now on file. `is_sender_fault`: an e-mail bounced
because of the sender."""

suppression = Table(
    "suppression",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("guarantor_id", ID, primary_key=True),
    Column("code", WORD, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("document_id", ID, ForeignKey("document.document_id"), nullable=False),
    Column("since", Date, nullable=False),
    one_of("code", SuppressionCode, "code"),
)
"""Suppressed addresses and e-mail. `digest` is that of the address mail was returned from; a new address on file has
another digest, which ends the suppression. It is empty where the suppression is not about an address."""

inbound_file = Table(
    "inbound_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("form", WORD, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("records", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
)
"""Every processed inbound file: the same bytes are never processed twice."""

correspondence = Table(
    "correspondence",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("subject_type", WORD, primary_key=True),
    Column("subject_id", ID, primary_key=True),
    Column("first_on", Date, nullable=False),
    Column("mailed_count", Integer, nullable=False),
    Column("last_level", Integer, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("highest_level", Integer, nullable=False, server_default="0"),
    one_of("subject_type", ("encounter", "episode"), "subject_type"),
)
"""What has actually been mailed, per encounter and per obstetric episode. `mailed_count` is statements or notices.
`highest_level` stays where it is when a statement about a payment plan follows a letter."""
