"""The control sheet of a batch: built from the ledger at any time, and archived when the batch closes."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from msgspec.structs import replace

from mail_house.print_files import envelope_class
from statement_builder import reports
from statement_builder.errors import ArchiveError, ConfigError
from statement_builder.ledger import ArchivedControlSheet, Batch, BatchState, FinalVendorStatus
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.event_log import read_seals, seal_events
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import ControlSheet
from statement_builder.reports.event_seal import EventSeal


def build_control_sheet(context: AppContext, batch: Batch) -> ControlSheet:
    """The batch in figures as of now, for the supervisor who releases it."""
    seals = read_seals(context.archive, batch) if batch.state is BatchState.CLOSED else []
    return _build(context, batch, context.now(), seals[-1] if seals else None)


def encode_control_sheet(sheet: ControlSheet) -> bytes:
    """The sheet as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(sheet), indent=2) + b"\n"


def decode_control_sheet(data: bytes) -> ControlSheet:
    """The sheet from its JSON."""
    return msgspec.json.decode(data, type=ControlSheet)


def render_control_sheet(context: AppContext, sheet: ControlSheet) -> bytes:
    """The sheet as a PDF."""
    from statement_builder.reports import control_sheet_pdf  # noqa: PLC0415 - WeasyPrint takes half a second

    return control_sheet_pdf.render_control_sheet(sheet, facility=context.facility, templates=context.templates)


def archive_control_sheet(context: AppContext, batch: Batch, *, closed_at: datetime) -> ArchivedControlSheet:
    """Seal the event log for a batch that is about to close, and archive its sheet as JSON and PDF. Returns both keys.

    A key contains the hash of its content. If the process dies before the batch is closed, the next try archives
    another sheet and nothing refers to this one.
    """
    seal = seal_events(context, batch, at=closed_at)
    sheet = _build(context, replace(batch, state=BatchState.CLOSED, closed_at=closed_at), closed_at, seal)
    keys = []
    for suffix, data in ((".json", encode_control_sheet(sheet)), (".pdf", render_control_sheet(context, sheet))):
        digest = hashlib.sha256(data).hexdigest()
        keys.append(f"control-sheets/{batch.batch_id}/{digest}{suffix}")
        context.archive.put(keys[-1], data, sha256=digest)
    return ArchivedControlSheet(json_key=keys[0], pdf_key=keys[1], is_sealed=True)


def read_archived_sheet(context: AppContext, batch: Batch, suffix: str) -> bytes:
    """The sheet as it was when the batch closed; `suffix` is `.json` or `.pdf`.

    `ConfigError` if the batch is not closed; `ArchiveError` if the content does not match the hash in its key.
    """
    events = context.ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
    sheets = [event.data for event in events if isinstance(event.data, ArchivedControlSheet)]
    if not sheets:
        raise ConfigError(f"batch {batch.batch_id} is not closed, so it has no archived control sheet. Omit --kept.")
    key = {".json": sheets[-1].json_key, ".pdf": sheets[-1].pdf_key}[suffix]
    data = context.archive.get(key)
    if hashlib.sha256(data).hexdigest() not in key:
        raise ArchiveError(f"{key} is damaged in the archive. Restore it from a backup.")
    return data


def _build(context: AppContext, batch: Batch, at: datetime, seal: EventSeal | None) -> ControlSheet:
    profile = context.profile()
    return reports.build_control_sheet(
        context.ledger,
        batch,
        envelope_class=lambda pages: envelope_class(pages, profile),
        questions=[check.question for check in pending_checks(context, batch)],
        at=at,
        clock_basis=_describe_clock_basis(context, batch),
        event_seal=seal,
    )


def _describe_clock_basis(context: AppContext, batch: Batch) -> str:
    """The assumption about the day of mailing, as configured when the files were claimed or, before that, now. Empty if
    the vendor reports every mailing."""
    mail = context.settings.mail
    files = [
        (row.reports, row.assumed_mailing_business_days) for row in context.ledger.print_files.for_batch(batch.batch_id)
    ]
    bases = files or [(mail.final_vendor_status, mail.assumed_mailing_business_days)]
    assumed = [(status, days) for status, days in bases if status is not FinalVendorStatus.MAILED]
    if not assumed:
        return ""
    status, days = max(assumed, key=lambda basis: basis[1])
    start = "acknowledgment" if status is FinalVendorStatus.ACKNOWLEDGED else "hand-off"
    when = f"{days} business day{'' if days == 1 else 's'} after {start}" if days else f"the day of {start}"
    return (
        "The print vendor does not report when pieces are mailed. All legal clocks run on the assumption that they are "
        f"mailed {when if days else 'on ' + when}."
    )
