"""Payment plans: what is due, what was missed, and when a plan is no longer in force."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from statement_builder.billing.model import CausedLetter, GuarantorAccount, Installment, Plan, PlanStatus
from statement_builder.billing.plans import (
    MISSED_LETTER,
    AmountDue,
    PlanPosition,
    amount_due,
    installment_cause,
    plan_position,
    plans_in_force,
)
from tests.billing.strategies import accounts
from tests.builders import AS_OF, make_account, make_encounter


def make_plan(*paid_cents: int, first_on: date = date(2026, 9, 15), status: PlanStatus = PlanStatus.ACTIVE) -> Plan:
    """Monthly installments of $100 from September 15, 2026, with these amounts paid on each."""
    return Plan(
        plan_id="PL1",
        status=status,
        opened_on=date(2026, 9, 1),
        installments=tuple(
            Installment(
                sequence=index + 1,
                due_on=date(
                    2026 + (first_on.month + index - 1) // 12, (first_on.month + index - 1) % 12 + 1, first_on.day
                ),
                amount_cents=10_000,
                paid_cents=paid,
            )
            for index, paid in enumerate(paid_cents)
        ),
    )


def position(plan: Plan, as_of: date = AS_OF) -> PlanPosition:
    return plan_position(plan, as_of, grace_days=10, lapse_days=30)


@pytest.mark.parametrize(
    ("paid", "due_cents", "missed", "current", "in_force"),
    [
        pytest.param((10_000, 10_000, 10_000, 0, 0), 10_000, 0, True, True, id="current-and-next-installment-due"),
        pytest.param((10_000, 10_000, 0, 0, 0), 20_000, 0, True, True, id="five-days-late-within-grace"),
        pytest.param((10_000, 10_000, 4_000, 0, 0), 16_000, 0, True, True, id="partly-paid"),
        pytest.param((10_000, 0, 0, 0, 0), 30_000, 1, False, False, id="lapsed-after-36-days"),
        pytest.param((10_000, 10_000, 10_000, 10_000, 0), 0, 0, True, True, id="paid-ahead-and-nothing-due"),
        pytest.param((10_000,) * 5, 0, 0, True, True, id="all-paid"),
        pytest.param((12_000, 8_000, 10_000, 0, 0), 12_000, 1, False, False, id="overpaying-one-does-not-pay-another"),
    ],
)
def test_plan_position__on_november_20(
    paid: tuple[int, ...], due_cents: int, missed: int, current: bool, in_force: bool
) -> None:
    result = position(make_plan(*paid))
    assert (result.due_cents, result.missed_count, result.is_current, result.in_force) == (
        due_cents,
        missed,
        current,
        in_force,
    )


@pytest.mark.parametrize(
    ("as_of", "missed", "in_force"),
    [
        pytest.param(date(2026, 9, 25), 0, True, id="last-day-of-grace"),
        pytest.param(date(2026, 9, 26), 1, True, id="first-day-after-grace"),
        pytest.param(date(2026, 10, 15), 1, True, id="last-day-before-lapse"),
        pytest.param(date(2026, 10, 16), 1, False, id="lapsed"),
    ],
)
def test_plan_position__grace_and_lapse(as_of: date, missed: int, in_force: bool) -> None:
    result = position(make_plan(0), as_of)
    assert (result.missed_count, result.in_force) == (missed, in_force)
    assert result.missed_cents == 10_000 * missed


@pytest.mark.parametrize(
    ("as_of", "due_cents", "next_due_on"),
    [
        pytest.param(date(2026, 8, 15), 0, date(2026, 9, 15), id="more-than-a-month-before"),
        pytest.param(date(2026, 8, 16), 10_000, date(2026, 9, 15), id="within-a-month"),
        pytest.param(date(2026, 9, 15), 10_000, date(2026, 9, 15), id="on-the-due-date"),
        pytest.param(date(2026, 9, 16), 20_000, date(2026, 10, 15), id="day-after-both-due"),
    ],
)
def test_plan_position__includes_installments_within_a_month(as_of: date, due_cents: int, next_due_on: date) -> None:
    result = position(make_plan(0, 0), as_of)
    assert (result.due_cents, result.next_due_on) == (due_cents, next_due_on)


@pytest.mark.parametrize("status", [PlanStatus.DEFAULTED, PlanStatus.COMPLETED, PlanStatus.CANCELLED])
def test_plan_position__only_an_active_plan_is_in_force(status: PlanStatus) -> None:
    result = position(make_plan(10_000, 10_000, 10_000, 0, status=status))
    assert (result.in_force, result.is_current) == (False, False)


def amount(account: GuarantorAccount, *account_numbers: str) -> AmountDue:
    return amount_due(account, AS_OF, account_numbers=account_numbers, grace_days=10, lapse_days=30, cure_days=15)


def test_amount_due__visits_on_a_plan_owe_only_the_installment() -> None:
    account = make_account(
        make_encounter("A1", owed_cents=7_000),
        make_encounter("A2", owed_cents=30_000, plan_id="PL1"),
        make_encounter("A3", owed_cents=9_000, plan_id="PL1"),
        plans=(make_plan(10_000, 10_000, 10_000, 0, 0),),
    )
    due = amount(account, "A1", "A2", "A3")
    assert (due.off_plan_cents, due.plan_cents, due.amount_cents) == (7_000, 10_000, 17_000)
    assert due.plan_account_numbers == ("A2", "A3")
    assert [plan.plan_id for plan in due.plans] == ["PL1"]


def test_amount_due__visits_on_a_lapsed_plan_are_due_in_full() -> None:
    account = make_account(make_encounter("A2", owed_cents=30_000, plan_id="PL1"), plans=(make_plan(0, 0, 0),))
    due = amount(account, "A2")
    assert (due.amount_cents, due.plans) == (30_000, ())


@given(accounts)
def test_plan_position__foots_for_any_plan(account: GuarantorAccount) -> None:
    for plan in account.plans:
        result = position(plan)
        assert result.total_cents == result.paid_cents + result.remaining_cents
        assert 0 <= result.missed_cents <= result.due_cents <= result.remaining_cents


LATE = make_plan(10_000, 0, 0, 0, 0)
"""The installment of October 15 is unpaid; without a letter, the plan lapses after November 14."""


@pytest.mark.parametrize(
    ("mailed_on", "sequence", "as_of", "in_force"),
    [
        pytest.param(date(2026, 11, 10), 2, date(2026, 11, 25), True, id="on-the-last-day-that-the-letter-gave"),
        pytest.param(date(2026, 11, 10), 2, date(2026, 11, 26), False, id="on-the-day-after"),
        pytest.param(None, 2, date(2027, 1, 20), True, id="the-letter-is-on-its-way"),
        pytest.param(date(2026, 10, 1), 1, AS_OF, False, id="letter-about-an-installment-that-is-paid"),
        pytest.param(date(2026, 10, 27), 2, date(2026, 11, 14), True, id="30-days-late"),
        pytest.param(date(2026, 10, 27), 2, date(2026, 11, 15), False, id="31-days-late-and-the-letter-is-old"),
    ],
)
def test_plans_in_force__until_the_date_that_a_letter_gave(
    mailed_on: date | None, sequence: int, as_of: date, in_force: bool
) -> None:
    cause = installment_cause("PL1", LATE.installments[sequence - 1])
    letter = CausedLetter(kind=MISSED_LETTER, cause_id=cause, mailed_on=mailed_on)
    account = make_account(plans=(LATE,), letters=(letter,))
    found = plans_in_force(account, as_of, grace_days=10, lapse_days=30, cure_days=15)
    assert list(found) == (["PL1"] if in_force else [])
