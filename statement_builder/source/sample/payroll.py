"""Payroll deductions of the sample hospital's employees. They draw no random number of their own, so that they change
nothing else."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.dates import add_months
from statement_builder.billing.model import DeductionStatus, PayFrequency
from statement_builder.source.sample import scenarios
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.scenarios import Scenario

_TOTAL_CENTS = 60_000
_COUNT = 6
_OPENED_DAYS = 90
"""Long ago, so that no agreement on the plan goes out beside the form."""
_EVERY = 2
"""Of the households with a new plan, one in so many asks to pay it from wages."""


def payroll_asked(household: Household) -> None:
    """An employee who asked for the form."""
    scenarios.add_plan(household, count=_COUNT, paid=0, next_days=28, opened_days_ago=_OPENED_DAYS)
    _add_deduction(household, first_days=28)


def payroll_signed(household: Household) -> None:
    """Signed by both, and the first payday is ahead: the copy goes out, and payroll is told."""
    scenarios.add_plan(household, count=_COUNT, paid=0, next_days=12, opened_days_ago=_OPENED_DAYS)
    household.add_hold("EMPLOYEE")
    _add_deduction(household, first_days=12, status=DeductionStatus.SIGNED, signed_days_ago=9, work_state="NC")


def payroll_revoked(household: Household) -> None:
    """The employee took the authorization back, and the hold is still recorded."""
    scenarios.add_plan(household, count=_COUNT, paid=1, next_days=12, opened_days_ago=_OPENED_DAYS)
    household.add_hold("EMPLOYEE")
    _add_deduction(household, first_days=-18, status=DeductionStatus.REVOKED, signed_days_ago=45, work_state="NC")


def payroll_not_adding_up(household: Household) -> None:
    """Six deductions of $90.00 are not $600.00."""
    scenarios.add_plan(household, count=_COUNT, paid=0, next_days=28, opened_days_ago=_OPENED_DAYS)
    _add_deduction(household, first_days=28, per_pay_cents=9_000)


def payroll_in_new_york(household: Household) -> None:
    """The employee works where the law does not list such a deduction."""
    scenarios.add_plan(household, count=_COUNT, paid=0, next_days=28, opened_days_ago=_OPENED_DAYS)
    _add_deduction(household, first_days=28, work_state="NY")


PAYROLL_SCENARIOS: tuple[Scenario, ...] = (
    payroll_asked,
    payroll_signed,
    payroll_revoked,
    payroll_not_adding_up,
    payroll_in_new_york,
)


def add_deductions(household: Household, scenario: Scenario) -> None:
    """Add the authorization of a household whose scenario has added all other rows."""
    if scenario is scenarios.plan_opened and household.number % _EVERY == 0:
        _add_deduction(household, first_days=25)


def _add_deduction(
    household: Household,
    *,
    first_days: int,
    status: DeductionStatus = DeductionStatus.ASKED,
    per_pay_cents: int = _TOTAL_CENTS // _COUNT,
    signed_days_ago: int | None = None,
    work_state: str = "MA",
) -> None:
    """Add monthly deductions for the household's only plan, the first in `first_days` days."""
    (plan,) = household.rows["payment_plan"][-1:]
    first_on: date = household.as_of + timedelta(days=first_days)
    signed_on = household.day(signed_days_ago) if signed_days_ago is not None else None
    household.rows["payroll_deduction"].append(
        (
            f"W{100_000 + household.number}",
            household.guarantor_id,
            plan[0],
            f"E{20_000 + household.number}",
            status,
            household.day(4 if signed_days_ago is None else signed_days_ago + 10),
            _TOTAL_CENTS,
            per_pay_cents,
            _COUNT,
            PayFrequency.MONTHLY,
            first_on.isoformat(),
            add_months(first_on, _COUNT - 1).isoformat(),
            work_state,
            signed_on,
            signed_on,
            household.day(3) if status is DeductionStatus.REVOKED else None,
        )
    )
