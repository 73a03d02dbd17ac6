"""Track: take in what came back, hand off again what has to go again, close what is complete, say what is late.

Safe to run at any time and to kill at any moment: an answer that was taken is known to the ledger, a file is put away
only when all of it was taken, and a file with the same bytes is never taken twice.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

from mail_house.bounces import BounceKind, read, read_accepted
from mail_house.errors import HandOffError
from mail_house.inbound import fetch_bounces, fetch_vendor_reports, read_delivery_reports
from statement_builder.billing.model import Record
from statement_builder.errors import BatchBusy, ConfigError, DeliveryReportError, GateStop
from statement_builder.ledger import BatchState, FinalVendorStatus, InboundFile, PrintFileRow
from statement_builder.operations.close import close_batch
from statement_builder.operations.delivery_reports import Answers
from statement_builder.operations.inbox import DONE, MOVED, QUARANTINE, UNCLEAR, Inbox
from statement_builder.operations.resend import hand_off_again
from statement_builder.pipeline.context import AppContext

TRACKING = "tracking"
"""The name that one run of the tracking holds, so that a second one waits for another day."""
_SATURDAY = 5


class TrackedFile(Record, kw_only=True):
    """One file that was taken in."""

    name: str
    form: str
    answers: int
    news: int
    """Of those: what the ledger did not know."""
    problems: int
    put_in: str
    """The folder of the inbox where it is now."""


class Alert(Record, kw_only=True):
    """Something that a person has to do, and where it says how."""

    code: str
    subject: str
    message: str
    runbook: str


class Tracked(Record, kw_only=True):
    """What one run of the tracking did and found."""

    files: tuple[TrackedFile, ...] = ()
    closed: tuple[str, ...] = ()
    """Batches that became complete."""
    alerts: tuple[Alert, ...] = ()


def track(context: AppContext) -> Tracked:
    """Take in everything that waits. `ConfigError` for a setting that is wrong, `BatchBusy` when another run is at it.

    What cannot be reached or is not understood becomes an alert, and the rest goes on.
    """
    with context.ledger.lock(TRACKING, owner=context.actor, at=context.now()):
        inbox = Inbox(Path(context.settings.mail.inbox))
        alerts = _collect(context, inbox)
        answers = Answers(context)
        files = tuple(_take_file(context, inbox, answers, name) for name in inbox.names())
        alerts += [_alert("REDELIVERY_BLOCKED", "", message, "what-came-back") for message in hand_off_again(context)]
        closed = _close_complete(context)
        alerts += _find_late(context)
        alerts += [
            _alert("REVIEW_INBOX", name, f"{where}/{name} in the inbox waits for a person.", where)
            for where, names in inbox.waiting_for_a_person().items()
            for name in names
        ]
    return Tracked(files=files, closed=tuple(closed), alerts=tuple(alerts))


def _collect(context: AppContext, inbox: Inbox) -> list[Alert]:
    """Fetch what lies elsewhere into the inbox."""
    mail, alerts = context.settings.mail, []
    for collect, url in ((fetch_vendor_reports, mail.vendor_reports_url), (fetch_bounces, mail.bounce_mailbox_url)):
        try:
            if url:
                collect(url, environ=context.environ, store=inbox.keep)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc
        except (HandOffError, OSError) as exc:
            alerts.append(_alert("UNREACHABLE", "", str(exc), "what-came-back"))
    return alerts


def _take_file(context: AppContext, inbox: Inbox, answers: Answers, name: str) -> TrackedFile:
    data = inbox.read(name)
    sha256 = hashlib.sha256(data).hexdigest()
    if context.ledger.inbound_files.is_processed(sha256):
        inbox.put_away(name, DONE)
        return TrackedFile(name=name, form="taken before", answers=0, news=0, problems=0, put_in=DONE)
    taken = _take_bounces if _is_mail(name, data) else _take_answers
    form, said, news, reasons, put_in = taken(answers, name, data)
    taken_in = InboundFile(
        sha256=sha256, name=name, form=form, taken_at=context.now(), records=said, problems=len(reasons)
    )
    if put_in == DONE:  # first, so that no second copy of it is ever news
        context.ledger.inbound_files.record(taken_in)
    inbox.put_away(name, put_in, reasons)
    if put_in not in {DONE, QUARANTINE}:  # only now: what was taken before is put in `done`, where nobody looks
        context.ledger.inbound_files.record(taken_in)
    return TrackedFile(name=name, form=form, answers=said, news=news, problems=len(reasons), put_in=put_in)


def _is_mail(name: str, data: bytes) -> bool:
    """A message, or a notification of Amazon SES, which is JSON as Lob's events are."""
    return name.endswith(".eml") or (data.lstrip()[:1] == b"{" and b'"event_type"' not in data)


