"""Track mail: process delivery reports, hand off what is due again, close complete batches, report what is late.

Safe to run at any time and to kill at any point: the ledger knows every report that was processed, a file is moved out
of the inbox only after all of it was processed, and a file with the same bytes is never processed twice.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from mail_house.bounces import BounceKind, FetchCertificate, fetch_certificate, fetch_once, read_message
from mail_house.inbound import fetch_bounces, fetch_vendor_reports, read_delivery_reports
from mail_house.limits import PARSE_SECONDS_MAX, LimitExceeded, check_message, time_limit
from statement_builder.billing.model import Record
from statement_builder.errors import (
    BatchBusy,
    ConfigError,
    DeliveryReportError,
    GateStop,
    LedgerError,
    StatementsError,
)
from statement_builder.ledger import BatchState
from statement_builder.operations.close import close_batch
from statement_builder.operations.reissue.resend import hand_off_due
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.delivery_reports import DeliveryReportRecorder
from statement_builder.operations.tracking.email_proof import read_evidence
from statement_builder.operations.tracking.estate_deadlines import find_estate_deadlines
from statement_builder.operations.tracking.inbound_files import (
    Processed,
    TrackedFile,
)
from statement_builder.operations.tracking.inbox import DONE, QUARANTINE, REVIEW_FOLDERS, UNCLEAR, WAITING, safe_name
from statement_builder.operations.tracking.inbox_run import InboxRun
from statement_builder.operations.tracking.portal_feed import publish_waiting
from statement_builder.operations.tracking.tracking_alerts import Alert, alert, find_late_files, stop_mail_to_deceased
from statement_builder.operations.tracking.unread_emails import print_unread_emails
from statement_builder.operations.tracking.vendor_files import ReversalBudget, process_vendor_file
from statement_builder.operations.tracking.write_back import write_back_all
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email.email_stop import explain_stop, is_email_stopped
from statement_builder.pipeline.preconditions import require_delivery

TRACKING = "tracking"
"""The name of the lock that keeps two runs from overlapping, and the subject of tracking's own events."""
_READ_IT = (
    "Read it in a mail program: if it says that the patient has died, record the hold DECEASED in the billing system "
    "before anything else"
)
_ACCEPT = " It reverses many mailings: statements track --accept FILE records it."


class TrackingResult(Record, kw_only=True):
    """What one run of the tracking did and found."""

    files: tuple[TrackedFile, ...]
    unsettled: tuple[str, ...]
    """Files that changed less than `mail.settle_seconds` ago, or are dated in the future: the next run takes them in if
    they have not changed."""
    closed: tuple[str, ...]
    """The ids of the batches that it closed."""
    alerts: tuple[Alert, ...]


def track(context: AppContext, *, fetch_certificate: FetchCertificate = fetch_certificate) -> TrackingResult:
    """Process every waiting report. `ConfigError` for an invalid setting, `BatchBusy` if another run is in progress.
    `fetch_certificate` fetches the certificates of Amazon SNS.

    A server that cannot be reached or a file that cannot be read becomes an alert; the run continues.
    """
    authorize(context, "track", batch_id=TRACKING)
    require_delivery(context)
    with context.ledger.lock(TRACKING, owner=context.actor, at=context.now()):
        run = _open_inbox(context)
        run.put_back_changed()
        _fetch_reports(context, run)
        names = run.complete_names()
        unsettled = run.inbox.unsettled_names(names)
        files = _process_files(context, run, names, fetch=fetch_once(fetch_certificate))
        return _finish(context, run, files, unsettled)


def accept_file(context: AppContext, name: str, reason: str) -> TrackingResult:
    """Record a file in `waiting` that reverses many mailings, by a person's decision, and finish as `track` does.

    `ConfigError` if there is no such file or no reason.
    """
    if not reason.strip():
        raise ConfigError('Say why the file is accepted: --reason "…".')
    authorize(context, "track", batch_id=TRACKING, subject=name[:255])
    require_delivery(context)
    with context.ledger.lock(TRACKING, owner=context.actor, at=context.now()):
        run = _open_inbox(context)
        names = run.inbox.files_to_review()[WAITING]
        if name not in names:
            listed = ", ".join(names) or "none"
            raise ConfigError(f"There is no file {name} in {WAITING} in the inbox. Files that wait: {listed}.")
        sha256 = hashlib.sha256(run.inbox.read(f"{WAITING}/{name}")).hexdigest()
        context.ledger.events.record(
            TRACKING,
            name[:255],
            what="reversals accepted",
            why=f"{reason} (SHA-256 {sha256})",
            actor=context.actor,
            at=context.now(),
        )
        files = _process_files(context, run, [f"{WAITING}/{name}"], is_accepted=True)
        return _finish(context, run, files)


def _open_inbox(context: AppContext) -> InboxRun:
    return InboxRun(
        context,
        Path(context.settings.mail.inbox),
        setting="mail.inbox",
        shown="the inbox",
        runbook=QUARANTINE,
        runbooks={folder: folder for folder in REVIEW_FOLDERS},
    )


