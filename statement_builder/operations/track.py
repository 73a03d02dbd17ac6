"""Track mail: process delivery reports, hand off what is due again, close complete batches, report what is late.

Safe to run at any time and to kill at any point: the ledger knows every report that was processed, a file is moved out
of the inbox only after all of it was processed, and a file with the same bytes is never processed twice.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from msgspec import field

from mail_house.bounces import BounceKind, FetchCertificate, fetch_certificate, read, read_accepted
from mail_house.errors import HandOffError, Retryable
from mail_house.inbound import fetch_bounces, fetch_vendor_reports, read_delivery_reports
from statement_builder.billing.model import Record
from statement_builder.errors import BatchBusy, ConfigError, DeliveryReportError, GateStop, StatementsError
from statement_builder.ledger import BatchState, FinalVendorStatus, InboundFile, PrintFileRow
from statement_builder.operations.close import close_batch
from statement_builder.operations.delivery_reports import DeliveryReportRecorder
from statement_builder.operations.email_proof import Evidence, read_evidence
from statement_builder.operations.inbox import ADDRESS_CHANGES, DONE, QUARANTINE, UNCLEAR, Inbox
from statement_builder.operations.resend import hand_off_due
from statement_builder.operations.void import void_document
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email_stop import explain_stop, is_email_stopped

TRACKING = "tracking"
"""The name of the lock that keeps two runs from overlapping, and the subject of tracking's own events."""
_SATURDAY = 5


class TrackedFile(Record, kw_only=True):
    """One processed file."""

    name: str
    file_type: str = field(name="form")
    reports: int = field(name="answers")
    news: int
    """Reports that the ledger did not know."""
    problems: int
    folder: str = field(name="put_in")
    """The subfolder of the inbox that it was moved to."""


class Alert(Record, kw_only=True):
    """Something that a person must do, and the runbook that says how."""

    code: str
    subject: str
    message: str
    runbook: str


class TrackingResult(Record, kw_only=True):
    """What one run of the tracking did and found."""

    files: tuple[TrackedFile, ...]
    closed: tuple[str, ...]
    """The ids of the batches that it closed."""
    alerts: tuple[Alert, ...]


def track(context: AppContext, *, fetch_certificate: FetchCertificate = fetch_certificate) -> TrackingResult:
    """Process every waiting report. `ConfigError` for an invalid setting, `BatchBusy` if another run is in progress.
    `fetch_certificate` fetches the certificates of Amazon SNS.

    A server that cannot be reached or a file that cannot be read becomes an alert; the run continues.
    """
    with context.ledger.lock(TRACKING, owner=context.actor, at=context.now()):
        inbox = Inbox(Path(context.settings.mail.inbox))
        alerts = _fetch_reports(context, inbox)
        recorder = DeliveryReportRecorder(context)
        fetch = functools.cache(fetch_certificate)
        files = []
        for name in inbox.names():
            try:
                files.append(_process_file(context, inbox, recorder, name, fetch))
            except Retryable as exc:  # it stays in the inbox for the next run
                alerts.append(_alert("UNREACHABLE", name, str(exc), "unreachable"))
        alerts += [
            _alert("REDELIVERY_BLOCKED", batch_id, message, "redelivery-blocked")
            for batch_id, message in hand_off_due(context).items()
        ]
        alerts += _find_sender_faults(context)
        alerts += _stop_mail_to_deceased(context)
        closed = _close_complete_batches(context)
        alerts += _find_late_files(context)
        alerts += [
            _alert("REVIEW_INBOX", name, f"Review {folder}/{name} in the inbox.", folder)
            for folder, names in inbox.files_to_review().items()
            for name in names
        ]
    return TrackingResult(files=tuple(files), closed=tuple(closed), alerts=tuple(alerts))


def _fetch_reports(context: AppContext, inbox: Inbox) -> list[Alert]:
    """Fetch reports from the vendor and the bounce mailbox into the inbox."""
    mail, alerts = context.settings.mail, []
    for setting, fetch, url in (
        ("vendor_reports_url", fetch_vendor_reports, mail.vendor_reports_url),
        ("bounce_mailbox_url", fetch_bounces, mail.bounce_mailbox_url),
    ):
        try:
            if url:
                fetch(url, environ=context.environ, store=inbox.store)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc
        except (HandOffError, OSError) as exc:
            alerts.append(_alert("UNREACHABLE", setting, str(exc), "unreachable"))
    return alerts