_Outcome = tuple[str, int, int, list[str], str]
"""Form, answers, news, reasons and folder."""


def _take_answers(answers: Answers, name: str, data: bytes) -> _Outcome:
    """Line by line: what is good counts, what is not stays to be looked at."""
    taken = read_delivery_reports(data)
    reasons = {problem.line: problem.message for problem in taken.problems}
    news = 0
    for line, answer in taken.reports:
        try:
            news += answers.take(answer, why=f"{name}, line {line}")
        except DeliveryReportError as exc:
            reasons[line] = str(exc)
    told = [f"line {line}: {message}" if line else message for line, message in sorted(reasons.items())]
    where = QUARANTINE if told else MOVED if taken.file_type == "address changes" and news else DONE
    return taken.file_type, len(taken.reports), news, told, where


def _take_bounces(answers: Answers, name: str, data: bytes) -> _Outcome:
    """What is certain counts. Warnings change nothing: the other server is still trying."""
    bounces = [answers.identify(bounce) for bounce in read(data)]
    news, reasons = 0, []
    if (accepted := read_accepted(data)) is not None:
        try:
            news += answers.take_accepted(accepted, why=name)
        except DeliveryReportError as exc:
            reasons.append(str(exc))
    for bounce in bounces:
        if bounce.still_trying and bounce.document_id:
            continue
        if bounce.kind is BounceKind.UNCLEAR or not bounce.document_id:
            reasons.append("Read it: nothing in it says for certain which document came back, and why.")
            answers.note_unclear(bounce.document_id, why=name)
            continue
        try:
            news += answers.take_bounce(bounce, why=name)
        except DeliveryReportError as exc:
            reasons.append(str(exc))
    return "bounce", len(bounces), news, reasons, UNCLEAR if reasons else DONE


def _close_complete(context: AppContext) -> list[str]:
    """Close the batches whose last answer has come. What keeps another one open is said by its own re-run."""
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


def _find_late(context: AppContext) -> list[Alert]:
    """Print files that the vendor has not answered about in the time that it has (domain rules 7.2)."""
    alerts = []
    mail, now = context.settings.mail, context.now()
    for file in context.ledger.print_files.awaiting_final_status(context.facility.facility_id):
        acknowledge_by = file.changed_at + timedelta(hours=mail.ack_deadline_hours)
        if not context.ledger.print_files.is_acknowledged(file.name):
            if now >= acknowledge_by:
                alerts.append(_late(file, "ACK_LATE", "not acknowledged", "late-acknowledgement"))
        elif file.reports is FinalVendorStatus.MAILED and now >= _after_business_days(
            file.changed_at, mail.mailed_deadline_business_days
        ):
            alerts.append(_late(file, "MAIL_LATE", "not reported as mailed, not in full", "late-mailed-report"))
    return alerts


def _late(file: PrintFileRow, code: str, what: str, runbook: str) -> Alert:
    message = (
        f"{file.name} ({len(file.documents)} pieces, batch {file.batch_id}) was handed off at "
        f"{file.changed_at:%Y-%m-%d %H:%M} UTC and is {what}. Ask the vendor about it by this name; "
        "do not send it again."
    )
    return _alert(code, file.name, message, runbook)


def _after_business_days(start: datetime, days: int) -> datetime:
    """The same time of day, so many Mondays to Fridays later. On a holiday the alert comes a day early."""
    end = start
    while days:
        end += timedelta(days=1)
        days -= _is_business_day(end.date())
    return end


def _is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _alert(code: str, subject: str, message: str, runbook: str) -> Alert:
    return Alert(code=code, subject=subject, message=message, runbook=f"docs/runbooks/{runbook}.md")
