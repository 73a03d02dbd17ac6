"""Tell payroll which deductions begin, and which end. Each change is in one file, claimed first.

A crash leaves a claimed file. The next run looks whether payroll has its control file, and delivers the same bytes if
not: they follow from the rows in the ledger, whatever the billing system says meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mail_house.errors import Permanent
from mail_house.payroll import DeductionFile, DeductionLine, PayrollStore, build_deduction_file, open_payroll
from mail_house.print_files.names import deduction_file_name
from mail_house.urls import parse_url
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.payroll import DeductionRow
from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import PAYROLL, PayrollFileRow
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.pipeline.pull.entries import Entry
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.policy.hold_codes import describe_hold
from statement_builder.policy.payroll.deduction_rows import Refused, find_changes
from statement_builder.settings import Settings
from statement_builder.source import read_refusing


class SentDeductions(Record, kw_only=True):
    """What one run told payroll."""

    files: tuple[str, ...]
    """The files that were delivered, also one that an earlier run could not deliver."""
    rows: int
    """The rows in them."""
    alerts: tuple[Alert, ...]
    """Authorizations that were not sent to payroll, and why."""


def open_payroll_store(settings: Settings, environ: Mapping[str, str]) -> PayrollStore:
    """The folder that the setting `payroll.url` names, not connected yet. `ConfigError` if there is none, or it is
    invalid."""
    if not settings.payroll.url:
        raise ConfigError("payroll.url is not set: it names the folder from which payroll takes in deduction files.")
    try:
        return open_payroll(parse_url(settings.payroll.url, setting="payroll.url"), environ=environ)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


def send_deductions(context: AppContext) -> SentDeductions:
    """Send what changed since the last time. Without a change, there is no file.

    `SourceError` if the billing system cannot be read, `Retryable` if payroll's folder cannot be reached: a re-run
    sends the rest. `BatchBusy` if another run is in progress. `NotAllowed`.
    """
    authorize(context, "payroll", batch_id=PAYROLL)
    store = open_payroll_store(context.settings, context.environ)
    facility_id, ledger = context.facility.facility_id, context.ledger.payroll
    with context.ledger.lock(PAYROLL, owner=context.actor, at=context.now()):
        delivered = [_finish(context, store, file) for file in ledger.claimed_files(facility_id)]
        accounts = read_refusing(lambda refused: list(_stream_accounts(context, refused)))
        code, today = context.settings.payroll.deduction_code, context.today()
        changes = find_changes(accounts, ledger.latest_rows(facility_id), code=code, as_of=today)
        if changes.rows:
            context.ledger.require_locks()
            number = ledger.count_files(facility_id) + 1
            name = deduction_file_name(facility_id=facility_id, created_on=today, number=number)
            claimed = ledger.claim(facility_id, name, changes.rows, at=context.now())
            delivered.append(_finish(context, store, claimed))
    return SentDeductions(
        files=tuple(file.name for file in delivered),
        rows=sum(len(file.rows) for file in delivered),
        alerts=tuple(_explain(context, each) for each in changes.refused),
    )


def _stream_accounts(context: AppContext, refused: frozenset[int]) -> Iterator[GuarantorAccount]:
    """The guarantors with an authorization, whatever became of it. An account with errors is left out: what payroll has
    of it stands, and is reported."""
    today = context.today()
    scope = Scope(
        source=context.settings.source.name,
        kind=Kind.PAYROLL_AUTHORIZATION,
        cycle=today.isoformat(),
        as_of=today,
    )

    def choose(entry: Entry) -> Entry | None:
        is_employee = isinstance(entry, FaultyAccount) or bool(entry.deductions)
        return entry if is_employee else None

    for entry in stream_candidates(context, scope, refused=refused, choose=choose):
        if isinstance(entry, GuarantorAccount):
            yield entry


def _finish(context: AppContext, store: PayrollStore, file: PayrollFileRow) -> PayrollFileRow:
    """Deliver a claimed file, unless payroll has it."""
    built = _build(file)
    delivered = store.find(file.name)
    if delivered is None:
        context.ledger.require_locks()
        store.deliver(built)
    elif delivered != built.control:
        raise Permanent(
            f"payroll has another deduction file {file.name} than the ledger: check which program wrote it, and remove "
            "it"
        )
    context.ledger.payroll.mark_delivered(file.name, at=context.now())
    return file


def _build(file: PayrollFileRow) -> DeductionFile:
    return build_deduction_file(file.name, [_line(row) for row in file.rows])


def _line(row: DeductionRow) -> DeductionLine:
    return DeductionLine(
        employee_id=row.employee_id,
        code=row.code,
        amount_cents=row.amount_cents,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        limit_cents=row.limit_cents,
    )


def _explain(context: AppContext, refused: Refused) -> Alert:
    text = describe_hold(refused.code, context.settings.policy)
    message = f"authorization {refused.authorization_id} was not sent to payroll. {text.why} {text.what_to_do}"
    return alert(refused.code, refused.authorization_id, message, "payroll")
