"""Read what payroll took. A deduction that was not taken, or not in full, is a miss: the plan is no longer current, and
its letters go on.

Each line is matched to what payroll was told. One that is not clear waits for a person in `quarantine`, and the others
count. Files are handled as those of the mail's inbox: never deleted, and the same bytes are read once.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

from mail_house.errors import HandOffError
from mail_house.inbound import fetch_vendor_reports
from mail_house.limits import PARSE_SECONDS_MAX, LimitExceeded, time_limit
from mail_house.payroll import Answer, read_answers
from statement_builder.billing.model import Record
from statement_builder.billing.payroll import DeductionRow
from statement_builder.errors import ConfigError, LedgerError
from statement_builder.ledger import PAYROLL, DeductionAnswer
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.inbound_files import (
    Processed,
    TrackedFile,
    not_readable,
    put_away,
    put_away_known,
)
from statement_builder.operations.tracking.inbox import DONE, QUARANTINE, REVIEW_FOLDERS, Inbox, safe_name
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext

FILE_TYPE = "payroll answers"


class CollectedAnswers(Record, kw_only=True):
    """What one run read."""

    files: tuple[TrackedFile, ...]
    taken: int
    """Deductions that payroll took in full."""
    missed: int
    """Deductions that it did not take, or not in full."""
    alerts: tuple[Alert, ...]


class _Counts(NamedTuple):
    news: int
    taken: int
    missed: int


def collect_answers(context: AppContext) -> CollectedAnswers:
    """Fetch and process every complete answer file. A folder that cannot be reached, and a file that must be reviewed,
    become alerts. `ConfigError` for an invalid setting, `BatchBusy` if another run is in progress, `NotAllowed`."""
    authorize(context, "payroll", batch_id=PAYROLL)
    with context.ledger.lock(PAYROLL, owner=context.actor, at=context.now()):
        inbox = Inbox(Path(context.settings.payroll.inbox), setting="payroll.inbox")
        now = max(context.now().timestamp(), inbox.file_time())
        settling = inbox.start_settling(now=now, settle_s=context.settings.mail.settle_seconds)
        alerts = []
        if url := context.settings.payroll.answers_url:
            fetch = functools.partial(fetch_vendor_reports, setting="payroll.answers_url")
            try:
                fetch(url, environ=context.environ, store=inbox.store, has_settled=settling.of("answers_url: "))
            except ValueError as exc:
                raise ConfigError(str(exc)) from exc
            except (HandOffError, OSError) as exc:
                alerts.append(alert("UNREACHABLE", "payroll.answers_url", str(exc), "payroll"))
        names = inbox.names(settling.of(""))
        inbox.save_sightings(settling)
        files, taken, missed = [], 0, 0
        for name in names:
            try:
                file, counts = _process_file(context, inbox, name)
            except FileNotFoundError:
                continue  # moved away by somebody else in the meantime
            except LedgerError:
                raise  # nothing can be recorded: it concerns every file
            except OSError as exc:
                message = f"{safe_name(name)} cannot be read or moved ({exc.strerror}). The next run tries it again."
                alerts.append(alert("REVIEW_INBOX", safe_name(name), message, "payroll"))
                continue
            files.append(file)
            taken, missed = taken + counts.taken, missed + counts.missed
        alerts += [
            alert("REVIEW_INBOX", name, f"Review {folder}/{name} in payroll.inbox.", "payroll")
            for folder, waiting in inbox.files_to_review().items()
            if folder in REVIEW_FOLDERS
            for name in map(safe_name, waiting)
        ]
    return CollectedAnswers(files=tuple(files), taken=taken, missed=missed, alerts=tuple(alerts))


def _process_file(context: AppContext, inbox: Inbox, name: str) -> tuple[TrackedFile, _Counts]:
    counts, sha256, size = _Counts(0, 0, 0), "", None
    try:
        data = inbox.read(name)
        sha256, size = hashlib.sha256(data).hexdigest(), len(data)
        if known := context.ledger.inbound_files.find(sha256):
            return put_away_known(inbox, name, known, size=len(data)), counts
        with time_limit(PARSE_SECONDS_MAX):
            answers, bad = read_answers(data)
    except (ValueError, LimitExceeded) as exc:
        return put_away(context, inbox, name, not_readable(f"The file {exc}."), sha256, size=size), counts
    reasons = [f"Line {each.line}: {each.problem}." for each in bad]
    for answer in answers:
        outcome = _record(context, answer)
        if isinstance(outcome, str):
            reasons.append(f"Line {answer.line}: {outcome}.")
        else:
            counts = _Counts(*map(sum, zip(counts, outcome, strict=True)))
    lines = len(answers) + len(bad)
    result = Processed(
        file_type=FILE_TYPE,
        lines=lines,
        reports=len(answers),
        news=counts.news,
        unchanged=lines - counts.news - len(reasons),
        quarantined=len(reasons),
        reasons=reasons,
        folder=QUARANTINE if reasons else DONE,
    )
    return put_away(context, inbox, name, result, sha256, size=size), counts


def _record(context: AppContext, answer: Answer) -> _Counts | str:
    """Record one line. A text: why a person must read it; it names no amount."""
    if answer.pay_date > context.today():
        return "its payday is in the future"
    rows = context.ledger.payroll.rows_of_employee(context.facility.facility_id, answer.employee_id, answer.code)
    row = _find_row(rows, answer)
    if isinstance(row, DeductionRow):
        return _record_answer(context, answer, row)
    return row or _Counts(0, 0, 0)


def _record_answer(context: AppContext, answer: Answer, row: DeductionRow) -> _Counts | str:
    """As `_record`, of an answer about what payroll was told to take."""
    ledger, facility_id = context.ledger.payroll, context.facility.facility_id
    answers = ledger.answers(facility_id, row.authorization_id)
    earlier_cents = sum(each.taken_cents for each in answers if each.pay_on != answer.pay_date)
    due_cents = min(row.amount_cents, row.limit_cents - earlier_cents)
    if answer.taken_cents > due_cents:
        return "more was taken than was due: tell payroll, and pay the employee back"
    found = DeductionAnswer(
        authorization_id=row.authorization_id,
        pay_on=answer.pay_date,
        taken_cents=answer.taken_cents,
        is_missed=answer.taken_cents < due_cents,
        reason=answer.reason,
    )
    if found in answers:
        return _Counts(0, 0, 0)
    if not ledger.record_answer(facility_id, found, at=context.now()):
        return "another answer for this payday is on record"
    return _Counts(1, int(not found.is_missed), int(found.is_missed))


def _find_row(rows: list[DeductionRow], answer: Answer) -> DeductionRow | str:
    """What payroll was told to take from this employee on this payday. A text: nobody can tell. An empty one:
    nothing was due any more, or yet, and nothing was taken."""
    latest = {each.authorization_id: each for each in rows}
    found = [each for each in latest.values() if each.starts_on <= answer.pay_date <= each.ends_on]
    if len(found) == 1:
        return found[0]
    if found:
        return "two deductions of this employee were due on this payday"
    if latest and not answer.taken_cents:
        return ""
    return "payroll has no deduction of this employee from us on this payday"
