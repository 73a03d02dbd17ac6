"""The control sheet of a batch: drawn up from the ledger at any time, and kept in the archive when the batch closes."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from msgspec.structs import replace

from mail_house.print_files import envelope_class
from statement_builder.errors import ArchiveError, ConfigError
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.release import open_questions
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import ControlSheet, build_control_sheet


def control_sheet(context: AppContext, batch: Batch) -> ControlSheet:
    """The batch in figures as it stands now: what a supervisor decides on, and what an approval screen shows."""
    return _draw_up(context, batch, context.now())


def encode_control_sheet(sheet: ControlSheet) -> bytes:
    """The sheet as JSON, indented for the person who opens it."""
    return msgspec.json.format(msgspec.json.encode(sheet), indent=2) + b"\n"


def decode_control_sheet(data: bytes) -> ControlSheet:
    """A kept sheet's JSON as data again."""
    return msgspec.json.decode(data, type=ControlSheet)


def print_control_sheet(context: AppContext, sheet: ControlSheet) -> bytes:
    """The sheet as a PDF."""
    from statement_builder.reports.control_sheet_pdf import render_control_sheet  # noqa: PLC0415 - WeasyPrint takes half a second

    return render_control_sheet(sheet, facility=context.facility, templates=context.templates)


def keep_control_sheet(context: AppContext, batch: Batch, *, closed_at: datetime) -> str:
    """Put the sheet of a batch that is about to close into the archive, as JSON and as PDF; their keys, for the ledger.

    A key is the content's hash, so a run that dies before it closed the batch leaves a sheet that nothing refers to.
    """
    sheet = _draw_up(context, replace(batch, state=BatchState.CLOSED, closed_at=closed_at), closed_at)
    keys = []
    for suffix, data in ((".json", encode_control_sheet(sheet)), (".pdf", print_control_sheet(context, sheet))):
        digest = hashlib.sha256(data).hexdigest()
        keys.append(f"control-sheets/{batch.batch_id}/{digest}{suffix}")
        context.archive.put(keys[-1], data, sha256=digest)
    return " ".join(keys)


def read_kept_sheet(context: AppContext, batch: Batch, suffix: str) -> bytes:
    """The sheet as it was when the batch closed, `.json` or `.pdf`, checked against the hash in its key."""
    closed = [
        event
        for event in context.ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
        if event.what == BatchState.CLOSED.value
    ]
    keys = [key for event in closed for key in event.why.split() if key.endswith(suffix)]
    if not keys:
        raise ConfigError(
            f"batch {batch.batch_id} is not closed, so no control sheet of it was kept. Leave --kept out."
        )
    data = context.archive.get(keys[-1])
    if hashlib.sha256(data).hexdigest() not in keys[-1]:
        raise ArchiveError(f"{keys[-1]} was damaged in the archive. Restore it from a backup.")
    return data


def _draw_up(context: AppContext, batch: Batch, at: datetime) -> ControlSheet:
    profile = context.profile()
    return build_control_sheet(
        context.ledger,
        batch,
        envelope_class=lambda pages: envelope_class(pages, profile),
        questions=[question.message for question in open_questions(context, batch)],
        at=at,
    )
