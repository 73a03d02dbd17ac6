"""Obstetric notices: every stop event at its boundary, and the data errors that a clerk must correct."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Coverage, CoverageKind, Delivery, Deposit, EpisodeStatus, FinancialClass
from statement_builder.billing.selection import Channel
from tests.builders import AS_OF, make_account, make_episode, make_guarantor, make_patient
from tests.policy.candidates import ADULT, codes, make_pregnant, notice, selected, visit

EXPECTED_ON = date(2027, 4, 10)


def test_notice__amount_is_what_is_due() -> None:
    decision = notice(
        make_pregnant(deposits=(Deposit(deposit_id="D1", posted_on=date(2026, 11, 2), amount_cents=80_000),))
    )
    selection = selected(decision)
    assert (selection.episode_id, selection.account_numbers, selection.level) == ("E1", (), 0)
    # Estimate of $2,400 in six installments: two are paid, the third is due on December 13.
    assert (selection.amount_cents, selection.due_on) == (40_000, date(2026, 12, 13))
    assert decision.balance_cents == 160_000


def test_notice__ignores_old_debt() -> None:
    alone, indebted = make_pregnant(), make_pregnant(visit(900_000, patient_id="P1"))
    assert selected(notice(alone)) == selected(notice(indebted))
    assert notice(indebted).balance_cents == 240_000


def test_notice__gives_at_least_ten_days() -> None:
    as_of = date(2026, 12, 10)
    assert selected(notice(make_pregnant(), as_of=as_of)).due_on == date(2026, 12, 21)  # the 20th is a Sunday


def test_notice__by_email_with_consent() -> None:
    guarantor = make_guarantor(
        delivery=Delivery.EMAIL, email="maria@example.org", email_consent_at=datetime(2026, 1, 5, tzinfo=UTC)
    )
    assert selected(notice(replace(make_pregnant(), guarantor=guarantor))).channel is Channel.EMAIL


ROWS = [
    pytest.param({"status": EpisodeStatus.LOST}, ["LOSS"], id="loss"),
    pytest.param({"status": EpisodeStatus.DELIVERED}, ["OB_DELIVERED"], id="delivered"),
    pytest.param({"status": EpisodeStatus.TRANSFERRED}, ["OB_TRANSFERRED"], id="transferred"),
    pytest.param({"status": EpisodeStatus.CANCELLED}, ["OB_CANCELLED"], id="cancelled"),
    pytest.param({"estimated_delivery_on": EXPECTED_ON - timedelta(days=21)}, [], id="moved-21-days"),
    pytest.param(
        {"estimated_delivery_on": EXPECTED_ON - timedelta(days=22)}, ["OB_EDD_MOVED"], id="moved-22-days-later"
    ),
    pytest.param(
        {"estimated_delivery_on": EXPECTED_ON + timedelta(days=22)}, ["OB_EDD_MOVED"], id="moved-22-days-earlier"
    ),
    pytest.param({"insurance_changed_on": date(2026, 9, 9)}, [], id="insurance-changed-before-the-estimate"),
    pytest.param({"insurance_changed_on": date(2026, 9, 10)}, ["OB_INS_CHANGED"], id="insurance-changed-the-same-day"),
    pytest.param({"insurance_changed_on": date(2026, 11, 1)}, ["OB_INS_CHANGED"], id="insurance-changed-since"),
    pytest.param({"insurance_changed_on": date(2027, 1, 1)}, ["OB_INS_CHANGED"], id="insurance-will-change"),
    pytest.param({"plan_year_ends_on": date(2026, 12, 31)}, [], id="plan-year-continues"),
    pytest.param({"plan_year_ends_on": AS_OF}, [], id="last-day-of-the-plan-year"),
    pytest.param({"plan_year_ends_on": AS_OF - timedelta(days=1)}, ["OB_PLAN_YEAR"], id="new-plan-year"),
    pytest.param({"plan_year_ends_on": date(2026, 6, 30)}, [], id="estimate-made-in-the-new-plan-year"),
    pytest.param({"financial_class": FinancialClass.MEDICAID}, ["MCAID"], id="medicaid"),
    pytest.param({"financial_class": FinancialClass.MEDICAID_PENDING}, ["MCAID_PEND"], id="medicaid-pending"),
    pytest.param({"financial_class": FinancialClass.QMB}, ["QMB"], id="qmb"),
    pytest.param({"financial_class": FinancialClass.CHARITY}, ["CHARITY100"], id="charity"),
    pytest.param({"financial_class": FinancialClass.TRICARE}, ["OB_EXCLUDED"], id="tricare"),
    pytest.param({"financial_class": FinancialClass.CLIENT}, ["CLIENT"], id="surrogacy-agency"),
    pytest.param(
        {"financial_class": FinancialClass.SELF_PAY}, ["OB_NO_GFE"], id="self-pay-without-a-good-faith-estimate"
    ),
    pytest.param(
        {"financial_class": FinancialClass.SELF_PAY, "good_faith_estimate_id": "GFE7"},
        [],
        id="self-pay-with-a-good-faith-estimate",
    ),
    pytest.param({"estimate_on": AS_OF - timedelta(days=4)}, ["OB_EARLY"], id="estimate-four-days-old"),
    pytest.param({"estimate_on": AS_OF - timedelta(days=5)}, [], id="estimate-five-days-old"),
    pytest.param({"notices_sent": 1, "last_notice_on": date(2026, 11, 1)}, ["MINDAYS"], id="noticed-this-month"),
    pytest.param({"notices_sent": 1, "last_notice_on": date(2026, 10, 27)}, ["MINDAYS"], id="noticed-24-days-ago"),
    pytest.param({"notices_sent": 1, "last_notice_on": date(2026, 10, 26)}, [], id="noticed-25-days-ago-last-month"),
    pytest.param(
        {"deposits": (Deposit(deposit_id="D1", posted_on=AS_OF, amount_cents=240_000),)}, ["OB_PAID"], id="fully-paid"
    ),
    pytest.param(
        {"deposits": (Deposit(deposit_id="D1", posted_on=AS_OF, amount_cents=239_999),), "notices_sent": 0},
        ["MINBAL"],
        id="one-cent-left",
    ),
    pytest.param({"estimate_cents": 0}, ["OB_PAID"], id="zero-estimate"),
    pytest.param(
        {
            "notices_sent": 2,
            "last_notice_on": date(2026, 10, 1),
            "deposits": (Deposit(deposit_id="D1", posted_on=AS_OF, amount_cents=120_000),),
        },
        ["OB_AHEAD"],
        id="paid-one-month-ahead",
    ),
]


@pytest.mark.parametrize(("changes", "reasons"), ROWS)
def test_notice__stop_events(changes: dict[str, Any], reasons: list[str]) -> None:
    decision = notice(make_pregnant(**changes))
    assert codes(decision) == reasons
    assert decision.outcome == ("held" if reasons else "selected")


@pytest.mark.parametrize(
    ("sent", "reasons"),
    [pytest.param(0, [], id="first-notice"), pytest.param(1, ["OB_LATE"], id="second-notice")],
)
def test_notice__late_enrollment(sent: int, reasons: list[str]) -> None:
    expected_on = AS_OF + timedelta(days=45)
    late: dict[str, Any] = {
        "expected_delivery_on": expected_on,
        "estimated_delivery_on": expected_on,
        "estimate_on": date(2026, 11, 10),
    }
    account = make_pregnant(**late, notices_sent=sent, last_notice_on=date(2026, 10, 15) if sent else None)
    assert codes(notice(account)) == reasons


@pytest.mark.parametrize(
    ("last_on", "until"),
    [
        pytest.param(date(2026, 11, 1), date(2026, 12, 1), id="first-of-next-month"),
        pytest.param(date(2026, 11, 18), date(2026, 12, 13), id="25-days-if-later"),
    ],
)
def test_notice__once_a_month_gives_the_date(last_on: date, until: date) -> None:
    account = make_pregnant(notices_sent=1, last_notice_on=last_on)
    (hold,) = notice(account).holds
    assert hold.until == until
    assert notice(account, as_of=until - timedelta(days=1)).outcome == "held"
    assert notice(account, as_of=until).outcome == "selected"


@pytest.mark.parametrize(
    ("birth_on", "outcome"),
    [
        pytest.param(date(2008, 11, 20), "selected", id="18-today"),
        pytest.param(date(2008, 11, 21), "held", id="18-tomorrow"),
    ],
)
def test_notice__holds_notices_to_a_minor(birth_on: date, outcome: str) -> None:
    decision = notice(replace(make_pregnant(), patients=(make_patient(birth_on=birth_on),)))
    assert decision.outcome == outcome
    assert codes(decision) == ([] if outcome == "selected" else ["OB_MINOR"])


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        pytest.param({"financial_class": FinancialClass.MEDICAID}, ["MCAID"], id="now-on-medicaid"),
        pytest.param({"financial_class": FinancialClass.MEDICAID, "patient_id": "P2"}, [], id="another-patient"),
        pytest.param({"financial_class": FinancialClass.COMMERCIAL}, [], id="still-insured"),
        pytest.param(
            {"financial_class": FinancialClass.MEDICAID, "service_to": date(2026, 9, 9)}, [], id="before-the-estimate"
        ),
    ],
)
def test_notice__holds_for_coverage_on_a_later_visit(changes: dict[str, Any], reasons: list[str]) -> None:
    assert codes(notice(make_pregnant(visit(**changes)))) == reasons


@pytest.mark.parametrize(
    ("lost", "reasons"),
    [
        pytest.param({"expected_delivery_on": EXPECTED_ON - timedelta(days=55)}, ["LOSS"], id="due-55-days-apart"),
        pytest.param({"expected_delivery_on": EXPECTED_ON - timedelta(days=56)}, [], id="due-56-days-apart"),
        pytest.param({"expected_delivery_on": None}, ["LOSS"], id="delivery-date-unknown"),
        pytest.param({"expected_delivery_on": EXPECTED_ON, "patient_id": "P2"}, [], id="another-patient"),
    ],
)
def test_notice__loss_on_a_second_record_of_the_pregnancy(lost: dict[str, Any], reasons: list[str]) -> None:
    other = make_episode(**({"episode_id": "E0", "status": EpisodeStatus.LOST} | lost))
    assert codes(notice(make_pregnant(others=(other,)))) == reasons


EXCEPTIONS = [
    pytest.param({"expected_delivery_on": None}, "OB_NO_EDD", id="no-delivery-date"),
    pytest.param({"expected_delivery_on": AS_OF - timedelta(days=14)}, "OB_OVERDUE", id="14-days-overdue"),
    pytest.param({"patient_id": "P9"}, "OB_NO_PATIENT", id="unknown-patient"),
    pytest.param({"estimate_cents": -1}, "OB_NO_ESTIMATE", id="negative-estimate"),
]


@pytest.mark.parametrize(("changes", "code"), EXCEPTIONS)
def test_notice__exceptions(changes: dict[str, Any], code: str) -> None:
    decision = notice(make_pregnant(**changes))
    assert (decision.outcome, decision.selection) == ("exception", None)
    (fault,) = decision.faults
    assert (fault.code, fault.result_set, fault.row_key) == (code, "ob_episodes", "E1")
    assert fault.message
    assert fault.fix


def test_notice__13_days_overdue_is_not_an_exception() -> None:
    on = AS_OF - timedelta(days=13)
    account = make_pregnant(expected_delivery_on=on, estimated_delivery_on=on, estimate_on=date(2026, 4, 1))
    assert notice(account).outcome == "selected"


def test_notice__a_birth_expected_last_month_is_an_exception() -> None:
    """The notice prints the month of the birth as one to come."""
    on = date(2026, 11, 30)
    account = make_pregnant(expected_delivery_on=on, estimated_delivery_on=on, estimate_on=date(2026, 4, 1))
    assert notice(account, as_of=on).outcome == "selected"
    assert [fault.code for fault in notice(account, as_of=date(2026, 12, 1)).faults] == ["OB_OVERDUE"]


def test_notice__two_active_pregnancies_are_an_exception() -> None:
    decision = notice(make_pregnant(others=(make_episode(episode_id="E2"),)))
    assert decision.outcome == "exception"
    assert [(fault.code, fault.row_key) for fault in decision.faults] == [("OB_TWO", "E1"), ("OB_TWO", "E2")]
    assert decision.balance_cents == 480_000


def test_notice__ended_pregnancy_counts_zero_cents() -> None:
    assert notice(make_pregnant(status=EpisodeStatus.LOST)).balance_cents == 0


def test_notice__delivered_pregnancy_does_not_hold_an_active_one() -> None:
    other = make_episode(episode_id="E0", status=EpisodeStatus.DELIVERED, expected_delivery_on=date(2025, 1, 1))
    account = make_account(patients=(ADULT,), episodes=(other, make_episode()))
    assert selected(notice(account)).episode_id == "E1"


@pytest.mark.parametrize(
    ("ends_on", "reasons"),
    [
        pytest.param(date(2026, 9, 10), ["MCAID"], id="until-the-estimate"),
        pytest.param(date(2026, 9, 9), [], id="ended-before-the-estimate"),
        pytest.param(None, ["MCAID"], id="goes-on"),
    ],
)
def test_notice__medicaid_span_since_the_estimate_42_cfr_447_56(ends_on: date | None, reasons: list[str]) -> None:
    covered = Coverage(patient_id="P1", kind=CoverageKind.MEDICAID, starts_on=date(2026, 1, 1), ends_on=ends_on)
    assert codes(notice(replace(make_pregnant(), coverages=(covered,)))) == reasons