class _Processed(NamedTuple):
    """What one file contained, and the subfolder that it belongs in."""

    file_type: str
    reports: int
    news: int
    reasons: Sequence[str]
    """Why a person must review it."""
    folder: str


def _process_file(
    context: AppContext, inbox: Inbox, recorder: DeliveryReportRecorder, name: str, fetch: FetchCertificate
) -> TrackedFile:
    data = inbox.read(name)
    sha256 = hashlib.sha256(data).hexdigest()
    if context.ledger.inbound_files.is_processed(sha256):
        inbox.move(name, DONE)
        return TrackedFile(name=name, file_type="already processed", reports=0, news=0, problems=0, folder=DONE)
    if _is_email(name, data):
        result = _process_email(recorder, name, data, read_evidence(data, context.settings.mail, fetch))
    else:
        result = _process_vendor_file(recorder, name, data)
    file = InboundFile(
        sha256=sha256,
        name=name,
        form=result.file_type,
        taken_at=context.now(),
        records=result.reports,
        problems=len(result.reasons),
    )
    if result.folder == DONE:  # recorded before the move, so that a second copy of it is never news
        context.ledger.inbound_files.record(file)
    inbox.move(name, result.folder, result.reasons)
    if result.folder not in {DONE, QUARANTINE}:
        # Recorded after the move: a file that is recorded goes to `done` next time, where no person reviews it.
        context.ledger.inbound_files.record(file)
    return TrackedFile(
        name=name,
        file_type=result.file_type,
        reports=result.reports,
        news=result.news,
        problems=len(result.reasons),
        folder=result.folder,
    )


def _is_email(name: str, data: bytes) -> bool:
    """Whether it is a message, or a notification from Amazon SES. Lob's events are JSON too, with an `event_type`."""
    return name.endswith(".eml") or (data.lstrip()[:1] == b"{" and b'"event_type"' not in data)


def _process_vendor_file(recorder: DeliveryReportRecorder, name: str, data: bytes) -> _Processed:
    """Record each valid line, and keep the reason why each other line is invalid."""
    parsed = read_delivery_reports(data)
    reasons = {problem.line: problem.message for problem in parsed.problems}
    news = 0
    for line, report in parsed.reports:
        try:
            news += recorder.record(report, why=f"{name}, line {line}")
        except DeliveryReportError as exc:
            reasons[line] = str(exc)
    problems = [f"line {line}: {message}" if line else message for line, message in sorted(reasons.items())]
    has_moves = parsed.file_type == "address changes" and news
    folder = QUARANTINE if problems else ADDRESS_CHANGES if has_moves else DONE
    return _Processed(parsed.file_type, len(parsed.reports), news, problems, folder)


def _process_email(recorder: DeliveryReportRecorder, name: str, data: bytes, evidence: Evidence) -> _Processed:
    """Record what is certain and proven. A delay warning changes nothing: the receiving server is still trying."""
    bounces = [recorder.identify(bounce) for bounce in read(data)]
    news, reasons = 0, []
    if (accepted := read_accepted(data)) is not None:
        try:
            news += recorder.record_accepted(accepted, evidence, why=name)
        except DeliveryReportError as exc:
            reasons.append(str(exc))
    for bounce in bounces:
        if bounce.still_trying and bounce.document_id:
            continue
        if bounce.kind is BounceKind.UNCLEAR or not bounce.document_id:
            reasons.append(
                "Read this message: it does not say for certain which document bounced, and why. If it says that the "
                "patient has died, record the hold DECEASED in the billing system before anything else."
            )
            recorder.note_unclear(bounce.document_id, why=name)
            continue
        if doubt := recorder.find_doubt(bounce, evidence):
            reasons.append(
                f"Read this message. It says that document {bounce.document_id} bounced, or that its recipient "
                f"complained, and that is not proven: {doubt}. Nothing was changed."
            )
            recorder.note_unclear(bounce.document_id, why=name)
            continue
        try:
            news += recorder.record_bounce(bounce, why=name)
        except DeliveryReportError as exc:
            reasons.append(str(exc))
    return _Processed("bounce", len(bounces), news, reasons, UNCLEAR if reasons else DONE)