def _finish(
    context: AppContext, run: InboxRun, files: list[TrackedFile], unsettled: Sequence[str] = ()
) -> TrackingResult:
    """What follows from the reports: redeliveries, closed batches, and what a person must do."""
    alerts = [*run.alerts, *print_unread_emails(context)]
    alerts += [
        alert("REDELIVERY_BLOCKED", batch_id, message, "redelivery-blocked")
        for batch_id, message in hand_off_due(context).items()
    ]
    alerts += _find_sender_faults(context)
    alerts += stop_mail_to_deceased(context)
    alerts += publish_waiting(context)
    alerts += write_back_all(context)
    closed = _close_complete_batches(context, alerts)
    alerts += find_late_files(context)
    alerts += find_estate_deadlines(context)
    alerts += run.review(hints={WAITING: _ACCEPT})
    return TrackingResult(
        files=tuple(files),
        unsettled=tuple(map(safe_name, unsettled)),
        closed=tuple(closed),
        alerts=tuple(alerts),
    )


def _fetch_reports(context: AppContext, run: InboxRun) -> None:
    """Fetch reports from the vendor, the portal, and the bounce mailbox into the inbox."""
    mail = context.settings.mail
    fetch_reads = functools.partial(fetch_vendor_reports, setting="mail.portal_reads_url")
    run.fetch(fetch_vendor_reports, mail.vendor_reports_url, subject="vendor_reports_url", runbook="unreachable")
    run.fetch(fetch_reads, mail.portal_reads_url, subject="portal_reads_url", runbook="unreachable")
    run.fetch(fetch_bounces, mail.bounce_mailbox_url, subject="bounce_mailbox_url", runbook="unreachable")


def _process_files(
    context: AppContext,
    run: InboxRun,
    names: Sequence[str],
    *,
    is_accepted: bool = False,
    fetch: FetchCertificate = fetch_certificate,
) -> list[TrackedFile]:
    recorder = DeliveryReportRecorder(context)
    budget = None if is_accepted else ReversalBudget(context.settings.mail.reversals_max)

    def read(name: str, data: bytes) -> Processed:
        if _is_email(name, data):
            return _process_email(context, recorder, name, data, fetch)
        return _process_vendor_data(recorder, name, data, budget)

    return run.process(names, read)


def _process_vendor_data(
    recorder: DeliveryReportRecorder, name: str, data: bytes, budget: ReversalBudget | None
) -> Processed:
    """Parse and record one file. Parsing has a time limit; recording waits for the ledger and has none."""
    with time_limit(PARSE_SECONDS_MAX):
        parsed = read_delivery_reports(data)
    return process_vendor_file(recorder, name, parsed, budget=budget)


def _is_email(name: str, data: bytes) -> bool:
    """Whether it is a message, or a notification from Amazon SES. Lob's events are JSON too, with an `event_type`."""
    return name.lower().endswith(".eml") or (data.lstrip()[:1] == b"{" and b'"event_type"' not in data)


def _process_email(
    context: AppContext, recorder: DeliveryReportRecorder, name: str, data: bytes, fetch: FetchCertificate
) -> Processed:
    """Record what is certain and proven. A delay warning changes nothing: the receiving server is still trying."""
    try:
        with time_limit(PARSE_SECONDS_MAX):
            check_message(data)
            message = read_message(data)
            evidence = read_evidence(data, message.notification, context.settings.mail, fetch)
    except LimitExceeded as exc:
        raise LimitExceeded(f"{exc}. {_READ_IT}") from exc
    bounces, accepted = [recorder.identify(bounce) for bounce in message.bounces], message.accepted
    news, reasons = 0, []
    if accepted is not None:
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
    lines = max(1, len(bounces) + (accepted is not None))
    return Processed(
        file_type="bounce",
        lines=lines,
        reports=len(bounces),
        news=news,
        unchanged=lines - news - len(reasons),
        quarantined=len(reasons),
        reasons=reasons,
        folder=UNCLEAR if reasons else DONE,
    )


def _find_sender_faults(context: AppContext) -> list[Alert]:
    """One alert for all e-mails that bounced because of the sender."""
    if not is_email_stopped(context):
        return []
    return [alert("SENDER_REFUSED", "email", explain_stop(context), "sender-refused")]


def _close_complete_batches(context: AppContext, alerts: list[Alert]) -> list[str]:
    """Close the batches whose last report has arrived. `statements rerun` says what keeps another batch open. A batch
    that cannot be closed now, such as for an archive that cannot be reached, becomes an alert."""
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
        except LedgerError:
            raise
        except StatementsError as exc:
            message = f"batch {batch.batch_id} is complete and was not closed: {exc}. The next run tries it again."
            alerts.append(alert("CLOSE_BLOCKED", batch.batch_id, message, "unreachable"))
    return closed
