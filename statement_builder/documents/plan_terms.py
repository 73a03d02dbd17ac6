"""What the letters about payment plans print: the schedule in few lines, and the visits that a plan covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.dates import add_months
from statement_builder.billing.model import GuarantorAccount, Installment, Plan, Record
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines


class Every(StrEnum):
    """The time between two payments."""

    ONCE = "once"
    WEEK = "week"
    TWO_WEEKS = "two_weeks"
    MONTH = "month"
    DAYS = "days"


_BY_DAYS = {7: Every.WEEK, 14: Every.TWO_WEEKS}


class PaymentRun(Record, kw_only=True):
    """Payments of one amount at one interval: the number, amounts and timing of payments (12 CFR 1026.18(g))."""

    count: int
    amount_cents: int
    first_on: date
    last_on: date
    every: Every
    every_days: int = 0
    """Of `Every.DAYS`."""

    @property
    def sum_cents(self) -> int:
        return self.count * self.amount_cents


class PlanPayment(Record, kw_only=True):
    """One installment, or what is unpaid of it."""

    due_on: date
    amount_cents: int


def payment_runs(installments: Sequence[Installment]) -> tuple[PaymentRun, ...]:
    """The installments in order of their dates, with equal ones at one interval as a run. The sums add up to the
    installments' sum."""
    rest = sorted(installments, key=lambda each: (each.due_on, each.sequence))
    runs = []
    while rest:
        count, every, days = _measure(rest)
        run, rest = rest[:count], rest[count:]
        runs.append(
            PaymentRun(
                count=count,
                amount_cents=run[0].amount_cents,
                first_on=run[0].due_on,
                last_on=run[-1].due_on,
                every=every,
                every_days=days if every is Every.DAYS else 0,
            )
        )
    return tuple(runs)


def _measure(rest: Sequence[Installment]) -> tuple[int, Every, int]:
    """How many of the first installments are a run, and at what interval."""
    first = rest[0]
    equal = 1
    while equal < len(rest) and rest[equal].amount_cents == first.amount_cents:
        equal += 1
    days = (rest[1].due_on - first.due_on).days if equal > 1 else 0
    if days <= 0:
        return 1, Every.ONCE, 0
    by_days = [first.due_on + timedelta(days=days * index) for index in range(equal)]
    by_months = [add_months(first.due_on, index) for index in range(equal)]
    dates = [each.due_on for each in rest[:equal]]
    month_count, day_count = _agree(dates, by_months), _agree(dates, by_days)
    if month_count >= day_count:
        return month_count, Every.MONTH, 0
    return day_count, _BY_DAYS.get(days, Every.DAYS), days


def _agree(dates: Sequence[date], expected: Sequence[date]) -> int:
    count = 0
    for actual, planned in zip(dates, expected, strict=True):
        if actual != planned:
            break
        count += 1
    return count


def find_plan(account: GuarantorAccount, selection: Selection) -> Plan:
    """The plan that the letter is about: that of its visits. CompositionError if it is not on file."""
    plan_ids = {each.plan_id for each in account.encounters if each.account_number in selection.account_numbers}
    plans = [each for each in account.plans if plan_ids == {each.plan_id}]
    if not plans:
        raise CompositionError(
            "PLAN",
            f"The payment plan of guarantor {selection.guarantor_id}'s letter is not on file.",
            "Correct the plan on these visits in the billing system.",
        )
    return plans[0]


def plan_visits(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> tuple[VisitLine, ...]:
    """The visits on the letter, in print order."""
    balances = encounter_balances(account, issued_on, selection.account_numbers)
    return visit_lines(account, balances, terms, issued_on, on_plan=selection.account_numbers)


def require_footing(selection: Selection, cents: int) -> None:
    """CompositionError FOOTING if the letter's figures do not add up to the selected amount."""
    if cents != selection.amount_cents:
        raise CompositionError(
            "FOOTING",
            f"The payments on guarantor {selection.guarantor_id}'s letter do not add up to the selected amount.",
            "Check the plan's installments in the billing system. If they are correct, report this as a bug.",
        )
