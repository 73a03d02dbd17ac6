"""Track mail: process delivery reports, hand off what is due again, close complete batches, report what is late.

Safe to run at any time and to kill at any point: the ledger knows every report that was processed, a file is moved out
of the inbox only after all of it was processed, and a file with the same bytes is never processed twice.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mail_house.bounces import BounceKind, FetchCertificate, fetch_certificate, fetch_once, read_message
from mail_house.errors import HandOffError, Retryable
from mail_house.inbound import Settling, fetch_bounces, fetch_vendor_reports, read_delivery_reports
from mail_house.limits import PARSE_SECONDS_MAX, LimitExceeded, check_message, time_limit
from statement_builder.billing.model import Record
from statement_builder.containment import contain
from statement_builder.errors import (
    BatchBusy,
    ConfigError,
    DeliveryReportError,
    GateStop,
    InvariantError,
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
    not_readable,
    put_away,
    put_away_known,
)
from statement_builder.operations.tracking.inbox import DONE, QUARANTINE, UNCLEAR, WAITING, Inbox, safe_name
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
CHANGED_DAYS_MAX = 7
"""How long after it was processed a file in `done` is watched for changes."""
UNFINISHED_HOURS_MAX = 24
"""How long a file may keep its temporary name before a person is told."""
_IRREGULAR = (
    "is a folder, a link or a device, not a file, so it is not read. Remove it, or put the files in it into the inbox."
)
_UNFINISHED = (
    "has had a temporary name for a day, so it is not read: its transfer did not finish. Ask the sender for it again, "
    "and remove this one."
)
_DATED_AHEAD = (
    "is dated in the future and has kept changing for a day, so it is not read. Correct the clock of the machine that "
    "writes it, or put the complete file into the inbox."
)
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
        inbox = Inbox(Path(context.settings.mail.inbox))
        settling = _start_settling(context, inbox)
        _put_back_changed(context, inbox)
        alerts = _fetch_reports(context, inbox, settling)
        names = inbox.names(settling.of(""))
        unsettled = inbox.unsettled_names(names)
        inbox.save_sightings(settling)
        alerts += _find_dated_ahead(settling)
        files = _process_files(context, inbox, names, alerts, fetch=fetch_once(fetch_certificate))
        return _finish(context, inbox, files, alerts, unsettled)


def accept_file(context: AppContext, name: str, reason: str) -> TrackingResult:
    """Record a file in `waiting` that reverses many mailings, by a person's decision, and finish as `track` does.

    `ConfigError` if there is no such file or no reason.
    """
    if not reason.strip():
        raise ConfigError('Say why the file is accepted: --reason "…".')
    authorize(context, "track", batch_id=TRACKING, subject=name[:255])
    require_delivery(context)
    with context.ledger.lock(TRACKING, owner=context.actor, at=context.now()):
        inbox = Inbox(Path(context.settings.mail.inbox))
        names = inbox.files_to_review()[WAITING]
        if name not in names:
            listed = ", ".join(names) or "none"
            raise ConfigError(f"There is no file {name} in {WAITING} in the inbox. Files that wait: {listed}.")
        sha256 = hashlib.sha256(inbox.read(f"{WAITING}/{name}")).hexdigest()
        context.ledger.events.record(
            TRACKING,
            name[:255],
            what="reversals accepted",
            why=f"{reason} (SHA-256 {sha256})",
            actor=context.actor,
            at=context.now(),
        )
        alerts: list[Alert] = []
        files = _process_files(context, inbox, [f"{WAITING}/{name}"], alerts, is_accepted=True)
        return _finish(context, inbox, files, alerts)


def _finish(
    context: AppContext, inbox: Inbox, files: list[TrackedFile], alerts: list[Alert], unsettled: Sequence[str] = ()
) -> TrackingResult:
    """What follows from the reports: redeliveries, closed batches, and what a person must do."""
    alerts += print_unread_emails(context)
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
    alerts += _review_inbox(inbox)
    return TrackingResult(
        files=tuple(files),
        unsettled=tuple(map(safe_name, unsettled)),
        closed=tuple(closed),
        alerts=tuple(alerts),
    )


def _review_inbox(inbox: Inbox) -> list[Alert]:
    """What a person must look at in the inbox."""
    alerts = [
        alert(
            "REVIEW_INBOX", name, f"Review {folder}/{name} in the inbox.{_ACCEPT if folder == WAITING else ''}", folder
        )
        for folder, names in inbox.files_to_review().items()
        for name in map(safe_name, names)
    ]
    left = dict.fromkeys(inbox.irregular_names(), _IRREGULAR)
    a_day_ago = inbox.file_time() - UNFINISHED_HOURS_MAX * 3_600
    left |= dict.fromkeys(inbox.unfinished_names(unchanged_since=a_day_ago), _UNFINISHED)
    shown = {safe_name(name): what for name, what in left.items()}
    return alerts + [
        alert("REVIEW_INBOX", name, f"{name} in the inbox {what}", QUARANTINE) for name, what in shown.items()
    ]


def _start_settling(context: AppContext, inbox: Inbox) -> Settling:
    """Which files are complete now. A demonstration's clock may be ahead of the file system's."""
    now = max(context.now().timestamp(), inbox.file_time())
    return inbox.start_settling(now=now, settle_s=context.settings.mail.settle_seconds)


def _find_dated_ahead(settling: Settling) -> list[Alert]:
    """Files that a wrong clock has dated, and that were not the same in two runs for a day."""
    return [
        alert("REVIEW_INBOX", safe_name(name), f"{safe_name(name)} {_DATED_AHEAD}", QUARANTINE)
        for name in settling.ahead_for(UNFINISHED_HOURS_MAX * 3_600)
    ]


def _put_back_changed(context: AppContext, inbox: Inbox) -> None:
    """Read again what somebody has written to a file after it was read, processed or not."""
    for name in inbox.grown_names():
        with suppress(OSError):  # it stays where it waits for a person
            inbox.put_back(name)
    for name in inbox.changed_since_taken(changed_after=inbox.file_time() - CHANGED_DAYS_MAX * 86_400):
        with suppress(OSError, LimitExceeded):  # it stays in `done`
            if context.ledger.inbound_files.find(hashlib.sha256(inbox.read(name)).hexdigest()) is None:
                inbox.put_back(name)


def _fetch_reports(context: AppContext, inbox: Inbox, settling: Settling) -> list[Alert]:
    """Fetch reports from the vendor and the bounce mailbox into the inbox."""
    mail, alerts = context.settings.mail, []
    for setting, fetch, url in (
        ("vendor_reports_url", fetch_vendor_reports, mail.vendor_reports_url),
        (
            "portal_reads_url",
            functools.partial(fetch_vendor_reports, setting="mail.portal_reads_url"),
            mail.portal_reads_url,
        ),
        ("bounce_mailbox_url", fetch_bounces, mail.bounce_mailbox_url),
    ):
        try:
            if url:
                fetch(url, environ=context.environ, store=inbox.store, has_settled=settling.of(f"{setting}: "))
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc
        except (HandOffError, OSError) as exc:
            alerts.append(alert("UNREACHABLE", setting, str(exc), "unreachable"))
    return alerts


def _process_files(
    context: AppContext,
    inbox: Inbox,
    names: Sequence[str],
    alerts: list[Alert],
    *,
    is_accepted: bool = False,
    fetch: FetchCertificate = fetch_certificate,
) -> list[TrackedFile]:
    """Process the files one by one. No file stops the others: one that cannot be processed now stays where it is, and
    becomes an alert."""
    files = []
    recorder = DeliveryReportRecorder(context)
    budget = None if is_accepted else ReversalBudget(context.settings.mail.reversals_max)
    for name in names:
        try:
            files.append(_process_file(context, inbox, recorder, name, budget=budget, fetch=fetch))
        except FileNotFoundError:
            continue  # moved away by somebody else in the meantime
        except LedgerError:
            raise  # nothing can be recorded: it concerns every file
        except Retryable as exc:  # it stays in the inbox for the next run
            alerts.append(alert("UNREACHABLE", safe_name(name), str(exc), "unreachable"))
        except (StatementsError, OSError) as exc:
            what = f"cannot be read or moved ({exc.strerror})" if isinstance(exc, OSError) else str(exc)
            message = f"{safe_name(name)} waits in the inbox: {what}. The next run tries it again."
            alerts.append(alert("REVIEW_INBOX", safe_name(name), message, QUARANTINE))
    return files


def _process_file(
    context: AppContext,
    inbox: Inbox,
    recorder: DeliveryReportRecorder,
    name: str,
    *,
    budget: ReversalBudget | None,
    fetch: FetchCertificate,
) -> TrackedFile:
    sha256, size = "", None
    shown = safe_name(name.rpartition("/")[2])
    try:
        data = inbox.read(name)
        sha256, size = hashlib.sha256(data).hexdigest(), len(data)
        if known := context.ledger.inbound_files.find(sha256):
            return put_away_known(inbox, name, known, size=size)
        if _is_email(shown, data):
            result = _process_email(context, recorder, shown, data, fetch)
        else:
            result = _process_vendor_data(recorder, shown, data, budget)
    except Retryable:
        raise  # it stays in the inbox for the next run
    except LimitExceeded as exc:
        result = not_readable(f"The file {exc}.")
    except (MemoryError, RecursionError):
        result = not_readable("The file is larger or more deeply nested than this service can read.")
    except Exception as exc:  # noqa: BLE001 - a bug concerns this file only; `contain` logs it
        problem = contain(exc, "reading a file", shown)
        result = not_readable(f"{problem.message} {problem.fix}")
    if result.lines != result.news + result.unchanged + result.quarantined:
        raise InvariantError(f"of {result.lines} lines, some were neither recorded nor quarantined: report this")
    return put_away(context, inbox, name, result, sha256, size=size)


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
