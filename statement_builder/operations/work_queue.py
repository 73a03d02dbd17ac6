"""What came back and waits for a clerk: what the vendor will not print, and answers that no program understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from statement_builder.ledger import BatchState, RejectedPiece
from statement_builder.operations.inbox import MOVED, QUARANTINE, UNCLEAR, WaitingFile, files_for_a_person
from statement_builder.pipeline.context import AppContext

_DOCUMENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PRINT_FILE = re.compile(r"STMT_[A-Za-z0-9-]+_[0-9-]+_\d{8}_([A-Za-z0-9-]+)_\d{3,}")
_WORDS = {
    QUARANTINE: (
        "QUARANTINE",
        "Lines of an answer were not understood, or cannot be so.",
        "Mend the lines, or ask the vendor for the file again, and put it back into the inbox; then move it and its "
        "reason out of `quarantine` (docs/runbooks/quarantine.md).",
    ),
    UNCLEAR: (
        "UNCLEAR",
        "An e-mail came back, or was answered, and nothing in it says for certain what that means.",
        "Read it. If it bounced for good, take the person's e-mail out of the billing system, and mail a copy: "
        "`statements reprint DOCUMENT`. Then delete it from `unclear` (docs/runbooks/unclear-message.md).",
    ),
    MOVED: (
        "MOVED",
        "The post office knows new addresses.",
        "Enter them in the billing system, then delete the file from `address-changes` "
        "(docs/runbooks/address-changes.md).",
    ),
}


def list_came_back(context: AppContext, batch_id: str | None = None) -> list[dict[str, Any]]:
    """Everything that came back and waits for a clerk: what is wrong, and what to do; of one batch, or of all.

    A print file that the vendor rejected as a whole is one row. A file in the inbox is one row, with the batch that it
    speaks of where it names a document or a print file of one.
    """
    facility_id = context.facility.facility_id
    rejected = context.ledger.redeliveries.rejected(facility_id, batch_id)
    return [*_rows_of_rejects(rejected), *_rows_of_inbox(context, batch_id)]


def batches_with_exceptions(context: AppContext) -> list[str]:
    """The batches that are not closed: what is wrong with their data can still be mended for them."""
    return [batch.batch_id for batch in context.ledger.batches.all() if batch.state is not BatchState.CLOSED]


def _rows_of_rejects(rejected: list[RejectedPiece]) -> Iterator[dict[str, Any]]:
    for (file, is_whole_file), group in groupby(rejected, key=lambda piece: (piece.print_file, piece.is_whole_file)):
        pieces = list(group)
        if is_whole_file:
            yield {
                "batch": pieces[0].batch_id,
                "guarantor": None,
                "document": None,
                "file": file,
                "code": "FILE_REJECTED",
                "message": f"The vendor rejected the print file, {len(pieces):,} pieces: {pieces[0].why}.",
                "fix": f'Mend what the vendor names, then: statements resend {file} --reason "…"',
            }
            continue
        for piece in pieces:
            yield {
                "batch": piece.batch_id,
                "guarantor": piece.guarantor_id,
                "document": piece.document_id,
                "file": file,
                "code": "REJECTED",
                "message": f"The vendor did not print it: {piece.why}.",
                "fix": "Ask the vendor what its code means. Where the address is at fault, correct it in the billing "
                f'system and make the document anew: statements correct {piece.document_id} --reason "…". Where the '
                f'pages are right as they are: statements resend {piece.document_id} --reason "…"',
            }


def _rows_of_inbox(context: AppContext, batch_id: str | None) -> Iterator[dict[str, Any]]:
    for waiting in files_for_a_person(Path(context.settings.mail.inbox)):
        named = _batches_named(context, waiting)
        if batch_id is not None and batch_id not in named:
            continue
        code, message, fix = _WORDS[waiting.where]
        yield {
            "batch": batch_id or (min(named) if named else None),
            "guarantor": None,
            "document": None,
            "file": f"{waiting.where}/{waiting.name}",
            "code": code,
            "message": " ".join((message, *(f"{reason}" for reason in waiting.reasons))),
            "fix": fix,
        }


def _batches_named(context: AppContext, waiting: WaitingFile) -> set[str]:
    """The batches that a file speaks of, by the documents and print files that it names."""
    named = set(_PRINT_FILE.findall(waiting.text))
    for document_id in set(_DOCUMENT.findall(waiting.text)):
        document = context.ledger.documents.get(document_id)
        if document is not None:
            named.add(document.batch_id)
    return named
