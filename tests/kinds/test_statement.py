"""Statements: visits, amount, level, and channel."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from statement_builder.billing.model import Correspondence, Delivery, GuarantorAccount, PlanStatus
from statement_builder.billing.selection import Channel, Kind
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_guarantor, make_payment
from tests.policy.candidates import codes, mailed, make_plan, recorded_hold, selected, statement, visit


def test_statement__bills_every_visit_in_order_of_service() -> None:
    account = make_account(
        visit(1_000, "A1", service_from=date(2026, 10, 20)),
        visit(2_000, "A2", service_from=date(2026, 9, 1)),
        visit(3_000, "A0", service_from=date(2026, 10, 20)),
    )
    decision = statement(account)
    selection = selected(decision)
    assert selection.account_numbers == ("A2", "A0", "A1")
    assert selection.amount_cents == decision.balance_cents == 6_000
    assert decision.holds == ()


@pytest.mark.parametrize(
    ("balance_cents", "reasons"),
    [
        pytest.param(499, ["MINBAL"], id="one-cent-below"),
        pytest.param(500, [], id="equal-to-the-minimum"),
        pytest.param(501, [], id="one-cent-above"),
    ],
)
def test_statement__minimum(balance_cents: int, reasons: list[str]) -> None:
    assert codes(statement(make_account(visit(balance_cents)))) == reasons


def test_statement__credit_is_held_and_not_applied_to_other_visits() -> None:
    decision = statement(make_account(visit(5_000, "A1"), visit(-2_000, "A2")))
    assert selected(decision).amount_cents == 5_000
    assert decision.balance_cents == 3_000
    assert codes(decision) == ["CREDIT:A2"]


def test_statement__excludes_pending_insurance() -> None:
    decision = statement(make_account(visit(9_000, insurance_pending_cents=2_500)))
    assert selected(decision).amount_cents == 6_500
    assert decision.balance_cents == 9_000


def test_statement__no_visits_on_file() -> None:
    decision = statement(make_account())
    assert (decision.outcome, codes(decision), decision.balance_cents) == ("held", ["NO_ENCOUNTERS"], 0)


def test_statement__keeps_every_reason() -> None:
    account = make_account(
        visit(0, "A1"),
        visit(300, "A2", final_billed=False),
        visit(200, "A3"),
        holds=(recorded_hold("RETMAIL"), recorded_hold("DISPUTE", account_number="A2")),
        unapplied_cents=100,
    )
    assert codes(statement(account)) == ["RETMAIL", "DISPUTE:A2", "UNDIST", "ZERO:A1", "NOT_FINAL:A2", "MINBAL"]


@pytest.mark.parametrize(
    ("correspondence", "level"),
    [
        pytest.param((None,), 0, id="first-statement"),
        pytest.param((mailed(first=25),), 1, id="second-statement"),
        pytest.param((mailed(first=25), None), 0, id="new-visit-makes-it-a-first-statement"),
        pytest.param((mailed(first=30), mailed(first=60)), 1, id="all-mailed-before"),
    ],
)
def test_statement__level(correspondence: tuple[Correspondence | None, ...], level: int) -> None:
    account = make_account(
        *(visit(account_number=f"A{i}", correspondence=each) for i, each in enumerate(correspondence))
    )
    assert selected(statement(account)).level == level


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        pytest.param(0, ["MINDAYS"], id="same-day"),
        pytest.param(24, ["MINDAYS"], id="one-day-early"),
        pytest.param(25, [], id="on-the-day"),
    ],
)
def test_statement__days_since_the_last_statement(days: int, reasons: list[str]) -> None:
    decision = statement(
        make_account(visit(account_number="A1", correspondence=mailed(first=days)), visit(account_number="A2"))
    )
    assert codes(decision) == reasons


def test_statement__gives_the_release_date() -> None:
    (hold,) = statement(make_account(visit(correspondence=mailed(first=5)))).holds
    assert hold.until == date(2026, 12, 10)


def test_statement__letter_on_another_visit_does_not_delay_it() -> None:
    account = make_account(visit(correspondence=mailed(first=100, last=3, level=2)), visit(7_000, "A2"))
    decision = statement(account)
    assert codes(decision) == ["LADDER:A1"]
    assert selected(decision).account_numbers == ("A2",)


@pytest.mark.parametrize(
    ("correspondence", "reasons"),
    [
        pytest.param(mailed(first=40, level=0, sent=1), [], id="one-statement-mailed"),
        pytest.param(mailed(first=80, last=40, level=0, sent=2), ["LADDER:A1"], id="two-statements-mailed"),
        pytest.param(mailed(first=80, last=40, level=1, sent=1), ["LADDER:A1"], id="level-of-two-statements"),
        pytest.param(mailed(first=99, last=40, level=3, sent=2), ["LADDER:A1"], id="letters-mailed"),
    ],
)
def test_statement__moves_to_letters(correspondence: Correspondence, reasons: list[str]) -> None:
    assert codes(statement(make_account(visit(correspondence=correspondence)))) == reasons


def test_statement__policy_of_three_statements() -> None:
    account = make_account(visit(correspondence=mailed(first=80, last=40, level=1, sent=2)))
    assert statement(account, Policy(statements_before_letters=3)).outcome == "selected"


@pytest.mark.parametrize(
    ("as_of", "due_on"),
    [
        pytest.param(date(2026, 11, 20), date(2026, 12, 15), id="tuesday"),
        pytest.param(date(2026, 11, 17), date(2026, 12, 14), id="saturday-to-monday"),
        pytest.param(date(2026, 11, 30), date(2026, 12, 28), id="christmas-to-monday"),
    ],
)
def test_statement__due_date(as_of: date, due_on: date) -> None:
    assert selected(statement(make_account(visit()), as_of=as_of)).due_on == due_on


# Plans


def test_statement__plan_visit_owes_the_installment() -> None:
    account = make_account(visit(30_000, plan_id="PL1"), plans=(make_plan(10_000, 10_000, 10_000, 0),))
    decision = statement(account)
    assert (selected(decision).amount_cents, decision.balance_cents) == (10_000, 30_000)
    assert selected(decision).due_on == date(2026, 12, 14)  # the fourth installment: 66 days ago + 90
    assert decision.holds == ()


@pytest.mark.parametrize(
    ("days_ahead", "asks_by"),
    [
        pytest.param(20, 20, id="agreed-date"),
        pytest.param(7, 7, id="agreed-date-that-paper-still-reaches"),
        pytest.param(6, 10, id="too-near-for-paper-grace-period-from-today"),
        pytest.param(0, 10, id="today"),
    ],
)
def test_statement__of_a_plan_alone_asks_by_the_agreed_date_as_its_letters_do(days_ahead: int, asks_by: int) -> None:
    """The agreement and the reminder name the agreed date. The bill names no other, unless it might come too late."""
    plan = make_plan(10_000, 10_000, 10_000, 0, first=90 - days_ahead)
    decision = statement(make_account(visit(30_000, plan_id="PL1"), plans=(plan,)))
    assert plan.installments[-1].due_on == AS_OF + timedelta(days=days_ahead)
    assert selected(decision).due_on == AS_OF + timedelta(days=asks_by)


@pytest.mark.parametrize(
    ("first_days_ago", "due_on"),
    [
        pytest.param(66, date(2026, 12, 15), id="installment-due-a-day-before-the-usual-date"),
        pytest.param(61, date(2026, 12, 19), id="installment-due-after-the-usual-date-is-not-asked-for-early"),
    ],
)
def test_statement__plan_with_other_visits_has_the_later_due_date(first_days_ago: int, due_on: date) -> None:
    plan = make_plan(10_000, 10_000, 10_000, 0, first=first_days_ago)
    account = make_account(visit(30_000, "A1", plan_id="PL1"), visit(4_000, "A2"), plans=(plan,))
    selection = selected(statement(account))
    assert (selection.amount_cents, selection.due_on) == (14_000, due_on)


def test_statement__plan_visit_stays_on_statements() -> None:
    account = make_account(
        visit(30_000, plan_id="PL1", correspondence=mailed(first=200, last=30, level=1, sent=6)),
        plans=(make_plan(10_000, 10_000, 10_000, 0),),
    )
    assert selected(statement(account)).amount_cents == 10_000


@pytest.mark.parametrize(
    ("paid", "reasons"),
    [
        pytest.param((10_000, 10_000, 10_000, 10_000, 0), ["PLAN_PAID:A1"], id="paid-ahead"),
        pytest.param((10_000, 10_000, 10_000, 0, 0), [], id="next-is-due"),
        pytest.param((10_000, 10_000, 0, 0, 0), [], id="one-installment-late"),
    ],
)
def test_statement__plan_paid_this_month(paid: tuple[int, ...], reasons: list[str]) -> None:
    account = make_account(visit(60_000, plan_id="PL1"), plans=(make_plan(*paid),))
    assert codes(statement(account)) == reasons


def test_statement__plan_paid_gives_the_next_statement_date() -> None:
    account = make_account(visit(60_000, plan_id="PL1"), plans=(make_plan(10_000, 10_000, 10_000, 10_000, 0),))
    (hold,) = statement(account).holds
    assert hold.until == date(2026, 12, 14)  # due on January 13, 2027
    assert statement(account, as_of=date(2026, 12, 13)).outcome == "held"
    assert statement(account, as_of=date(2026, 12, 14)).outcome == "selected"


@pytest.mark.parametrize(
    ("plan", "billed_cents"),
    [
        pytest.param(make_plan(0, 0, 0, 0), 30_000, id="lapsed"),
        pytest.param(make_plan(10_000, 10_000, 10_000, 0, status=PlanStatus.DEFAULTED), 30_000, id="defaulted"),
        pytest.param(make_plan(10_000, 10_000, 10_000, 0, status=PlanStatus.CANCELLED), 30_000, id="cancelled"),
    ],
)
def test_statement__plan_not_in_force_bills_in_full(plan: Any, billed_cents: int) -> None:
    account = make_account(visit(30_000, plan_id="PL1"), plans=(plan,))
    assert selected(statement(account)).amount_cents == billed_cents


def test_statement__plan_is_not_billed_in_part() -> None:
    account = make_account(
        visit(30_000, "A1", plan_id="PL1"),
        visit(9_000, "A2", plan_id="PL1"),
        visit(800, "A3"),
        visit(0, "A4", plan_id="PL1"),
        plans=(make_plan(10_000, 10_000, 10_000, 0),),
        holds=(recorded_hold("DISPUTE", account_number="A2"),),
    )
    decision = statement(account)
    assert codes(decision) == ["DISPUTE:A2", "ZERO:A4", "PLAN_PART:A1"]
    assert selected(decision).amount_cents == 800


@pytest.mark.parametrize(
    ("owed_cents", "reasons"),
    [
        pytest.param(9_999, ["PLAN_OVER:A1"], id="one-cent-above-the-balance"),
        pytest.param(10_000, [], id="equal-to-the-balance"),
    ],
)
def test_statement__plan_never_exceeds_the_balance(owed_cents: int, reasons: list[str]) -> None:
    account = make_account(visit(owed_cents, plan_id="PL1"), plans=(make_plan(10_000, 10_000, 10_000, 0),))
    assert codes(statement(account)) == reasons


def test_statement__plan_not_on_file() -> None:
    assert codes(statement(make_account(visit(plan_id="PL9")))) == ["PLAN_UNKNOWN:A1"]


# Channel

CONSENT = {
    "delivery": Delivery.EMAIL,
    "email": "maria@example.org",
    "email_consent_at": datetime(2026, 1, 5, tzinfo=UTC),
}


def with_email(**changes: Any) -> GuarantorAccount:
    return make_account(visit(), guarantor=make_guarantor(**(CONSENT | changes)))


@pytest.mark.parametrize(
    ("changes", "channel"),
    [
        pytest.param({}, Channel.EMAIL, id="preference-and-consent"),
        pytest.param({"delivery": Delivery.PAPER}, Channel.PRINT, id="prefers-paper"),
        pytest.param({"email_consent_at": None}, Channel.PRINT, id="no-consent"),
        pytest.param({"email": " "}, Channel.PRINT, id="no-email-address"),
    ],
)
def test_statement__channel(changes: dict[str, Any], channel: Channel) -> None:
    assert selected(statement(with_email(**changes))).channel is channel


def test_statement__email_kinds_come_from_the_policy() -> None:
    policy = Policy(email_kinds=(Kind.OB_NOTICE,))
    assert selected(statement(with_email(), policy)).channel is Channel.PRINT


def test_statement__digest_covers_the_mailing_address() -> None:
    one = selected(statement(with_email(delivery=Delivery.PAPER))).recipient_digest
    assert one == selected(statement(with_email(delivery=Delivery.PAPER, email="new@example.org"))).recipient_digest
    assert one != selected(statement(with_email(delivery=Delivery.PAPER, last_name="Lopes"))).recipient_digest
    assert "Lopez" not in one


def test_statement__earlier_payment_lowers_the_amount() -> None:
    account = make_account(visit(9_000, payments=(make_payment(amount_cents=1_000),)))
    assert selected(statement(account)).amount_cents == 8_000
