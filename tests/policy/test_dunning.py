"""The dunning ladder: based on what was actually mailed, one level at a time, never early."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Correspondence, Delivery, PlanStatus
from statement_builder.billing.selection import Channel
from statement_builder.policy import LegalNumber, Policy
from tests.builders import make_account, make_guarantor, make_payment
from tests.policy.candidates import codes, days_ago, letter, mailed, make_plan, recorded_hold, selected, visit

ROWS = [
    pytest.param(None, ["STMT_FIRST:A1"], None, id="never-mailed"),
    pytest.param(mailed(first=90, level=0, sent=1), ["STMT_FIRST:A1"], None, id="one-statement-only"),
    pytest.param(mailed(first=59, last=29, level=1), ["LADDER_WAIT:A1"], None, id="day-59"),
    pytest.param(mailed(first=60, last=30, level=1), [], 2, id="day-60"),
    pytest.param(mailed(first=60, last=24, level=1), ["LADDER_WAIT:A1"], None, id="24-days-after-the-last-mailing"),
    pytest.param(mailed(first=60, last=25, level=1), [], 2, id="25-days-after-the-last-mailing"),
    pytest.param(mailed(first=200, last=30, level=1), [], 2, id="no-level-is-skipped-at-any-age"),
    pytest.param(mailed(first=89, last=29, level=2), ["LADDER_WAIT:A1"], None, id="day-89"),
    pytest.param(mailed(first=90, last=30, level=2), [], 3, id="day-90"),
    pytest.param(mailed(first=119, last=29, level=3), ["LADDER_WAIT:A1"], None, id="day-119"),
    pytest.param(mailed(first=120, last=30, level=3), [], 4, id="day-120"),
    pytest.param(mailed(first=150, last=29, level=4), ["LADDER_DONE:A1"], None, id="final-notice-29-days-ago"),
    pytest.param(mailed(first=150, last=30, level=4), ["PLACEMENT_DUE:A1"], None, id="final-notice-30-days-ago"),
]


@pytest.mark.parametrize(("correspondence", "reasons", "level"), ROWS)
def test_ladder(correspondence: Correspondence | None, reasons: list[str], level: int | None) -> None:
    decision = letter(make_account(visit(correspondence=correspondence)))
    assert [code for code in codes(decision) if code != "MINDAYS"] == reasons
    if level is not None:
        assert selected(decision).level == level
    else:
        assert decision.outcome == "held"


@pytest.mark.parametrize(
    ("correspondence", "until"),
    [
        pytest.param(mailed(first=40, last=10, level=1), days_ago(40 - 60), id="ladder-day"),
        pytest.param(mailed(first=80, last=10, level=1), days_ago(10 - 25), id="gap-after-the-last-mailing"),
    ],
)
def test_ladder__gives_the_date(correspondence: Correspondence, until: date) -> None:
    account = make_account(visit(correspondence=correspondence))
    (hold,) = letter(account).holds
    assert hold.until == until
    assert letter(account, as_of=until).outcome == "selected"


def test_ladder__counts_statements_of_an_earlier_system() -> None:
    correspondence = mailed(first=90, last=30, level=0, sent=2)
    assert selected(letter(make_account(visit(correspondence=correspondence)))).level == 2


def test_ladder__one_letter_for_visits_at_the_highest_level_due() -> None:
    account = make_account(
        visit(2_000, "A1", correspondence=mailed(first=70, last=30, level=1)),
        visit(3_000, "A2", correspondence=mailed(first=100, last=30, level=2)),
        visit(4_000, "A3", correspondence=mailed(first=95, last=30, level=2)),
        visit(5_000, "A4", correspondence=mailed(first=110, last=40, level=3)),
        visit(6_000, "A5"),
    )
    decision = letter(account)
    selection = selected(decision)
    assert (selection.level, selection.account_numbers, selection.amount_cents) == (3, ("A2", "A3"), 7_000)
    assert codes(decision) == ["LADDER_WAIT:A4", "STMT_FIRST:A5", "LOWER_LEVEL:A1"]
    assert decision.balance_cents == 20_000


def test_ladder__one_letter_at_a_time_per_guarantor() -> None:
    account = make_account(
        visit(account_number="A1", correspondence=mailed(first=70, last=30, level=1)),
        visit(account_number="A2", correspondence=mailed(first=100, last=10, level=2)),
    )
    assert "MINDAYS" in codes(letter(account))
    assert letter(account).outcome == "held"


def test_final_notice__waits_for_the_legal_date_if_it_names_an_action() -> None:
    early = Policy(past_due_letter_day=40, second_letter_day=65, final_notice_day=90)
    account = make_account(visit(correspondence=mailed(first=119, last=30, level=3)))
    assert letter(account, early).outcome == "held"
    assert letter(account, replace(early, final_notice_names_action=False)).outcome == "selected"


def test_final_notice__longer_wait_under_state_law() -> None:
    wait = LegalNumber(value=180, citation="NY PHL 2807-k", reviewed_on=date(2026, 11, 1))
    for first, outcome in ((179, "held"), (180, "selected")):
        account = make_account(visit(correspondence=mailed(first=first, last=30, level=3)))
        assert letter(account, Policy(eca_wait_days=wait)).outcome == outcome


@pytest.mark.parametrize(
    ("level", "due_on"),
    [
        pytest.param(2, date(2026, 12, 15), id="25-days"),
        pytest.param(3, date(2026, 12, 15), id="second-25-days"),
        pytest.param(4, date(2026, 12, 30), id="final-40-days"),
    ],
)
def test_letter__due_date(level: int, due_on: date) -> None:
    account = make_account(visit(correspondence=mailed(first=130, last=30, level=level - 1)))
    assert selected(letter(account)).due_on == due_on


@pytest.mark.parametrize(
    ("level", "channel"),
    [pytest.param(3, Channel.EMAIL, id="second-letter"), pytest.param(4, Channel.PRINT, id="final-is-always-paper")],
)
def test_letter__channel(level: int, channel: Channel) -> None:
    guarantor = make_guarantor(
        delivery=Delivery.EMAIL, email="maria@example.org", email_consent_at=datetime(2026, 1, 5, tzinfo=UTC)
    )
    account = make_account(visit(correspondence=mailed(first=130, last=30, level=level - 1)), guarantor=guarantor)
    assert selected(letter(account)).channel is channel


@pytest.mark.parametrize(
    ("owed_cents", "reasons"),
    [pytest.param(999, ["MINBAL"], id="one-cent-below"), pytest.param(1_000, [], id="equal-to-the-minimum")],
)
def test_letter__minimum(owed_cents: int, reasons: list[str]) -> None:
    account = make_account(visit(owed_cents, correspondence=mailed(first=70, last=30, level=1)))
    assert codes(letter(account)) == reasons


@pytest.mark.parametrize(
    ("paid", "status", "reasons"),
    [
        pytest.param((10_000, 10_000, 10_000, 0), PlanStatus.ACTIVE, ["PLAN_OK:A1"], id="current"),
        pytest.param((10_000, 10_000, 0, 0), PlanStatus.ACTIVE, ["PLAN_OK:A1"], id="within-grace"),
        pytest.param((10_000, 0, 0, 0), PlanStatus.ACTIVE, [], id="lapsed"),
        pytest.param((10_000, 10_000, 10_000, 0), PlanStatus.DEFAULTED, [], id="defaulted"),
        pytest.param((10_000, 10_000, 10_000, 0), PlanStatus.CANCELLED, [], id="cancelled"),
    ],
)
def test_letter__payment_plan(paid: tuple[int, ...], status: PlanStatus, reasons: list[str]) -> None:
    account = make_account(
        visit(plan_id="PL1", correspondence=mailed(first=70, last=30, level=1)),
        plans=(make_plan(*paid, status=status),),
    )
    assert codes(letter(account)) == reasons


def test_letter__missed_plan_payment_holds_letters() -> None:
    account = make_account(
        visit(plan_id="PL1", correspondence=mailed(first=70, last=30, level=1)), plans=(make_plan(0, 0, first=20),)
    )
    assert codes(letter(account)) == ["PLAN_LATE:A1"]


@pytest.mark.parametrize(
    ("paid_cents", "days", "reasons"),
    [
        pytest.param(7_499, 5, [], id="one-cent-below-25-percent"),
        pytest.param(7_500, 5, ["PMT_PAUSE:A1"], id="exactly-25-percent"),
        pytest.param(7_500, 29, ["PMT_PAUSE:A1"], id="29-days-ago"),
        pytest.param(7_500, 30, [], id="30-days-ago"),
        pytest.param(-500, 5, [], id="returned-check"),
    ],
)
def test_letter__large_payment_pauses_letters(paid_cents: int, days: int, reasons: list[str]) -> None:
    due = mailed(first=70, last=30, level=1)
    account = make_account(
        visit(30_000, correspondence=due, payments=(make_payment(amount_cents=paid_cents, on=days_ago(days)),))
    )
    assert codes(letter(account)) == reasons


def test_letter__assistance_application_holds_letters_only() -> None:
    due = mailed(first=70, last=30, level=1)
    (hold,) = letter(make_account(visit(correspondence=due), holds=(recorded_hold("FAP_PENDING"),))).holds
    assert hold.code == "FAP_PENDING"


def test_letter__guarantor_without_visits_is_not_a_candidate() -> None:
    with pytest.raises(ValueError, match="G1001"):
        letter(make_account())
