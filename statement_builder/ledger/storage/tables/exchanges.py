"""What the portal, payroll, and the billing system are told, each thing once."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from statement_builder.ledger.states import (
    DeliveryState,
)
from statement_builder.ledger.storage.tables.columns import ID, WORD, UtcDateTime, metadata, one_of

portal_file = Table(
    "portal_file",
    metadata,
    Column("name", ID, primary_key=True),
    Column("batch_id", ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("portal_file_batch", "batch_id", "sequence"),
    one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for the patient portal. `sha256` of its lines; empty before they are first written."""

portal_document = Table(
    "portal_document",
    metadata,
    Column("document_id", ID, ForeignKey("document.document_id"), primary_key=True),
    Column("action", WORD, primary_key=True),
    Column("portal_file", ID, ForeignKey("portal_file.name"), nullable=False),
    Index("portal_document_file", "portal_file"),
    one_of("action", ("show", "withdraw"), "action"),
)
"""The key makes it impossible to publish a document twice, or to withdraw it twice."""

payroll_file = Table(
    "payroll_file",
    metadata,
    Column("name", ID, primary_key=True),
    Column("facility_id", ID, nullable=False),
    Column("state", WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("payroll_file_facility", "facility_id", "name"),
    one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A deduction file for payroll. Its bytes follow from its rows, so that a run after a crash writes the same ones."""

payroll_row = Table(
    "payroll_row",
    metadata,
    Column("facility_id", ID, primary_key=True),
    Column("authorization_id", ID, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("payroll_file", ID, ForeignKey("payroll_file.name"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("guarantor_id", ID, nullable=False),
    Column("employee_id", ID, nullable=False),
    Column("code", WORD, nullable=False),
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
    Column("facility_id", ID, primary_key=True),
    Column("authorization_id", ID, primary_key=True),
    Column("pay_on", Date, primary_key=True),
    Column("taken_cents", BigInteger, nullable=False),
    Column("is_missed", Boolean, nullable=False),
    Column("reason", WORD, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)
"""What payroll did on a payday. `is_missed`: it did not take all that was due."""

write_back_file = Table(
    "write_back_file",
    metadata,
    Column("name", ID, primary_key=True),
    Column("batch_id", ID, ForeignKey("batch.batch_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", WORD, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("batch_id", "number", name="write_back_file_once"),
    one_of("state", (DeliveryState.CLAIMED, DeliveryState.SENT), "state"),
)
"""A file for the billing system. `sha256` of its lines; empty before they are first written."""

write_back_entry = Table(
    "write_back_entry",
    metadata,
    Column("batch_id", ID, primary_key=True),
    Column("what", WORD, primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("write_back_file", ID, ForeignKey("write_back_file.name"), nullable=False),
    Index("write_back_entry_file", "write_back_file"),
    one_of("what", ("mailed", "returned", "held"), "what"),
)
"""What the billing system is told once: an attempt of a document that was mailed or returned on a day (`number` is the
attempt), or a hold (its position)."""
