"""Read what payroll took. A deduction that was not taken, or not in full, is a miss: the plan is no longer current, and
its letters go on.

Each line is matched to what payroll was told. One that is not clear waits for a person in `quarantine`, and the others
count. Files are handled as those of the mail's inbox: never deleted, and the same bytes are read once.
"""

from __future__ import annotations

import functools
from pathlib import Path

from mail_house.inbound import fetch_vendor_reports
from mail_house.limits import PARSE_SECONDS_MAX, time_limit
from mail_house.payroll import Answer, read_answers
from statement_builder.billing.model import Record
from statement_builder.billing.payroll import DeductionRow
from statement_builder.ledger import PAYROLL, DeductionAnswer
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.inbound_files import Processed, TrackedFile, not_readable, record_rows
from statement_builder.operations.tracking.inbox_run import InboxRun
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext

FILE_TYPE = "payroll answers"
_RUNBOOK = "payroll"


class CollectedAnswers(Record, kw_only=True):
    """What one run read."""

    files: tuple[TrackedFile, ...]
    taken: int
    """Deductions that payroll took in full."""
    missed: int
    """Deductions that it did not take, or not in full."""
    alerts: tuple[Alert, ...]


def collect_answers(context: AppContext) -> CollectedAnswers:
    """Fetch and process every complete answer file. A folder that cannot be reached, and a file that must be reviewed,
    become alerts. `ConfigError` for an invalid setting, `BatchBusy` if another run is in progress, `NotAllowed`."""
    authorize(context, "payroll", batch_id=PAYROLL)
    payroll = context.settings.payroll
    fetch = functools.partial(fetch_vendor_reports, setting="payroll.answers_url")
    recorder = AnswerReader(context)
    with context.ledger.lock(PAYROLL, owner=context.actor, at=context.now()):
        run = open_inbox(context)
        run.put_back_changed()
        run.fetch(fetch, payroll.answers_url, subject="payroll.answers_url", runbook=_RUNBOOK)
        files = run.process(run.complete_names(), recorder.read)
        alerts = run.alerts + run.review()
    return CollectedAnswers(files=tuple(files), taken=recorder.taken, missed=recorder.missed, alerts=tuple(alerts))


def open_inbox(context: AppContext) -> InboxRun:
    """The inbox of payroll's answers. The caller holds the lock of `PAYROLL`."""
    folder = Path(context.settings.payroll.inbox)
    return InboxRun(context, folder, setting="payroll.inbox", shown="payroll.inbox", runbook=_RUNBOOK)


class AnswerReader:
    """Reads payroll's files, and counts what it took and missed."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self.taken, self.missed = 0, 0

    def read(self, _name: str, data: bytes) -> Processed:
        try:
            with time_limit(PARSE_SECONDS_MAX):
                answers, bad = read_answers(data)
        except ValueError as exc:
            return not_readable(f"The file {exc}.")
        return record_rows(FILE_TYPE, answers, bad, self._record)

    def _record(self, answer: Answer) -> bool | str:
        """Whether the answer is news. A text: why a person must read it; it names no amount."""
        if answer.pay_date > self._context.today():
            return "its payday is in the future"
        facility_id = self._context.facility.facility_id
        rows = self._context.ledger.payroll.rows_of_employee(facility_id, answer.employee_id, answer.code)
        row = _find_row(rows, answer)
        if isinstance(row, DeductionRow):
            return self._record_answer(answer, row)
        return row or False

    def _record_answer(self, answer: Answer, row: DeductionRow) -> bool | str:
        """As `_record`, of an answer about what payroll was told to take."""
        ledger, facility_id = self._context.ledger.payroll, self._context.facility.facility_id
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
            return False
        if not ledger.record_answer(facility_id, found, at=self._context.now()):
            return "another answer for this payday is on record"
        self.missed += found.is_missed
        self.taken += not found.is_missed
        return True


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
