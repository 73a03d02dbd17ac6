"""The arithmetic of payroll deductions: what an authorization's terms add up to, and what makes terms others."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from statement_builder.billing.dates import add_months
from statement_builder.billing.model import DeductionStatus, PayFrequency, PayrollDeduction, Record

_TERMS_DIGITS = 32
"""Hexadecimal digits that tell one authorization's terms from others."""
_PAYDAY_MOVES_DAYS = 7
"""A payday moves by less than this for a weekend, a holiday, or the end of a month."""
_HALF_MONTH_DAYS = 15


def last_pay_cents(deduction: PayrollDeduction) -> int:
    """The last deduction: what the others leave of the total."""
    return deduction.total_cents - deduction.per_pay_cents * (deduction.pay_count - 1)


def adds_up(deduction: PayrollDeduction) -> bool:
    """Whether the deductions add up to the total: all of one amount, of which only the last may be smaller."""
    return 0 < last_pay_cents(deduction) <= deduction.per_pay_cents


def paydays_fit(deduction: PayrollDeduction) -> bool:
    """Whether the last payday is where so many paydays after the first end, a week more or less."""
    expected = _last_payday(deduction)
    return abs((deduction.last_pay_on - expected).days) <= _PAYDAY_MOVES_DAYS


def _last_payday(deduction: PayrollDeduction) -> date:
    first_on, later = deduction.first_pay_on, deduction.pay_count - 1
    match deduction.frequency:
        case PayFrequency.WEEKLY:
            return first_on + timedelta(weeks=later)
        case PayFrequency.BIWEEKLY:
            return first_on + timedelta(weeks=2 * later)
        case PayFrequency.SEMIMONTHLY:
            return add_months(first_on, later // 2) + timedelta(days=_HALF_MONTH_DAYS * (later % 2))
        case PayFrequency.MONTHLY:
            return add_months(first_on, later)


def open_deduction(deductions: tuple[PayrollDeduction, ...], plan_id: str) -> PayrollDeduction | None:
    """The authorization of a plan that is asked for or signed: the latest request, which replaces an earlier one."""
    found = [
        each
        for each in deductions
        if each.plan_id == plan_id and each.status in {DeductionStatus.ASKED, DeductionStatus.SIGNED}
    ]
    return max(found, key=lambda each: (each.asked_on, each.authorization_id), default=None)


def authorization_cause(deduction: PayrollDeduction) -> str:
    """The event id of the letter: the form that is asked for, or the copy once both have signed. Changed terms make
    another event."""
    terms = (
        deduction.is_signed,
        (deduction.plan_id, deduction.employee_id, deduction.work_state),
        (deduction.total_cents, deduction.per_pay_cents, deduction.pay_count, deduction.frequency.value),
        (deduction.first_pay_on.isoformat(), deduction.last_pay_on.isoformat()),
    )
    return f"{deduction.authorization_id}:{hashlib.sha256(repr(terms).encode()).hexdigest()[:_TERMS_DIGITS]}"


class DeductionRow(Record, kw_only=True):
    """What payroll was told, or is to be told, about an authorization. A later row replaces an earlier one."""

    authorization_id: str
    guarantor_id: str
    employee_id: str
    code: str
    """Payroll's code for the hospital's deductions."""
    amount_cents: int
    """From each paycheck. The last one is what is left of the limit."""
    starts_on: date
    ends_on: date
    """The last payday with a deduction. Before `starts_on`: nothing is taken."""
    limit_cents: int
    signed_on: date
    """When both had signed these terms."""

    def overlaps(self, other: DeductionRow) -> bool:
        """Whether both take something on a day in common."""
        return max(self.starts_on, other.starts_on) <= min(self.ends_on, other.ends_on)
