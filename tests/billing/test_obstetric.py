"""The payment schedule of an obstetric estimate."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.billing.model import Deposit
from statement_builder.billing.obstetric import ObstetricSchedule, PaymentState, schedule
from tests.builders import AS_OF, make_episode

EXPECTED_ON = date(2027, 4, 10)
"""The pay-by date at week 36 is 28 days earlier: March 13, 2027."""


def deposit(amount_cents: int, on: date = date(2026, 11, 1)) -> Deposit:
    return Deposit(deposit_id="D1", posted_on=on, amount_cents=amount_cents)


def make_schedule(as_of: date = AS_OF, **changes: Any) -> ObstetricSchedule:
    return schedule(make_episode(**changes), as_of, pay_by_week=36, installments_max=7, courtesy_after_week=32)


def test_schedule__monthly_up_to_week_36() -> None:
    plan = make_schedule(estimate_on=date(2026, 9, 10), estimate_cents=240_000)
    assert plan.pay_by_on == date(2027, 3, 13)
    # Six whole months from September 10 to March 13.
    assert [payment.due_on for payment in plan.payments] == [
        date(2026, 10, 13),
        date(2026, 11, 13),
        date(2026, 12, 13),
        date(2027, 1, 13),
        date(2027, 2, 13),
        date(2027, 3, 13),
    ]
    assert [payment.amount_cents for payment in plan.payments] == [40_000] * 6


def test_schedule__last_payment_has_the_odd_cents() -> None:
    plan = make_schedule(estimate_cents=100_003)
    assert [payment.amount_cents for payment in plan.payments] == [16_667] * 5 + [16_668]


@pytest.mark.parametrize(
    ("estimate_on", "count"),
    [
        pytest.param(date(2026, 5, 1), 7, id="ten-months-capped-at-seven"),
        pytest.param(date(2026, 8, 13), 7, id="seven-months"),
        pytest.param(date(2026, 8, 14), 6, id="one-day-short-of-seven-months"),
        pytest.param(date(2027, 2, 13), 1, id="one-month"),
        pytest.param(date(2027, 3, 1), 1, id="less-than-a-month"),
        pytest.param(date(2027, 3, 20), 1, id="after-the-pay-by-date"),
    ],
)
def test_schedule__one_installment_per_whole_month(estimate_on: date, count: int) -> None:
    assert len(make_schedule(estimate_on=estimate_on).payments) == count


def test_schedule__enrolled_after_the_pay_by_date_ends_at_the_birth() -> None:
    plan = make_schedule(date(2027, 3, 25), estimate_on=date(2027, 3, 20))
    assert (plan.pay_by_on, plan.due_on, plan.due_cents) == (EXPECTED_ON, EXPECTED_ON, 240_000)


@pytest.mark.parametrize(
    ("paid_cents", "states", "due_cents", "due_on"),
    [
        pytest.param(0, "due due due later later later", 120_000, date(2026, 12, 13), id="nothing-paid-accumulates"),
        pytest.param(80_000, "paid paid due later later later", 40_000, date(2026, 12, 13), id="on-schedule"),
        pytest.param(
            90_000,
            "paid paid partly_paid later later later",
            30_000,
            date(2026, 12, 13),
            id="third-partly-paid",
        ),
        pytest.param(120_000, "paid paid paid due later later", 40_000, date(2027, 1, 13), id="one-month-ahead"),
        pytest.param(240_000, "paid paid paid paid paid paid", 0, date(2027, 3, 13), id="all-paid"),
        pytest.param(250_000, "paid paid paid paid paid paid", 0, date(2027, 3, 13), id="overpaid"),
    ],
)
def test_schedule__deposits_pay_in_order(paid_cents: int, states: str, due_cents: int, due_on: date) -> None:
    plan = make_schedule(deposits=(deposit(paid_cents),))
    assert [payment.state for payment in plan.payments] == [PaymentState(state) for state in states.split()]
    assert (plan.due_cents, plan.due_on) == (due_cents, due_on)
    assert (plan.paid_cents, plan.remaining_cents) == (paid_cents, max(0, 240_000 - paid_cents))


def test_schedule__ignores_a_later_deposit() -> None:
    assert make_schedule(deposits=(deposit(40_000, on=AS_OF + timedelta(days=1)),)).paid_cents == 0


def test_schedule__after_the_last_date_the_rest_is_due() -> None:
    plan = make_schedule(date(2027, 4, 1), deposits=(deposit(200_000),))
    assert (plan.due_cents, plan.due_on) == (40_000, date(2027, 3, 13))


@pytest.mark.parametrize(
    ("estimate_on", "courtesy"),
    [
        pytest.param(EXPECTED_ON - timedelta(weeks=8), False, id="week-32"),
        pytest.param(EXPECTED_ON - timedelta(weeks=8) + timedelta(days=1), True, id="one-day-after-week-32"),
    ],
)
def test_schedule__late_enrollment_gets_one_courtesy_notice(estimate_on: date, courtesy: bool) -> None:
    assert make_schedule(estimate_on=estimate_on).courtesy_only is courtesy


def test_schedule__requires_a_delivery_date() -> None:
    with pytest.raises(ValueError, match="E1"):
        make_schedule(expected_delivery_on=None)


@given(
    estimate=st.integers(0, 2_000_000),
    enrolled=st.integers(-300, 300),
    paid=st.integers(-5_000, 2_500_000),
    week=st.integers(28, 36),
    most=st.integers(1, 7),
    later=st.integers(-100, 300),
)
def test_schedule__foots(*, estimate: int, enrolled: int, paid: int, week: int, most: int, later: int) -> None:
    episode = make_episode(
        estimate_cents=estimate,
        estimate_on=EXPECTED_ON + timedelta(days=enrolled),
        deposits=(deposit(paid, on=date(2020, 1, 1)),),
    )
    plan = schedule(
        episode, AS_OF + timedelta(days=later), pay_by_week=week, installments_max=most, courtesy_after_week=32
    )
    assert 1 <= len(plan.payments) <= most
    assert sum(payment.amount_cents for payment in plan.payments) == estimate
    assert sum(payment.paid_cents for payment in plan.payments) == min(estimate, max(0, paid))
    assert sum(payment.amount_cents - payment.paid_cents for payment in plan.payments) == plan.remaining_cents
    assert 0 <= plan.due_cents <= plan.remaining_cents
    assert bool(plan.due_cents) == bool(plan.remaining_cents)
    assert plan.payments[-1].due_on == plan.pay_by_on
