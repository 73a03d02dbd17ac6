"""What happened, and who looked at whom. Rows are only inserted."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from statement_builder.ledger.storage.tables.columns import ID, SERIAL, WORD, UtcDateTime, metadata

event = Table(
    "event",
    metadata,
    Column("event_id", SERIAL, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", ID, nullable=False),
    Column("batch_id", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("what", WORD, nullable=False),
    Column("why", Text, nullable=False),
    Column("data", Text),
    Column("salt", WORD, nullable=False, server_default=""),
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
    Column("access_id", SERIAL, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", ID, nullable=False),
    Column("what", WORD, nullable=False),
    Column("batch_id", ID, nullable=False),
    Column("purpose", Text, nullable=False),
)
"""One row per command that showed or exported data of persons: `what` is the command."""

access_subject = Table(
    "access_subject",
    metadata,
    Column("access_id", SERIAL, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("guarantor_id", ID, nullable=False),
    Column("document_id", ID, nullable=False),
    Index("access_guarantor", "guarantor_id", "access_id"),
)
"""Whom an access was about, and which document; either may be empty. No foreign key: on PostgreSQL its check would need
the right to update `access`, which nobody has."""
