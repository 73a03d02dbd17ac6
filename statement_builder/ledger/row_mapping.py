"""Records to table rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from statement_builder.billing.model import DocumentRequest, RequestFormat, RequestKind
from statement_builder.billing.request_terms import RequestObstacle, read_corrections, write_corrections
from statement_builder.billing.selection import Channel, FinalVendorStatus, Hold, Kind
from statement_builder.ledger.records import (
    Batch,
    Delivery,
    Document,
    NewCandidate,
    NewDocument,
    NewPrintFile,
    PrintFileRow,
    Shard,
)
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState, Outcome, ShardState

_OTHER_TABLES = frozenset({"accounts", "requests"})
"""The fields of a document that are rows of other tables."""


def candidate_row(batch_id: str, sequence: int, new: NewCandidate) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "subject": new.subject,
        "sequence": sequence,
        "guarantor_id": new.guarantor_id,
        "outcome": new.outcome.value,
        "balance_cents": new.balance_cents,
        "amount_cents": new.amount_cents,
        "faults": msgspec.json.encode(new.faults).decode() if new.outcome is Outcome.EXCEPTION else None,
    }


def hold_rows(batch_id: str, new: NewCandidate) -> list[dict[str, Any]]:
    """The rows of a candidate's holds, in the order given."""
    held_cents = new.balance_cents - new.amount_cents
    return [
        hold_row(batch_id, new.subject, n, hold, late=False, held_cents=held_cents)
        for n, hold in enumerate(new.holds, 1)
    ]


def hold_row(batch_id: str, subject: str, position: int, hold: Hold, *, late: bool, held_cents: int) -> dict[str, Any]:
    """A row of `candidate_hold`. `held_cents` is of the candidate, not of this hold."""
    return {
        "batch_id": batch_id,
        "subject": subject,
        "position": position,
        "code": hold.code,
        "account_number": hold.account_number,
        "until": hold.until,
        "since": hold.since,
        "late": late,
        "held_cents": held_cents,
    }


def document_row(common: dict[str, Any], position: int, new: NewDocument) -> dict[str, Any]:
    """The row of the document at `position` in its shard; `common` holds the values shared by the whole shard."""
    row = {name: getattr(new, name) for name in new.__struct_fields__ if name not in _OTHER_TABLES}
    values = {"kind": new.kind.value, "channel": new.channel.value, "state": new.state.value, "position": position}
    return {**row, **common, **values}


def account_rows(new: NewDocument) -> list[dict[str, Any]]:
    """The rows of a document's encounters, in printed order."""
    return [
        {"document_id": new.document_id, "position": n, "account_number": account}
        for n, account in enumerate(new.accounts, 1)
    ]


def request_rows(new: NewDocument) -> list[dict[str, Any]]:
    """The rows of the requests that a document answers."""
    return [
        {
            "document_id": new.document_id,
            "request_id": each.request_id,
            "asked_on": each.asked_on,
            "format": each.format.value,
            **review_columns(each),
        }
        for each in new.requests
    ]


def review_columns(request: DocumentRequest) -> dict[str, Any]:
    """What a person recorded about a request, as columns of `request` and of `document_request`."""
    return {
        "reviewed_on": request.reviewed_on,
        "corrected_items": write_corrections(request.corrected),
        "obstacle": request.obstacle.value if request.obstacle else None,
        "expected_on": request.expected_on,
    }


def make_request(row: Mapping[str, Any], kind: RequestKind) -> DocumentRequest:
    """The request in a row of `request` or of `document_request`."""
    return DocumentRequest(
        request_id=row["request_id"],
        kind=kind,
        asked_on=row["asked_on"],
        format=RequestFormat(row["format"]),
        reviewed_on=row["reviewed_on"],
        corrected=read_corrections(row["corrected_items"]),
        obstacle=RequestObstacle(row["obstacle"]) if row["obstacle"] else None,
        expected_on=row["expected_on"],
    )


def print_file_row(new: NewPrintFile) -> dict[str, Any]:
    """The row of a print file that is just claimed, without its attempt and times."""
    values = {name: getattr(new, name) for name in new.__struct_fields__}
    documents = msgspec.json.encode(new.documents).decode()
    return {
        **values,
        "documents": documents,
        "reports": new.reports.value,
        "state": DeliveryState.CLAIMED.value,
    }


def to_batch(row: dict[str, Any]) -> Batch:
    return Batch(**{**row, "kind": Kind(row["kind"]), "state": BatchState(row["state"])})


def to_shard(row: dict[str, Any]) -> Shard:
    return Shard(**{**row, "state": ShardState(row["state"])})


def to_document(row: dict[str, Any], accounts: tuple[str, ...]) -> Document:
    """`row` is one of `document_queries.select_documents`; it is changed in place, for speed."""
    live = row["delivery_state"]
    row["kind"] = Kind(row["kind"])
    row["channel"] = Channel(row["channel"])
    row["state"] = DocumentState(row["state"])
    row["delivery_state"] = None if live is None else DeliveryState(live)
    row["readdressed"] = bool(row["readdressed"])
    return Document(**row, accounts=accounts)


def to_delivery(row: dict[str, Any]) -> Delivery:
    values = {
        "channel": Channel(row["channel"]),
        "state": DeliveryState(row["state"]),
        "print_file": row["print_file"] or "",
        "receipt": msgspec.json.decode(row["receipt"]) if row["receipt"] else None,
    }
    return Delivery(**{**row, **values})


def to_print_file(row: dict[str, Any]) -> PrintFileRow:
    values = {
        "documents": msgspec.json.decode(row["documents"], type=tuple[str, ...]),
        "state": DeliveryState(row["state"]),
        "reports": FinalVendorStatus(row["reports"]),
        "receipt": msgspec.json.decode(row["receipt"]) if row["receipt"] else None,
    }
    return PrintFileRow(**{**row, **values})
