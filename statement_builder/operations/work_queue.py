"""The work queue: mail that a clerk must act on. Pieces and files that the vendor rejected, and reports to review."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from statement_builder.billing.identifiers import DOCUMENT_ID_PATTERN
from statement_builder.billing.selection import Kind
from statement_builder.ledger import Batch, BatchState, RejectedPiece
from statement_builder.operations.estate_claims import list_estate_claims
from statement_builder.operations.queries import ExceptionRow
from statement_builder.operations.tracking.inbox import (
    ADDRESS_CHANGES,
    QUARANTINE,
    UNCLEAR,
    WAITING,
    FileToReview,
    read_files_to_review,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.guarantor_rules import ALTERNATE_FORMATS
from statement_builder.policy.hold_codes import describe_hold
from statement_builder.policy.requests import LISTED_CODES

_DOCUMENT_ID = re.compile(DOCUMENT_ID_PATTERN)
_DOCUMENTS_MAX = 200
"""Documents of one file that are looked up to find its batch."""
_PRINT_FILE_NAME = re.compile(r"STMT_[A-Za-z0-9-]+_[0-9-]+_\d{8}_([A-Za-z0-9-]+)_\d{3,}")
_REVIEWS = {
    QUARANTINE: (
        "QUARANTINE",
        "Some lines of a vendor's report are unreadable or contradict the ledger.",
        "Fix the lines, or ask the vendor for the file again, and put it back into the inbox; then remove the file and "
        "its reason from `quarantine` (docs/runbooks/quarantine.md).",
    ),
    UNCLEAR: (
        "UNCLEAR",
        "An e-mail bounced or was answered, and it is not certain what that means.",
        "Read it. If the address is no longer valid, remove it from the billing system and mail a copy: "
        "`statements reprint DOCUMENT`. Then delete the file from `unclear` (docs/runbooks/unclear.md).",
    ),
    ADDRESS_CHANGES: (
        "MOVED",
        "The postal service reported new addresses.",
        "Enter them in the billing system, then delete the file from `address-changes` "
        "(docs/runbooks/address-changes.md).",
    ),
    WAITING: (
        "REVERSALS",
        "A vendor's report would reverse many mailings.",
        "Ask the vendor whether it is right. If it is, accept it by its name: statements track --accept FILE --reason "
        '"…". If not, delete the file from `waiting` (docs/runbooks/waiting.md).',
    ),
}
"""Subfolder of the inbox → code, message and fix."""


def list_work_queue(context: AppContext, batch: Batch | None = None) -> list[ExceptionRow]:
    """Everything that a clerk must act on, for one batch or for all, with the fix.

    A request for braille, an audio recording, or a data CD is one row, also after its batch has closed, and so are a
    late answer to a request and a claim against an estate whose time runs out. A print file that was rejected as a
    whole is one row. A file in the inbox is one row, with its batch if the file names one of that batch's documents or
    print files.
    """
    batch_id = batch.batch_id if batch else None
    rejected = context.ledger.redeliveries.rejected(context.facility.facility_id, batch_id)
    return [
        *_list_rejected(rejected),
        *_list_reviews(context, batch_id),
        *_list_requests(context, batch_id),
        *list_estate_claims(context, batch_id),
    ]


def list_unclosed_batches(context: AppContext) -> list[Batch]:
    """The batches that are not closed: fixing their data still changes them."""
    return [batch for batch in context.ledger.batches.all() if batch.state is not BatchState.CLOSED]


def _list_rejected(rejected: list[RejectedPiece]) -> Iterator[ExceptionRow]:
    for (file, is_whole_file), group in groupby(rejected, key=lambda piece: (piece.print_file, piece.is_whole_file)):
        pieces = list(group)
        if is_whole_file:
            yield ExceptionRow(
                batch_id=pieces[0].batch_id,
                guarantor_id=None,
                document_id=None,
                file=file,
                code="FILE_REJECTED",
                message=f"The vendor rejected the print file, {len(pieces):,} pieces: {pieces[0].why}.",
                fix=f'Fix what the vendor names, then: statements resend {file} --reason "…"',
            )
            continue
        for piece in pieces:
            yield ExceptionRow(
                batch_id=piece.batch_id,
                guarantor_id=piece.guarantor_id,
                document_id=piece.document_id,
                file=file,
                code="REJECTED",
                message=f"The vendor did not print it: {piece.why}.",
                fix="Ask the vendor what its code means. If the address is wrong, correct it in the billing system and "
                f'replace the document: statements correct {piece.document_id} --reason "…". If the pages are right: '
                f'statements resend {piece.document_id} --reason "…"',
            )


def _list_reviews(context: AppContext, batch_id: str | None) -> Iterator[ExceptionRow]:
    for file in read_files_to_review(Path(context.settings.mail.inbox)):
        named = _find_batches(context, file)
        if batch_id is not None and batch_id not in named:
            continue
        code, message, fix = _REVIEWS[file.folder]
        yield ExceptionRow(
            batch_id=batch_id or (min(named) if named else None),
            guarantor_id=None,
            document_id=None,
            file=f"{file.folder}/{file.name}",
            code=code,
            message=" ".join((message, *file.reasons)),
            fix=fix,
        )


def _list_requests(context: AppContext, batch_id: str | None) -> Iterator[ExceptionRow]:
    """The requests that a person must act on, with their age: another format than print, or an answer that is late. A
    closed batch does not end a request: a guarantor's is listed until a later batch decides about the guarantor without
    it, and a visit's until the newest batch of the kind finds it no more."""
    codes = (*ALTERNATE_FORMATS.values(), *LISTED_CODES)
    newest = _newest_decided(context)
    seen: set[tuple[str, str]] = set()
    for each in context.ledger.candidates.last_holds(context.facility.facility_id, codes):
        key = (each.subject, each.hold.code)
        if key in seen or batch_id not in {None, each.batch_id}:
            continue
        if each.hold.code in LISTED_CODES and each.batch_id not in newest:
            continue
        seen.add(key)
        text = describe_hold(each.hold.code, context.settings.policy)
        since = each.hold.since
        age = f"on {since}, {(context.today() - since).days:,} days ago" if since else "on an unknown date"
        yield ExceptionRow(
            batch_id=each.batch_id,
            guarantor_id=each.subject,
            document_id=None,
            file=None,
            code=each.hold.code,
            message=f"{text.title} {age}.",
            fix=text.what_to_do,
        )


def _newest_decided(context: AppContext) -> frozenset[str]:
    """The newest batch of each kind that has decided: whom it does not find has no open request any more."""
    newest: dict[Kind, str] = {}
    for each in context.ledger.batches.all():
        if each.state not in (BatchState.OPEN, BatchState.PULLED):
            newest.setdefault(each.kind, each.batch_id)
    return frozenset(newest.values())


def _find_batches(context: AppContext, file: FileToReview) -> set[str]:
    """The ids of the batches whose documents or print files the file names."""
    named = set(_PRINT_FILE_NAME.findall(file.text))
    for document_id in sorted(set(_DOCUMENT_ID.findall(file.text.lower())))[:_DOCUMENTS_MAX]:
        document = context.ledger.documents.get(document_id)
        if document is not None:
            named.add(document.batch_id)
    return named
