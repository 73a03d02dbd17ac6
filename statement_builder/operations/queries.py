"""Questions about one batch or document: exceptions, holds, print files, unresolved hand-offs, the archived PDF."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO

from msgspec import field

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, DeliveryState, Document, DocumentState, Outcome, replaced_by
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import describe_hold
from statement_builder.printable import one_line


class ExceptionRow(Record, kw_only=True):
    """One item of the work queue: what is wrong with an account, a document or a file, and how to fix it."""

    batch_id: str | None = field(name="batch")
    guarantor_id: str | None = field(name="guarantor")
    document_id: str | None = field(name="document")
    file: str | None
    """A print file, or a file in the inbox."""
    code: str
    message: str
    fix: str


class HoldRow(Record, kw_only=True):
    """One hold on one account."""

    guarantor_id: str = field(name="guarantor")
    outcome: Outcome
    code: str
    account_number: str = field(name="account")
    """Empty when the whole guarantor is held."""
    until: date | None
    is_late: bool = field(name="late")
    """Found by the pre-mail recheck, after the document was made."""
    why: str
    what_to_do: str


class PrintFileSummary(Record, kw_only=True):
    """One print file as its control file describes it, and the state of its hand-off."""

    name: str
    state: DeliveryState
    documents: int
    pages: int
    sheets: int
    cents: int
    sha256: str


class ReissueRow(Record, kw_only=True):
    """A copy or a correction of a document in the batch."""

    document_id: str = field(name="document")
    revision_of: str
    is_copy: bool
    replaced_by: str
    state: DocumentState


class UnresolvedHandOff(Record, kw_only=True):
    """A hand-off whose outcome is unknown, with the evidence that an operator decides on."""

    document_id: str = field(name="document")
    print_file: str | None
    attempt: int
    channel: Channel
    evidence: str


def list_exceptions(context: AppContext, batch: Batch) -> list[ExceptionRow]:
    """Every account that could not be decided and every document that could not be made, with the fix."""
    return [
        ExceptionRow(
            batch_id=batch.batch_id,
            guarantor_id=row.subject,
            document_id=row.document_id,
            file=None,
            code=row.code,
            message=row.message,
            fix=row.fix,
        )
        for row in context.ledger.candidates.exceptions(batch.batch_id)
    ]


def list_holds(context: AppContext, batch: Batch) -> list[HoldRow]:
    """Every hold of the batch, one row per reason, with what the code means and what ends the hold."""
    policy = context.settings.policy
    rows = [
        (row, is_late, hold)
        for row in context.ledger.candidates.held(batch.batch_id)
        for is_late, holds in ((False, row.holds), (True, row.late_holds))
        for hold in holds
    ]
    texts = {code: describe_hold(code, policy) for code in {hold.code for _, _, hold in rows}}
    return [
        HoldRow(
            guarantor_id=row.guarantor_id,
            outcome=row.outcome,
            code=hold.code,
            account_number=hold.account_number,
            until=hold.until,
            is_late=is_late,
            why=texts[hold.code].why,
            what_to_do=texts[hold.code].what_to_do,
        )
        for row, is_late, hold in rows
    ]


def list_print_files(context: AppContext, batch: Batch) -> list[PrintFileSummary]:
    """The print files of the batch, in the order in which they were claimed."""
    return [
        PrintFileSummary(
            name=row.name,
            state=row.state,
            documents=len(row.documents),
            pages=row.pages,
            sheets=row.sheets,
            cents=row.cents,
            sha256=row.sha256,
        )
        for row in context.ledger.print_files.for_batch(batch.batch_id)
    ]


def list_reissues(context: AppContext, batch: Batch) -> list[ReissueRow]:
    """The copies and corrections of the batch's documents."""
    return [
        ReissueRow(
            document_id=document.document_id,
            revision_of=document.revision_of,
            is_copy=document.is_copy,
            replaced_by=replaced_by(context.ledger.documents.revisions(document.document_id), document.document_id),
            state=document.state,
        )
        for document in context.ledger.documents.for_batch(batch.batch_id, reissues=True)
    ]


def list_unresolved_hand_offs(context: AppContext, batch: Batch) -> list[UnresolvedHandOff]:
    """Hand-offs whose outcome is unknown; an operator decides each with `statements resolve`.

    One row per e-mail and one per print file, since the vendor has either all of a print file or none of it.
    """
    rows: dict[str, UnresolvedHandOff] = {}
    for document in context.ledger.documents.uncertain(batch.batch_id):
        delivery = context.ledger.deliveries.for_document(document.document_id)[-1]
        row = UnresolvedHandOff(
            document_id=document.document_id,
            print_file=delivery.print_file or None,
            attempt=delivery.attempt,
            channel=delivery.channel,
            evidence=(delivery.receipt or {}).get("evidence", ""),
        )
        rows.setdefault(row.print_file or row.document_id, row)
    return list(rows.values())


def write_document(context: AppContext, document: Document, path: Path) -> None:
    """Write one archived PDF to a file that only its owner can read."""
    write_private(path, read_archived(context, document))


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, as `private_file`."""
    with private_file(path) as file:
        file.write(data)


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that only its owner can read. It takes the place of what was there when the block ends without an
    error; otherwise nothing has changed.

    `ConfigError` if it cannot be written, or if the path is a symbolic link, which may lead to another user's file.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise ConfigError(
                f"{one_line(str(path))} is a link or no ordinary file. Name a new file, or remove it first."
            )
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise ConfigError(f"{one_line(str(path))} cannot be written: {exc.strerror}") from exc
