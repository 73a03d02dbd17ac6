"""The list of credit balances: whose money, since when, why not yet, by when (42 CFR 401.305)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Encounter,
    EpisodeStatus,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    Refund,
    RefundStatus,
)
from statement_builder.policy import HOLD_CODES, Policy
from statement_builder.policy.credit_balances import (
    CreditBalance,
    CreditDeadline,
    find_credit_balances,
    sort_credit_balances,
)
from tests.builders import AS_OF, make_account, make_encounter, make_insurance, make_payment
from tests.policy.candidates import POLICY, days_ago, recorded_hold
from tests.refund_letters import (
    make_after_birth,
    make_delivered,
    make_deposit_refund,
    make_overpaid,
    make_refund,
    make_refundable,
    make_sent,
)


def credits_of(account: GuarantorAccount, policy: Policy = POLICY) -> tuple[CreditBalance, ...]:
    return tuple(find_credit_balances(account, policy, AS_OF))


def only(account: GuarantorAccount) -> CreditBalance:
    (found,) = credits_of(account)
    assert set(found.reasons) <= HOLD_CODES.keys()
    return found


def test_credit__of_a_visit_with_amount_and_first_day() -> None:
    found = only(make_account(make_overpaid(4_500), make_encounter("A2", owed_cents=100)))
    assert (found.guarantor_id, found.account_number, found.episode_id) == ("G1001", "A70001", "")
    assert (found.amount_cents, found.since, found.payer_class) == (4_500, date(2026, 11, 2), FinancialClass.COMMERCIAL)
    assert (found.deadline, found.due_on, found.days_left) == (None, None, None)


def test_credit__none_without_one() -> None:
    assert credits_of(make_account(make_encounter(), make_encounter("A2", owed_cents=0))) == ()


MEDICARE = [
    pytest.param(FinancialClass.MEDICARE, date(2026, 9, 21), 0, id="401.305-b-1-the-60th-day-is-today"),
    pytest.param(FinancialClass.MEDICARE, date(2026, 9, 20), -1, id="401.305-b-1-passed-yesterday"),
    pytest.param(FinancialClass.QMB, date(2026, 11, 20), 60, id="qmb-is-medicare"),
    pytest.param(FinancialClass.MEDICARE_ADVANTAGE, date(2026, 9, 21), None, id="a-plan-of-part-c-is-not"),
    pytest.param(FinancialClass.SELF_PAY, date(2026, 9, 21), None, id="self-pay"),
]


@pytest.mark.parametrize(("financial_class", "paid_on", "days_left"), MEDICARE)
def test_credit__medicare_has_60_days_from_its_first_day(
    financial_class: FinancialClass, paid_on: date, days_left: int | None
) -> None:
    paid = make_payment(amount_cents=14_500, on=paid_on)
    # Insurance and charges are older than the payment.
    visit = make_encounter(
        owed_cents=10_000,
        financial_class=financial_class,
        payments=(paid,),
        insurance=(make_insurance(amount_cents=110_000, on=date(2026, 9, 1)),),
        charges=tuple(replace(each, posted_on=date(2026, 9, 1)) for each in make_encounter().charges),
    )
    found = only(make_account(visit))
    assert (found.since, found.days_left) == (paid_on, days_left)
    assert (found.deadline is CreditDeadline.MEDICARE) == (days_left is not None)


SINCE = [
    pytest.param([(40, 10_100)], 40, id="one-payment"),
    pytest.param([(40, 10_000), (30, 1)], 30, id="at-zero-it-is-no-credit"),
    pytest.param([(40, 10_100), (30, -200), (10, 300)], 10, id="without-a-break"),
    pytest.param([(40, 10_100), (20, 500)], 40, id="a-larger-credit-is-as-old"),
]


@pytest.mark.parametrize(("payments", "days"), SINCE)
def test_credit__since_the_day_that_it_has_lasted(payments: list[tuple[int, int]], days: int) -> None:
    visit = make_encounter(
        owed_cents=10_000,
        payments=tuple(make_payment(f"M{ago}", amount_cents=cents, on=days_ago(ago)) for ago, cents in payments),
        insurance=(make_insurance(amount_cents=110_000, on=date(2026, 10, 3)),),
    )
    assert only(make_account(visit)).since == days_ago(days)


ASSISTED = (
    AssistanceRecord(kind=AssistanceKind.APPLICATION, occurred_on=days_ago(9), status=ApplicationStatus.APPROVED),
)
REASONS = [
    pytest.param([], {}, {}, ["REFUND_NONE"], id="nobody-asked"),
    pytest.param([make_refund(status=RefundStatus.REQUESTED)], {}, {}, ["REFUND_REQUESTED"], id="requested"),
    pytest.param([make_refund(status=RefundStatus.CANCELED)], {}, {}, ["REFUND_NONE"], id="canceled"),
    pytest.param([make_refund()], {}, {}, ["REFUND_PAID"], id="approved"),
    pytest.param([make_refund(method=None)], {}, {}, ["REFUND_INCOMPLETE", "REFUND_PAID"], id="incomplete"),
    pytest.param([make_refund(send_on=days_ago(1))], {}, {}, ["REFUND_LATE", "REFUND_PAID"], id="late"),
    pytest.param([make_refund(amount_cents=4_000)], {}, {}, ["REFUND_PAID", "REFUND_NONE"], id="for-a-part"),
    pytest.param([make_refund(amount_cents=4_600)], {}, {}, ["REFUND_OVER", "REFUND_PAID"], id="too-much"),
    pytest.param([], {"insurance_status": InsuranceStatus.PENDING}, {}, ["INS_PEND", "REFUND_NONE"], id="open-claim"),
    pytest.param([], {"final_billed": False}, {}, ["NOT_FINAL", "REFUND_NONE"], id="not-final"),
    pytest.param([], {}, {"holds": (recorded_hold("DECEASED"),)}, ["DECEASED", "REFUND_NONE"], id="4-estate"),
    pytest.param([], {}, {"holds": (recorded_hold("QMB"),)}, ["REFUND_NONE"], id="2.2-qmb-is-refunded"),
    pytest.param([], {}, {"assistance": ASSISTED}, ["REFUND_ASSISTANCE"], id="1.501r-6-c-6-required"),
    pytest.param([make_sent()], {}, {}, ["REFUND_PAID"], id="sent-and-not-posted"),
]


@pytest.mark.parametrize(("refunds", "visit", "account", "reasons"), REASONS)
def test_credit__says_why_it_is_not_paid_back(
    refunds: list[Refund], visit: dict[str, Any], account: dict[str, Any], reasons: list[str]
) -> None:
    found = only(make_account(make_overpaid(4_500, **visit), refunds=tuple(refunds), **account))
    assert list(found.reasons) == reasons


@pytest.mark.parametrize(
    ("cents", "reasons"),
    [
        pytest.param(499, ("REFUND_NONE",), id="1.501r-6-c-6-below-5-dollars"),
        pytest.param(500, ("REFUND_ASSISTANCE",), id="1.501r-6-c-6-5-dollars"),
    ],
)
def test_credit__after_assistance_from_5_dollars_on(cents: int, reasons: tuple[str, ...]) -> None:
    assert only(make_account(make_overpaid(cents), assistance=ASSISTED)).reasons == reasons


def test_credit__an_insurers_part_is_named() -> None:
    visit: Encounter = make_encounter(insurance=(make_insurance(amount_cents=130_000),), payments=())
    assert only(make_account(visit)).reasons == ("REFUND_PAYER", "REFUND_NONE")


def test_credit__a_balance_elsewhere_is_named() -> None:
    found = only(make_refundable(visits=(make_overpaid(), make_encounter("A2"))))
    assert found.reasons == ("REFUND_BALANCE", "REFUND_PAID")


DEPOSITS = [
    pytest.param(EpisodeStatus.DELIVERED, True, 30 - 26, ["REFUND_PAID"], id="6-thirty-days-from-the-decision"),
    pytest.param(EpisodeStatus.DELIVERED, False, None, ["DEPOSIT_EARLY", "REFUND_PAID"], id="6-not-decided"),
    pytest.param(EpisodeStatus.LOST, True, None, ["LOSS", "REFUND_PAID"], id="6-loss"),
    pytest.param(EpisodeStatus.TRANSFERRED, True, None, ["DEPOSIT_PERSON", "REFUND_PAID"], id="transferred"),
]


@pytest.mark.parametrize(("status", "is_decided", "days_left", "reasons"), DEPOSITS)
def test_credit__deposits_of_a_pregnancy_that_ended(
    status: EpisodeStatus, is_decided: bool, days_left: int | None, reasons: list[str]
) -> None:
    state = InsuranceStatus.ADJUDICATED if is_decided else InsuranceStatus.PENDING
    stay = make_encounter("A70009", owed_cents=5_000, insurance_status=state)  # adjudicated 26 days ago
    account = make_after_birth(make_deposit_refund(), episode=make_delivered(status=status), encounters=(stay,))
    found = only(account)
    assert (found.account_number, found.episode_id, found.amount_cents) == ("", "E1", 30_000)
    assert (found.days_left, list(found.reasons)) == (days_left, reasons)


def test_credit__the_deposits_of_a_pregnancy_are_none() -> None:
    assert credits_of(make_after_birth(episode=make_delivered(status=EpisodeStatus.ACTIVE))) == ()


def test_sort__the_nearest_deadline_first_and_those_without_one_last() -> None:
    base = only(make_account(make_overpaid()))
    none = replace(base, account_number="A1")
    later = replace(base, account_number="A2", due_on=date(2026, 12, 1))
    passed = replace(base, account_number="A3", due_on=date(2026, 10, 1))
    old = replace(base, account_number="A4", since=date(2026, 1, 1))
    found = [each.account_number for each in sort_credit_balances([none, later, old, passed])]
    assert found == ["A3", "A2", "A4", "A1"]
