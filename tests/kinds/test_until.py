"""`until` of a hold is the first day that the rule lets go: never earlier, never later, never in the past."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statement_builder.billing.model import Encounter, GuarantorAccount, Installment, Plan, PlanStatus
from statement_builder.billing.selection import CollectionAction, Kind
from statement_builder.kinds import candidate_cents, decide
from statement_builder.policy import Policy
from tests.billing.strategies import accounts
from tests.builders import AS_OF, make_account, make_payment
from tests.policy.candidates import POLICY, codes, days_ago, letter, mailed, selected, statement, visit

ONE_DAY = timedelta(days=1)


def without_postings_ahead(account: GuarantorAccount) -> GuarantorAccount:
    """The account as a pull on `AS_OF` could see it: nothing is posted later."""

    def known(encounter: Encounter) -> Encounter:
        return replace(
            encounter,
            charges=tuple(each for each in encounter.charges if each.posted_on <= AS_OF),
            insurance=tuple(each for each in encounter.insurance if each.posted_on <= AS_OF),
            payments=tuple(each for each in encounter.payments if each.posted_on <= AS_OF),
        )

    episodes = tuple(
        replace(each, deposits=tuple(one for one in each.deposits if one.posted_on <= AS_OF))
        for each in account.episodes
    )
    assistance = tuple(each for each in account.assistance if each.occurred_on <= AS_OF)
    visits = tuple(map(known, account.encounters))
    return replace(account, encounters=visits, episodes=episodes, assistance=assistance)


@settings(max_examples=300, deadline=None)
@given(accounts, st.sampled_from(Kind), st.sampled_from([POLICY, Policy(collection_actions=(CollectionAction.SUIT,))]))
def test_until__is_the_first_day_without_the_hold(account: GuarantorAccount, kind: Kind, policy: Policy) -> None:
    account = without_postings_ahead(account)
    if candidate_cents(account, kind, AS_OF) is None:
        return
    for hold in decide(account, kind, policy, AS_OF).holds:
        if hold.until is None:
            continue
        assert hold.until > AS_OF, hold
        assert hold not in decide(account, kind, policy, hold.until).holds, hold
        before = decide(account, kind, policy, hold.until - ONE_DAY)
        assert hold in before.holds or before.faults, hold


def monthly_plan(first_on: date, paid: int, count: int = 15) -> Plan:
    """Installments of $100 on the same day of each month (the last day of a shorter one), the first `paid` paid."""
    months = [divmod(first_on.month - 1 + index, 12) for index in range(count)]
    due = []
    for years, month0 in months:
        following = date(first_on.year + years + (month0 == 11), (month0 + 1) % 12 + 1, 1)
        due.append(min(following - ONE_DAY, date(first_on.year + years, month0 + 1, 1) + (first_on.day - 1) * ONE_DAY))
    return Plan(
        plan_id="PL1",
        status=PlanStatus.ACTIVE,
        opened_on=first_on - timedelta(days=20),
        installments=tuple(
            Installment(sequence=i + 1, due_on=day, amount_cents=10_000, paid_cents=10_000 if i < paid else 0)
            for i, day in enumerate(due)
        ),
    )


def on_plan(plan: Plan, **changes: Any) -> GuarantorAccount:
    return make_account(visit(90_000, plan_id="PL1", **changes), plans=(plan,))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 31),
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.integers(0, 12),
)
def test_plan__is_held_until_a_day_ahead_and_asked_then(due_day: int, as_of: date, paid: int) -> None:
    account = on_plan(monthly_plan(date(as_of.year - (as_of.month < 7), 1, due_day), paid))
    for hold in statement(account, as_of=as_of).holds:
        if hold.code == "PLAN_PAID" and hold.until is not None:
            assert hold.until > as_of
            assert "PLAN_PAID:A1" in codes(statement(account, as_of=hold.until - ONE_DAY))
            decision = statement(account, as_of=hold.until)
            assert selected(decision).amount_cents == 10_000
            assert selected(decision).due_on > hold.until


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 31), st.integers(1, 31))
def test_plan__kept_month_by_month_is_asked_once_and_never_late(due_day: int, cycle_day: int) -> None:
    """Every day of the month due, every day of the month billed: each installment is asked for once, in time."""
    plan = monthly_plan(date(2027, 1, due_day), paid=0)
    cycles = [each.due_on for each in monthly_plan(date(2027, 1, cycle_day), paid=0).installments]
    paid = {each.sequence for each in plan.installments if each.due_on < cycles[0]}
    asked: list[date] = []
    for cycle_on in cycles:
        installments = tuple(
            replace(each, paid_cents=10_000 if each.sequence in paid else 0) for each in plan.installments
        )
        decision = statement(on_plan(replace(plan, installments=installments)), as_of=cycle_on)
        if decision.outcome == "selected":
            unpaid = [each for each in installments if each.sequence not in paid]
            new = unpaid[: selected(decision).amount_cents // 10_000]
            assert all(each.due_on >= cycle_on for each in new), "an installment is asked for late"
            assert len(new) <= 2  # two only where a short month moves the next due date within a month
            asked.extend(each.due_on for each in new)
            paid.update(each.sequence for each in new)
    assert len(asked) == len(set(asked))
    assert len(asked) >= 12


@pytest.mark.parametrize(
    ("as_of", "paid", "due_on"),
    [
        pytest.param(date(2027, 1, 31), 1, date(2027, 2, 28), id="january-31-asks-for-february-28"),
        pytest.param(date(2027, 2, 28), 2, date(2027, 3, 30), id="february-28-asks-for-march-30"),
        pytest.param(date(2027, 3, 31), 3, date(2027, 4, 30), id="march-31-asks-for-april-30"),
    ],
)
def test_plan__due_on_the_30th_with_month_end_cycles(as_of: date, paid: int, due_on: date) -> None:
    selection = selected(statement(on_plan(monthly_plan(date(2027, 1, 30), paid)), as_of=as_of))
    assert (selection.amount_cents, selection.due_on) == (10_000, due_on)


@pytest.mark.parametrize(
    ("as_of", "due_on"),
    [
        pytest.param(date(2027, 3, 15), date(2027, 3, 25), id="due-today"),
        pytest.param(date(2027, 3, 12), date(2027, 3, 22), id="due-in-three-days"),
        pytest.param(date(2027, 3, 4), date(2027, 3, 15), id="due-in-eleven-days"),
    ],
)
def test_plan__due_date_leaves_time_and_a_payment_by_then_is_not_missed(as_of: date, due_on: date) -> None:
    account = on_plan(monthly_plan(date(2027, 1, 15), 2))
    assert selected(statement(account, as_of=as_of)).due_on == due_on
    assert letter(account, as_of=due_on).holds[-1].code == "STMT_FIRST"
    assert "PLAN_OK:A1" in codes(letter(account, as_of=due_on))


def test_plan__later_installment_is_not_the_due_date_of_a_missed_one() -> None:
    """Quarterly: the payment missed in October is not asked for by January."""
    quarters = tuple(
        Installment(sequence=i + 1, due_on=day, amount_cents=10_000)
        for i, day in enumerate((date(2026, 10, 25), date(2027, 1, 25)))
    )
    plan = Plan(plan_id="PL1", status=PlanStatus.ACTIVE, opened_on=date(2026, 10, 1), installments=quarters)
    selection = selected(statement(on_plan(plan)))
    assert (selection.amount_cents, selection.due_on) == (10_000, date(2026, 12, 15))


@pytest.mark.parametrize(
    ("paid", "other", "level"),
    [
        pytest.param(11, False, 0, id="kept"),
        pytest.param(10, False, 0, id="late-within-grace"),
        pytest.param(9, False, 1, id="missed"),
        pytest.param(11, True, 0, id="kept-beside-an-old-visit"),
    ],
)
def test_plan__kept_is_never_a_reminder(paid: int, other: bool, level: int) -> None:
    billed = mailed(first=200, last=31, level=1, sent=6)
    account = on_plan(monthly_plan(date(2026, 1, 16), paid), correspondence=billed)
    if other:
        account = replace(
            account, encounters=(*account.encounters, visit(5_000, "A2", correspondence=mailed(first=31, level=0)))
        )
    policy = replace(POLICY, plan_lapse_days=60)
    assert selected(statement(account, policy)).level == level


def test_plan__completed_with_a_rest_is_never_a_reminder() -> None:
    plan = replace(monthly_plan(date(2026, 1, 16), 15), status=PlanStatus.COMPLETED)
    billed = mailed(first=50, last=30, level=0, sent=1)
    assert selected(statement(on_plan(plan, correspondence=billed))).level == 0


def test_payment_pause__ends_when_the_payments_left_are_small() -> None:
    """Two payments make 25 percent together; the first one ages out before the second."""
    payments = (
        make_payment("M1", amount_cents=7_000, on=days_ago(20)),
        make_payment("M2", amount_cents=1_000, on=days_ago(5)),
    )
    account = make_account(visit(30_000, correspondence=mailed(first=70, last=30, level=1), payments=payments))
    (hold,) = letter(account).holds
    assert (hold.code, hold.until) == ("PMT_PAUSE", days_ago(20 - 30))
    assert codes(letter(account, as_of=days_ago(20 - 30))) == []
