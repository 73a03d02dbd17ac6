"""What payroll must be told: deductions that begin, and those that end. Only what both have signed is sent.

A row that was sent stands until its last payday. It ends earlier when the employee takes the authorization back, the
plan is paid or over, or the law forbids to collect (11 USC 362). Nothing else changes it: new terms need a new
signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from statement_builder.billing.model import DeductionStatus, GuarantorAccount, PayrollDeduction, PlanStatus
from statement_builder.billing.payroll import DeductionRow
from statement_builder.billing.plans import unpaid_cents
from statement_builder.policy.payroll.payroll import find_unsound

STOPS_DEDUCTIONS = frozenset({"BANKR_STAY", "BANKR_DISCH", "DECEASED", "ESTATE", "CHARITY100"})
"""Recorded holds after which nothing is taken from wages."""
_ONE_DAY = timedelta(days=1)


class Refused(NamedTuple):
    """An authorization that is not sent to payroll, and the hold code that says why."""

    authorization_id: str
    guarantor_id: str
    code: str


class Changes(NamedTuple):
    """What to send now, and what a person must look at."""

    rows: tuple[DeductionRow, ...]
    refused: tuple[Refused, ...]


def find_changes(
    accounts: Iterable[GuarantorAccount], sent: Mapping[str, DeductionRow], *, code: str, as_of: date
) -> Changes:
    """The rows to send, by employee. `sent` has the latest row of each authorization that payroll has; `code`
    is that of new ones. An employee has one deduction at a time, because payroll knows it by employee and code."""
    rows: dict[str, DeductionRow] = {}
    refused: list[Refused] = []
    seen: set[str] = set()
    for account in accounts:
        guarantor_id = account.guarantor.guarantor_id
        for each in account.deductions:
            seen.add(each.authorization_id)
            found = _next_row(account, each, sent.get(each.authorization_id), code=code, as_of=as_of)
            if isinstance(found, DeductionRow):
                rows[each.authorization_id] = found
            elif found:
                refused.append(Refused(each.authorization_id, guarantor_id, found))
    for row in _find_second(rows, sent, as_of):
        del rows[row.authorization_id]
        refused.append(Refused(row.authorization_id, row.guarantor_id, "PAYROLL_TWO"))
    refused += [
        Refused(each.authorization_id, each.guarantor_id, "PAYROLL_GONE")
        for each in sent.values()
        if each.authorization_id not in seen and each.ends_on >= as_of
    ]
    ordered = sorted(rows.values(), key=lambda each: (each.employee_id, each.starts_on, each.authorization_id))
    return Changes(tuple(ordered), tuple(sorted(refused)))


def _next_row(
    account: GuarantorAccount, deduction: PayrollDeduction, last: DeductionRow | None, *, code: str, as_of: date
) -> DeductionRow | str:
    """The row to send, the code of what is against one, or an empty text: nothing to tell."""
    if deduction.status in {DeductionStatus.REVOKED, DeductionStatus.ENDED} or _must_stop(account, deduction, as_of):
        return _end_row(deduction, last, as_of) or ""
    if deduction.status is DeductionStatus.ASKED:
        return "PAYROLL_UNSIGNED" if last is not None and last.ends_on >= as_of else ""
    if unsound := find_unsound(deduction):
        return unsound
    row = _signed_row(account, deduction, last.code if last else code)
    if row is None:
        return "PAYROLL_UNSIGNED"
    if last is None:
        return "PAYROLL_LATE" if row.starts_on < as_of else row
    return _compare(row, last)


def _signed_row(account: GuarantorAccount, deduction: PayrollDeduction, code: str) -> DeductionRow | None:
    """The row of an authorization that both signed by its first payday (N.C. Gen. Stat. 95-25.8)."""
    signed, agreed = deduction.signed_on, deduction.hospital_signed_on
    if signed is None or agreed is None or max(signed, agreed) > deduction.first_pay_on:
        return None
    return DeductionRow(
        authorization_id=deduction.authorization_id,
        guarantor_id=account.guarantor.guarantor_id,
        employee_id=deduction.employee_id,
        code=code,
        amount_cents=deduction.per_pay_cents,
        starts_on=deduction.first_pay_on,
        ends_on=deduction.last_pay_on,
        limit_cents=deduction.total_cents,
        signed_on=max(signed, agreed),
    )


def _compare(row: DeductionRow, last: DeductionRow) -> DeductionRow | str:
    """The row if it has new terms that were signed after the last ones."""
    if row == replace(last, guarantor_id=row.guarantor_id):
        return ""
    if row.signed_on > last.signed_on:
        return row
    is_stopped = last.ends_on < row.ends_on and row == replace(last, ends_on=row.ends_on)
    return "PAYROLL_STOPPED" if is_stopped else "PAYROLL_UNSIGNED"


def _must_stop(account: GuarantorAccount, deduction: PayrollDeduction, as_of: date) -> bool:
    """Whether nothing may be taken any more: by law, or because nothing is owed on the plan."""
    if any(each.code in STOPS_DEDUCTIONS and (each.expires_on or date.max) > as_of for each in account.holds):
        return True
    plan = next((each for each in account.plans if each.plan_id == deduction.plan_id), None)
    return plan is None or plan.status is not PlanStatus.ACTIVE or not any(map(unpaid_cents, plan.installments))


def _end_row(deduction: PayrollDeduction, last: DeductionRow | None, as_of: date) -> DeductionRow | None:
    """The last row with its new end, if payroll would go on without it."""
    if last is None or last.ends_on < as_of:
        return None
    is_over = deduction.status in {DeductionStatus.REVOKED, DeductionStatus.ENDED}
    ended_on = deduction.ended_on if is_over and deduction.ended_on else as_of + _ONE_DAY
    ends_on = ended_on - _ONE_DAY
    return replace(last, ends_on=ends_on) if ends_on < last.ends_on else None


def _find_second(rows: Mapping[str, DeductionRow], sent: Mapping[str, DeductionRow], as_of: date) -> list[DeductionRow]:
    """The new rows of employees who have another deduction at the same time: sent before, or earlier in this file."""
    standing = {key: each for key, each in {**sent, **rows}.items() if each.ends_on >= as_of}
    new = [each for key, each in rows.items() if key not in sent]
    second = []
    for row in sorted(new, key=lambda each: (each.signed_on, each.authorization_id), reverse=True):
        others = (each for key, each in standing.items() if key != row.authorization_id)
        if any(each.employee_id == row.employee_id and each.overlaps(row) for each in others):
            second.append(row)
            del standing[row.authorization_id]
    return second
