"""Reads what the exhibits of a cost report list: the billing system's rows, and the bills that the ledger knows of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TypeVar

from statement_builder.billing.model import FaultyAccount, MedicareBadDebt, Record, WriteOff
from statement_builder.errors import ConfigError
from statement_builder.operations.billing_facts import read_billing_facts
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.requests import chunked
from statement_builder.policy.cost_report.cost_report import CostReportPeriod, last_period
from statement_builder.policy.cost_report.medicare_bad_debts import (
    allowable_cents,
    find_bad_debt_faults,
    is_in_period,
)
from statement_builder.policy.cost_report.write_offs import (
    find_charity_faults,
    find_total_bad_debt_faults,
    is_bad_debt_in_period,
    is_charity_in_period,
)
from statement_builder.reports.billing_office import Report
from statement_builder.reports.billing_office.exhibits import (
    CheckedBadDebt,
    CheckedWriteOff,
    ExhibitFault,
    ExhibitForm,
    report_exhibit_2a,
    report_exhibit_3b,
    report_exhibit_3c,
    report_exhibit_checks,
    unknown_labels,
)

_ACCOUNTS_A_LOOKUP = 500
"""Accounts whose mailings are read together."""
_Row = TypeVar("_Row", MedicareBadDebt, WriteOff)


class ExhibitRequest(Record, kw_only=True):
    """What the operator asked for, besides what every report takes."""

    ccn: str = ""
    """Empty: the setting."""
    component_ccn: str = ""
    first_on: date | None = None
    last_on: date | None = None
    """None, both: the fiscal year that ended last."""
    is_inpatient: bool = True


def open_exhibit_2a(context: AppContext, asked: ExhibitRequest) -> Report:
    """The Medicare bad debts of one provider and fiscal year, inpatient or outpatient."""
    form = _make_form(context, asked)
    checked, unreadable = _check_bad_debts(context, form)
    mine = [each for each in checked if each.debt.is_inpatient == form.is_inpatient]
    return report_exhibit_2a(mine, form, unreadable=len(unreadable))


def open_exhibit_3b(context: AppContext, asked: ExhibitRequest) -> Report:
    """The charity care of one provider and fiscal year."""
    form = _make_form(context, asked)
    accounts, unreadable = _read_write_offs(context, form)
    return report_exhibit_3b(_check_charity(accounts, form), form, unreadable=len(unreadable))


def open_exhibit_3c(context: AppContext, asked: ExhibitRequest) -> Report:
    """The bad debt of all payers of one provider and fiscal year."""
    form = _make_form(context, asked)
    accounts, unreadable = _read_write_offs(context, form)
    return report_exhibit_3c(_check_total_bad_debt(accounts, form), form, unreadable=len(unreadable))


def open_exhibit_checks(context: AppContext, asked: ExhibitRequest) -> Report:
    """Every row that one of the exhibits leaves out, inpatient and outpatient."""
    form = _make_form(context, asked)
    debts, unreadable_debts = _check_bad_debts(context, form)
    accounts, unreadable_accounts = _read_write_offs(context, form)
    faults = [
        *(_fault("2A", each.debt, allowable_cents(each.debt), each) for each in debts),
        *(_fault("3B", each.account, each.account.charity_cents, each) for each in _check_charity(accounts, form)),
        *(
            _fault("3C", each.account, each.account.bad_debt_cents, each)
            for each in _check_total_bad_debt(accounts, form)
        ),
    ]
    unreadable = [("medicare_bad_debts", each) for each in unreadable_debts]
    unreadable += [("write_offs", each) for each in unreadable_accounts]
    return report_exhibit_checks([each for each in faults if each.findings], unreadable, form)


def _fault(
    exhibit: str, row: MedicareBadDebt | WriteOff, cents: int, checked: CheckedBadDebt | CheckedWriteOff
) -> ExhibitFault:
    return ExhibitFault(
        exhibit=exhibit,
        guarantor_id=row.guarantor_id,
        account_number=row.account_number,
        cents=cents,
        findings=checked.findings,
    )


def _make_form(context: AppContext, asked: ExhibitRequest) -> ExhibitForm:
    """`ConfigError` without a CCN, for half a period, and for a column that no exhibit has."""
    settings = context.settings.cost_report
    if unknown := unknown_labels(settings.column_numbers):
        raise ConfigError(f"cost_report.column_numbers: no exhibit has the column {unknown[0]!r}.")
    if not (ccn := asked.ccn or settings.ccn):
        raise ConfigError("Whose exhibit? Give --ccn, or set cost_report.ccn.")
    if (asked.first_on is None) != (asked.last_on is None):
        raise ConfigError("Give both --from and --to, or neither.")
    if asked.first_on is None or asked.last_on is None:
        period = last_period(context.today(), settings.fiscal_year_end_month)
    elif asked.first_on > asked.last_on:
        raise ConfigError(f"--from {asked.first_on} is after --to {asked.last_on}.")
    else:
        period = CostReportPeriod(first_on=asked.first_on, last_on=asked.last_on)
    return ExhibitForm(
        provider_name=context.facility.name,
        ccn=ccn,
        component_ccn=asked.component_ccn,
        period=period,
        is_inpatient=asked.is_inpatient,
        prepared_by=settings.prepared_by or context.actor,
        prepared_on=context.today(),
        numbers=settings.column_numbers,
    )


def _check_bad_debts(context: AppContext, form: ExhibitForm) -> tuple[list[CheckedBadDebt], list[FaultyAccount]]:
    with context.open_source(context.settings.source.name) as source:
        day = context.today()
        debts, unreadable = _split(source.medicare_bad_debts(as_of=day, cycle=f"{day:%Y-%m}"), form)
    debts = [each for each in debts if is_in_period(each, form.period)]
    listed = Counter((each.account_number, each.is_recovery) for each in debts)
    checked = []
    for some in chunked(debts, _ACCOUNTS_A_LOOKUP):
        numbers = [each.account_number for each in some]
        known = read_billing_facts(context, numbers)
        for debt in some:
            facts = known[debt.account_number]
            is_repeated = listed[debt.account_number, debt.is_recovery] > 1
            findings = find_bad_debt_faults(debt, facts, form.period, is_repeated=is_repeated)
            checked.append(CheckedBadDebt(debt=debt, facts=facts, findings=findings))
    return checked, unreadable


def _read_write_offs(context: AppContext, form: ExhibitForm) -> tuple[list[WriteOff], list[FaultyAccount]]:
    with context.open_source(context.settings.source.name) as source:
        day = context.today()
        return _split(source.write_offs(as_of=day, cycle=f"{day:%Y-%m}"), form)


def _split(rows: Iterable[_Row | FaultyAccount], form: ExhibitForm) -> tuple[list[_Row], list[FaultyAccount]]:
    """The rows of this provider, and those of any provider that cannot be read."""
    mine: list[_Row] = []
    unreadable: list[FaultyAccount] = []
    for each in rows:
        if isinstance(each, FaultyAccount):
            unreadable.append(each)
        elif (each.ccn, each.component_ccn) == (form.ccn, form.component_ccn):
            mine.append(each)
    return mine, unreadable


def _check_charity(accounts: Iterable[WriteOff], form: ExhibitForm) -> list[CheckedWriteOff]:
    mine = [each for each in accounts if is_charity_in_period(each, form.period)]
    return [
        CheckedWriteOff(account=each, findings=find_charity_faults(each, is_repeated=is_repeated))
        for each, is_repeated in _find_repeated(mine)
    ]


def _check_total_bad_debt(accounts: Iterable[WriteOff], form: ExhibitForm) -> list[CheckedWriteOff]:
    mine = [each for each in accounts if is_bad_debt_in_period(each, form.period)]
    return [
        CheckedWriteOff(account=each, findings=find_total_bad_debt_faults(each, is_repeated=is_repeated))
        for each, is_repeated in _find_repeated(mine)
    ]


def _find_repeated(accounts: list[WriteOff]) -> Iterator[tuple[WriteOff, bool]]:
    listed = Counter(each.account_number for each in accounts)
    for each in accounts:
        yield each, listed[each.account_number] > 1