def _find_sender_faults(context: AppContext) -> list[Alert]:
    """One alert for all e-mails that bounced because of the sender."""
    if not is_email_stopped(context):
        return []
    return [_alert("SENDER_REFUSED", "email", explain_stop(context), "sender-refused")]


def _close_complete_batches(context: AppContext) -> list[str]:
    """Close the batches whose last report has arrived. `statements rerun` says what keeps another batch open."""
    closed = []
    for batch in context.ledger.batches.all():
        if batch.state is not BatchState.HANDING_OFF or batch.facility_id != context.facility.facility_id:
            continue
        try:
            with context.ledger.lock(batch.batch_id, owner=context.actor, at=context.now()):
                current = context.require_batch(batch.batch_id)
                if current.state is BatchState.HANDING_OFF:
                    close_batch(context, current)
                    closed.append(batch.batch_id)
        except (GateStop, BatchBusy):
            continue
    return closed


def _stop_mail_to_deceased(context: AppContext) -> list[Alert]:
    """Cancel the pieces to guarantors who have died that are with a vendor and not mailed. One alert per piece that the
    vendor does not cancel, until it is reported as mailed or must have been mailed."""
    alerts, now = [], context.now()
    days = context.settings.mail.mailed_deadline_business_days
    for piece in context.ledger.suppressions.pieces_to_deceased(context.facility.facility_id):
        is_final = piece.reports is not FinalVendorStatus.MAILED
        if is_final and now >= _add_business_days(piece.changed_at, days):
            continue
        document = context.require_document(piece.document_id)
        try:
            void_document(context, document, "the guarantor has died")
        except (StatementsError, HandOffError) as exc:
            message = (
                f"{piece.document_id} (batch {piece.batch_id}) is {piece.state} in {piece.print_file}, and mail to its "
                f"guarantor was returned as deceased: ask the vendor to pull the piece. It was not cancelled: {exc}"
            )
            alerts.append(_alert("DECEASED_MAIL", piece.document_id, message, "guarantor-deceased"))
    return alerts


def _find_late_files(context: AppContext) -> list[Alert]:
    """Print files whose vendor report is past its deadline (domain rules 7.2)."""
    alerts = []
    mail, now = context.settings.mail, context.now()
    for file in context.ledger.print_files.awaiting_final_status(context.facility.facility_id):
        acknowledge_by = file.changed_at + timedelta(hours=mail.ack_deadline_hours)
        if not context.ledger.print_files.is_acknowledged(file.name):
            if now >= acknowledge_by:
                alerts.append(_late(file, "ACK_LATE", "not acknowledged", "late-acknowledgement"))
        elif file.reports is FinalVendorStatus.MAILED and now >= _add_business_days(
            file.changed_at, mail.mailed_deadline_business_days
        ):
            alerts.append(_late(file, "MAIL_LATE", "not fully reported as mailed", "late-mailed-report"))
    return alerts


def _late(file: PrintFileRow, code: str, status: str, runbook: str) -> Alert:
    message = (
        f"{file.name} ({len(file.documents)} pieces, batch {file.batch_id}) was handed off at "
        f"{file.changed_at:%Y-%m-%d %H:%M} UTC and is {status}. Ask the vendor about it by this name; "
        "do not send it again."
    )
    return _alert(code, file.name, message, runbook)


def _add_business_days(start: datetime, days: int) -> datetime:
    """The same time of day, `days` weekdays later. Holidays count, so the alert is a day early then."""
    end = start
    while days:
        end += timedelta(days=1)
        days -= _is_business_day(end.date())
    return end


def _is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _alert(code: str, subject: str, message: str, runbook: str) -> Alert:
    return Alert(code=code, subject=subject, message=message, runbook=f"docs/runbooks/{runbook}.md")
