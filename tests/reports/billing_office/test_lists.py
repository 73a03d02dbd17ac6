"""Holds by age, plans, clocks, returned mail, and the cost of mail: each rule of a line, and its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from statement_builder.billing.model import (
    CausedLetter,
    Correspondence,
    FaultyAccount,
    FinancialClass,
    Installment,
    Plan,
    PlanStatus,
)
from statement_builder.billing.plans import MISSED_LETTER, installment_cause
from statement_builder.billing.selection import Channel, Kind
from statement_builder.ledger.mail_figures import MailVolume, ReturnedMail
from statement_builder.operations.clocks import clock_rules
from statement_builder.policy.settings import Policy
from statement_builder.reports.billing_office import (
    Footing,
    HeldReason,
    MailRates,
    Report,
    report_expiring_clocks,
    report_holds,
    report_mail_cost,
    report_plan_lapses,
    report_returned_mail,
)
from tests.builders import AS_OF, make_account, make_encounter, make_payment


def read(report: Report) -> list[dict[str, object]]:
    names = [column.name for column in report.columns]
    return [dict(zip(names, row, strict=True)) for row in report.rows]


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        pytest.param(0, "days_0_30", id="today"),
        pytest.param(30, "days_0_30", id="30-days"),
        pytest.param(31, "days_31_60", id="31-days"),
        pytest.param(90, "days_61_90", id="90-days"),
        pytest.param(91, "over_90", id="91-days"),
    ],
)
def test_holds__age_in_its_column(age: int, bucket: str) -> None:
    reason = HeldReason(kind=Kind.STATEMENT, subject="G1", code="MINBAL", since=days_ago(age), cents=300)
    (row,) = read(report_holds([reason], AS_OF, {"MINBAL": "Wait."}))
    assert (row[bucket], row["held"], row["held_cents"], row["oldest_on"]) == (1, 1, 300, days_ago(age))
    assert row["what_to_do"] == "Wait."


def test_holds__an_amount_counts_once() -> None:
    reasons = [
        HeldReason(kind=Kind.STATEMENT, subject="G1", code="DISPUTE", since=AS_OF, cents=900),
        HeldReason(kind=Kind.STATEMENT, subject="G1", code="UNKNOWN-CODE", since=days_ago(40), cents=0),
        HeldReason(kind=Kind.DUNNING, subject="G1", code="DISPUTE", since=AS_OF, cents=900),
        HeldReason(kind=Kind.DUNNING, subject="G2", code="", since=AS_OF, cents=50),
    ]
    report = report_holds(reasons, AS_OF, {})
    rows = Footing(report)
    assert [(row[0], row[1], row[8]) for row in rows] == [
        ("dunning", "", 50),
        ("dunning", "DISPUTE", 900),
        ("statement", "DISPUTE", 900),
        ("statement", "UNKNOWN-CODE", 0),
    ]


POLICY = Policy()


def make_plan(*installments: Installment, status: PlanStatus = PlanStatus.ACTIVE) -> Plan:
    return Plan(plan_id="L1", status=status, opened_on=days_ago(200), installments=installments)


def installment(sequence: int, days: int, *, paid_cents: int = 0) -> Installment:
    return Installment(sequence=sequence, due_on=days_ago(days), amount_cents=5_000, paid_cents=paid_cents)


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        pytest.param(make_plan(installment(1, POLICY.plan_grace_days)), None, id="in-grace"),
        pytest.param(make_plan(installment(1, POLICY.plan_grace_days + 1)), "behind", id="day-after-grace"),
        pytest.param(make_plan(installment(1, POLICY.plan_lapse_days)), "behind", id="last-day"),
        pytest.param(make_plan(installment(1, POLICY.plan_lapse_days + 1)), "ended", id="lapsed"),
        pytest.param(make_plan(installment(1, 100, paid_cents=5_000)), None, id="paid"),
        pytest.param(
            make_plan(installment(1, 100), status=PlanStatus.DEFAULTED),
            "defaulted in the billing system",
            id="defaulted",
        ),
        pytest.param(make_plan(installment(1, 100), status=PlanStatus.CANCELLED), None, id="canceled"),
    ],
)
def test_plan_lapses__state(plan: Plan, state: str | None) -> None:
    rows = read(report_plan_lapses([make_account(plans=(plan,))], POLICY, AS_OF))
    assert [row["state"] for row in rows] == ([state] if state else [])
    if state in {"behind", "ended"}:
        due_on = plan.installments[0].due_on
        assert rows[0]["ends_on"] == due_on + timedelta(days=POLICY.plan_lapse_days + 1)
        assert (rows[0]["missed_since"], rows[0]["missed_cents"], rows[0]["remaining_cents"]) == (due_on, 5_000, 5_000)


def test_plan_lapses__ends_after_the_date_that_a_letter_gave() -> None:
    plan = make_plan(installment(1, POLICY.plan_lapse_days + 5))
    letter = CausedLetter(
        kind=MISSED_LETTER, cause_id=installment_cause("L1", plan.installments[0]), mailed_on=days_ago(1)
    )
    (row,) = read(report_plan_lapses([make_account(plans=(plan,), letters=(letter,))], POLICY, AS_OF))
    assert row["state"] == "behind"
    assert isinstance(row["ends_on"], date)
    assert row["ends_on"] > AS_OF + timedelta(days=POLICY.plan_cure_days - 2)


def test_plan_lapses__says_which_accounts_it_lacks() -> None:
    report = report_plan_lapses([FaultyAccount(subject="G2", faults=(), result_sets=("plans",))], POLICY, AS_OF)
    assert read(report) == []
    assert report.notes == ["1 account is left out, because of bad data: `statements source check` lists the faults."]


@pytest.mark.parametrize(
    ("first_on", "left"),
    [
        pytest.param(days_ago(121), None, id="ended-yesterday"),
        pytest.param(days_ago(120), 0, id="ends-today-26-CFR-1.501r-6c3"),
        pytest.param(days_ago(90), 30, id="ends-in-30-days"),
        pytest.param(days_ago(89), None, id="ends-in-31-days"),
    ],
)
def test_expiring_clocks__collection_wait(first_on: date, left: int | None) -> None:
    mailed = Correspondence(first_statement_on=first_on, statements_sent=1, last_level=0, last_mailed_on=first_on)
    account = make_account(make_encounter(correspondence=mailed))
    rows = read(report_expiring_clocks([account], clock_rules(POLICY), AS_OF, 30))
    assert [row["days_left"] for row in rows if row["clock"] == "501r_eca_wait"] == ([] if left is None else [left])


def test_expiring_clocks__a_payment_restarts_the_medicare_clock() -> None:
    """42 CFR 413.89(e)(2): each payment starts 120 days again."""
    first_on = days_ago(118)
    mailed = Correspondence(first_statement_on=first_on, statements_sent=1, last_level=0, last_mailed_on=first_on)
    own: dict[str, Any] = {"correspondence": mailed, "financial_class": FinancialClass.MEDICARE}
    unpaid = make_account(make_encounter("A1", **own))
    paid = make_account(make_encounter("A2", **own, payments=(make_payment(on=days_ago(20)),)))
    rows = read(report_expiring_clocks([unpaid, paid], clock_rules(POLICY), AS_OF, 30))
    assert [row["account"] for row in rows if row["clock"] == "medicare_collection"] == ["A1"]


def test_expiring_clocks__a_paid_visit_needs_nothing() -> None:
    mailed = Correspondence(
        first_statement_on=days_ago(100), statements_sent=1, last_level=0, last_mailed_on=days_ago(100)
    )
    account = make_account(make_encounter(owed_cents=0, correspondence=mailed))
    assert read(report_expiring_clocks([account], clock_rules(POLICY), AS_OF, 30)) == []


@pytest.mark.parametrize(
    ("sent_again", "due", "state"),
    [
        pytest.param(False, False, "open", id="open"),
        pytest.param(False, True, "to be sent again", id="due"),
        pytest.param(True, False, "sent again", id="sent"),
    ],
)
def test_returned_mail__state_and_rate(sent_again: bool, due: bool, state: str) -> None:
    returned = ReturnedMail(
        document_id="D1",
        guarantor_id="G1",
        kind=Kind.STATEMENT,
        channel=Channel.PRINT,
        amount_cents=700,
        issued_on=days_ago(20),
        returned_at=datetime(2026, 11, 15, 12, tzinfo=UTC),
        was_sent_again=sent_again,
        is_due_again=due,
    )
    report = report_returned_mail(
        [returned], lambda moment: moment.date(), mailed=300, lost=7, since=days_ago(365), as_of=AS_OF
    )
    (row,) = read(report)
    assert (row["state"], row["days"], row["returned_on"]) == (state, 5, date(2026, 11, 15))
    assert "7 did not arrive: 2.33 %" in report.notes[0]


RATES = MailRates(letter_postage=52_000, flat_postage=150_000, envelope=9_050, sheet=2_495, email=35)


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        pytest.param({"letters": 1, "sheets": 1}, (52, 12, 0, 64, 64), id="one-letter-11.545-cents-round-half-up"),
        pytest.param({"flats": 2, "sheets": 14}, (300, 53, 0, 353, 177), id="flats"),
        pytest.param({"emails": 100}, (0, 0, 4, 4, 0), id="3.5-cents-of-e-mail"),
        pytest.param({}, (0, 0, 0, 0, None), id="nothing-left"),
    ],
)
def test_mail_cost__rounds_once_a_line(volume: dict[str, int], expected: tuple[int | None, ...]) -> None:
    report = report_mail_cost([MailVolume(batch_id="B1", **volume)], RATES, since=days_ago(30), as_of=AS_OF)
    (row,) = report.rows
    assert row[5:] == expected
    assert len(report.notes) == 1


def test_mail_cost__says_which_rates_are_not_set() -> None:
    rates = MailRates(letter_postage=0, flat_postage=1, envelope=1, sheet=1, email=0)
    report = report_mail_cost([], rates, since=days_ago(30), as_of=AS_OF)
    assert "costs.letter_postage_per_1000_cents, costs.email_per_1000_cents" in report.notes[-1]
