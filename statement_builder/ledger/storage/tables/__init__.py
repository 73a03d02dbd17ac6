"""The ledger's tables. Unique keys prevent duplicates; code does not check for them.

The migrations create these tables; a test compares the two on both databases. Ids sort by bytes on both
(`COLLATE "C"`), money is whole cents, times are UTC. No column may contain a person's name or address.
"""

from __future__ import annotations

from sqlalchemy import DDL
from sqlalchemy.event import listen

from statement_builder.ledger.storage.insert_only import INSERT_ONLY_TABLES, insert_only_ddl
from statement_builder.ledger.storage.tables.audit import access, access_subject, event
from statement_builder.ledger.storage.tables.batches import (
    IS_ERROR,
    IS_EXCEPTION,
    IS_ORIGINAL,
    IS_REISSUE,
    batch,
    candidate,
    candidate_hold,
    document,
    document_account,
    document_request,
    request,
    shard,
)
from statement_builder.ledger.storage.tables.columns import UtcDateTime, metadata
from statement_builder.ledger.storage.tables.deliveries import (
    AWAITED,
    DID_NOT_ARRIVE,
    IS_REPORTED,
    LIVE,
    REJECTED,
    UNCERTAIN,
    correspondence,
    delivery,
    inbound_file,
    print_file,
    redelivery,
    serial_range,
    suppression,
)
from statement_builder.ledger.storage.tables.exchanges import (
    payroll_answer,
    payroll_file,
    payroll_row,
    portal_document,
    portal_file,
    write_back_entry,
    write_back_file,
)
from statement_builder.ledger.storage.tables.office import (
    evidence_account,
    evidence_packet,
    installation,
    legal_hold,
    mail_hold,
    marked_store,
    template_approval,
    work_item,
)
from statement_builder.ledger.storage.tables.placements import (
    PLACEMENT_LIVE,
    agency_file,
    placement,
    placement_batch,
    placement_entry,
    placement_refusal,
)

__all__ = [
    "AWAITED",
    "DID_NOT_ARRIVE",
    "IS_ERROR",
    "IS_EXCEPTION",
    "IS_ORIGINAL",
    "IS_REISSUE",
    "IS_REPORTED",
    "LIVE",
    "PLACEMENT_LIVE",
    "REJECTED",
    "UNCERTAIN",
    "UtcDateTime",
    "access",
    "access_subject",
    "agency_file",
    "batch",
    "candidate",
    "candidate_hold",
    "correspondence",
    "delivery",
    "document",
    "document_account",
    "document_request",
    "event",
    "evidence_account",
    "evidence_packet",
    "inbound_file",
    "installation",
    "legal_hold",
    "mail_hold",
    "marked_store",
    "metadata",
    "payroll_answer",
    "payroll_file",
    "payroll_row",
    "placement",
    "placement_batch",
    "placement_entry",
    "placement_refusal",
    "portal_document",
    "portal_file",
    "print_file",
    "redelivery",
    "request",
    "serial_range",
    "shard",
    "suppression",
    "template_approval",
    "work_item",
    "write_back_entry",
    "write_back_file",
]

for _table in INSERT_ONLY_TABLES:
    for _dialect in ("sqlite", "postgresql"):
        for _statement in insert_only_ddl(_dialect, _table):
            _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
            listen(metadata.tables[_table], "after_create", _ddl)
