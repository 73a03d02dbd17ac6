"""What a clerk asks about a batch or a person: exceptions, holds, hand-offs, the exact page that was sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from statement_builder.errors import ConfigError
from statement_builder.ledger import DeliveryState, replaced_by
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.codes import HOLD_CODES


def list_exceptions(context: AppContext, batch_id: str) -> list[dict[str, Any]]:
    """Every candidate or document that could not be decided or made: why, and what to do."""
    return [
        {
            "batch": batch_id,
            "guarantor": row.subject,
            "document": row.document_id,
            "file": None,
            "code": row.code,
            "message": row.message,
            "fix": row.fix,
        }
        for row in context.ledger.candidates.exceptions(batch_id)
    ]


def list_holds(context: AppContext, batch_id: str) -> list[dict[str, Any]]:
    """Every hold of the batch, one row a reason, with what the reason means and what ends it. `late` ones were found
    just before hand-off and pulled a finished document out."""
    return [
        {
            "guarantor": row.guarantor_id,
            "outcome": row.outcome.value,
            "code": hold.code,
            "account": hold.account_number,
            "until": hold.until.isoformat() if hold.until else None,
            "late": late,
            "why": HOLD_CODES[hold.code].why,
            "what_to_do": HOLD_CODES[hold.code].what_to_do,
        }
        for row in context.ledger.candidates.held(batch_id)
        for late, holds in ((False, row.holds), (True, row.late_holds))
        for hold in holds
    ]


def list_print_files(context: AppContext, batch_id: str) -> list[dict[str, Any]]:
    """The batch's print files: what the control files say, and where each hand-off stands."""
    return [
        {
            "name": row.name,
            "state": row.state.value,
            "documents": len(row.documents),
            "pages": row.pages,
            "sheets": row.sheets,
            "cents": row.cents,
            "sha256": row.sha256,
        }
        for row in context.ledger.print_files.for_batch(batch_id)
    ]


def list_extras(context: AppContext, batch_id: str) -> list[dict[str, Any]]:
    """Copies and corrections that were made of the batch's documents."""
    return [
        {
            "document": each.document_id,
            "revision_of": each.revision_of,
            "is_copy": each.is_copy,
            "replaced_by": replaced_by(context.ledger.documents.revisions(each.document_id), each.document_id),
            "state": each.state.value,
        }
        for each in context.ledger.documents.for_batch(batch_id, reissues=True)
    ]


def list_open_hand_offs(context: AppContext, batch_id: str) -> list[dict[str, Any]]:
    """Hand-offs that nobody can say the outcome of: the evidence, for a person to decide with `statements resolve`.

    One row an e-mail, and one a print file: the vendor has all of a print file or none of it.
    """
    rows: dict[str, dict[str, Any]] = {}
    for document in context.ledger.documents.pending(batch_id):
        if document.delivery_state is not DeliveryState.UNCERTAIN:
            continue
        delivery = context.ledger.deliveries.for_document(document.document_id)[-1]
        rows.setdefault(
            delivery.print_file or document.document_id,
            {
                "document": document.document_id,
                "print_file": delivery.print_file or None,
                "attempt": delivery.attempt,
                "channel": delivery.channel.value,
                "evidence": (delivery.receipt or {}).get("evidence", ""),
            },
        )
    return list(rows.values())


def write_document(context: AppContext, document_id: str, output: Path) -> None:
    """Write one archived PDF to a file that only its owner may read."""
    write_private(output, read_archived(context, context.require_document(document_id)))


def write_private(output: Path, data: bytes) -> None:
    """Write a file that only its owner may read. `ConfigError` where that is not possible."""
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
    except OSError as exc:
        raise ConfigError(f"{output} cannot be written: {exc.strerror}") from exc
