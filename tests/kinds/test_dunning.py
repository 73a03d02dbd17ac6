"""The dunning ladder: based on what was actually mailed, one level at a time, never early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Correspondence,
    Delivery,
    GuarantorAccount,
    InsuranceKind,
    PlanStatus,
    RecordedHold,
)
from statement_builder.billing.selection import Channel, CollectionAction, Decision
from statement_builder.kinds import recheck
from statement_builder.policy import LegalNumber, Policy
from tests.builders import AS_OF, make_account, make_charge, make_guarantor, make_insurance, make_payment
from tests.policy.candidates import (
    POLICY,
    codes,
    days_ago,
    letter,
    mailed,
    make_plan,
    make_pregnant,
    notice,
    recorded_hold,
    selected,
    statement,
    visit,
)

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
    pytest.param(mailed(first=170, last=30, level=4), ["LADDER_DONE:A1"], None, id="final-notice-30-days-ago"),
    pytest.param(mailed(first=170, last=40, level=4), ["LADDER_DONE:A1"], None, id="on-the-deadline"),
    pytest.param(mailed(first=170, last=41, level=4), ["PLACEMENT_DUE:A1"], None, id="day-after-the-deadline"),
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
        pytest.param(mailed(first=80, last=10, level=1), days_ago(10 - 27), id="due-date-moved-to-monday"),
        pytest.param(mailed(first=80, last=8, level=1), days_ago(8 - 25), id="gap-after-the-last-mailing"),
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


def test_final_notice__waits_for_the_legal_date_if_it_names_an_action_1_501r_6_c_3() -> None:
    early = Policy(past_due_letter_day=40, second_letter_day=65, final_notice_day=90)
    account = make_account(visit(correspondence=mailed(first=119, last=30, level=3)))
    for action in CollectionAction:
        assert letter(account, replace(early, collection_actions=(action,))).outcome == "held"
    assert letter(account, early).outcome == "selected"


def test_final_notice__longer_wait_under_state_law() -> None:
    wait = LegalNumber(value=180, citation="NY PHL 2807-k", reviewed_on=date(2026, 11, 1))
    for first, outcome in ((179, "held"), (180, "selected")):
        account = make_account(visit(correspondence=mailed(first=first, last=30, level=3)))
        policy = Policy(eca_wait_days=wait, collection_actions=(CollectionAction.SUIT,))
        assert letter(account, policy).outcome == outcome


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


# Nothing before its printed date


@given(st.dates(AS_OF, date(2029, 12, 31)), st.integers(30, 60))
def test_placement__comes_after_the_deadline_that_the_final_notice_prints_1_501r_6_c_4(
    day: date, due_days: int
) -> None:
    """26 CFR 1.501(r)-6(c)(4)(i): no action before the deadline of the notice, whatever day it falls on."""
    policy = Policy(final_due_days=due_days)
    before = mailed(first=400, last=40, level=3)
    printed_on = selected(letter(make_account(visit(correspondence=before)), policy, day)).due_on
    account = make_account(visit(correspondence=replace(before, last_level=4, last_mailed_on=day)))
    on_deadline = [code for code in codes(letter(account, policy, printed_on)) if code != "MINDAYS"]
    day_after = [code for code in codes(letter(account, policy, printed_on + timedelta(days=1))) if code != "MINDAYS"]
    assert (on_deadline, day_after) == (["LADDER_DONE:A1"], ["PLACEMENT_DUE:A1"])


@given(st.dates(AS_OF, date(2029, 12, 31)), st.integers(0, 3))
def test_letter__never_before_the_due_date_of_the_last_mailing(day: date, level: int) -> None:
    policy, first_on = POLICY, day - timedelta(days=400)
    printed_on = due_date(day, policy.due_days)
    billed = Correspondence(first_statement_on=first_on, statements_sent=2, last_level=level, last_mailed_on=day)
    account = make_account(visit(correspondence=billed))
    assert letter(account, as_of=printed_on - timedelta(days=1)).outcome == "held"
    assert selected(letter(account, as_of=printed_on)).level == max(2, level + 1)
    once = make_account(visit(correspondence=replace(billed, statements_sent=1, last_level=0)))
    assert statement(once, as_of=printed_on - timedelta(days=1)).outcome == "held"
    assert statement(once, as_of=printed_on).outcome == "selected"


def test_placement__a_longer_wait_counts_from_the_mailing() -> None:
    account = make_account(visit(correspondence=mailed(first=170, last=59, level=4)))
    (hold,) = letter(account, Policy(placement_wait_days=60)).holds
    assert (hold.code, hold.until) == ("LADDER_DONE", days_ago(-1))


# A credit elsewhere


@pytest.mark.parametrize(
    ("credit_cents", "other_cents", "reasons"),
    [
        pytest.param(-20_000, 0, ["CREDIT:A2", "NET_CREDIT"], id="credit-above-the-letter"),
        pytest.param(-15_000, 0, ["CREDIT:A2", "NET_CREDIT"], id="credit-equal-to-the-letter"),
        pytest.param(-14_999, 0, ["CREDIT:A2"], id="one-cent-is-owed"),
        pytest.param(-20_000, 5_000, ["CREDIT:A2", "NET_CREDIT"], id="credit-covers-a-new-visit-too"),
        pytest.param(-20_000, 5_001, ["CREDIT:A2"], id="owes-a-cent-with-a-new-visit"),
        pytest.param(0, 0, ["ZERO:A2"], id="no-credit"),
    ],
)
def test_letter__credit_on_another_visit(credit_cents: int, other_cents: int, reasons: list[str]) -> None:
    due = mailed(first=130, last=40, level=3)
    others = (visit(other_cents, "A3"),) if other_cents else ()
    account = make_account(visit(15_000, "A1", correspondence=due), visit(credit_cents, "A2"), *others)
    decision = letter(account)
    assert [code for code in sorted(codes(decision)) if not code.startswith("STMT_FIRST")] == reasons
    assert (decision.outcome == "held") is ("NET_CREDIT" in reasons)


def test_letter__credit_posted_after_rendering_stops_it() -> None:
    due = mailed(first=130, last=40, level=3)
    before = make_account(visit(15_000, "A1", correspondence=due), visit(0, "A2"))
    after = make_account(visit(15_000, "A1", correspondence=due), visit(-20_000, "A2"))
    assert codes(recheck(after, selected(letter(before)), POLICY, AS_OF, AS_OF)) == ["NET_CREDIT"]


def test_statement__goes_out_beside_a_credit() -> None:
    account = make_account(visit(15_000, "A1"), visit(-20_000, "A2"))
    assert selected(statement(account)).amount_cents == 15_000


# Collection actions, the oral effort before them, and applications


SUES = Policy(collection_actions=(CollectionAction.SUIT,))


def effort(days: int, account_number: str = "") -> AssistanceRecord:
    """An oral effort so many days ago."""
    return AssistanceRecord(kind=AssistanceKind.ORAL_EFFORT, occurred_on=days_ago(days), account_number=account_number)


def application(status: ApplicationStatus, days: int = 5, account_number: str = "") -> AssistanceRecord:
    return AssistanceRecord(
        kind=AssistanceKind.APPLICATION, occurred_on=days_ago(days), account_number=account_number, status=status
    )


def after_final_notice(
    *assistance: AssistanceRecord, first: int = 170, last: int = 41, **changes: Any
) -> GuarantorAccount:
    billed = visit(account_number="A1", correspondence=mailed(first=first, last=last, level=4), **changes)
    return make_account(billed, assistance=assistance)


def without_gap(decision: Decision) -> list[str]:
    return [code for code in codes(decision) if code != "MINDAYS"]


@pytest.mark.parametrize(
    ("assistance", "reasons"),
    [
        pytest.param((), ["ORAL_EFFORT:A1"], id="no-effort-1.501r-6-c-4-i-C"),
        pytest.param((effort(29),), ["LADDER_DONE:A1"], id="29-days-before-1.501r-6-c-4-i-C"),
        pytest.param((effort(30),), ["PLACEMENT_DUE:A1"], id="30-days-before-1.501r-6-c-4-i-C"),
        pytest.param((effort(2), effort(60)), ["PLACEMENT_DUE:A1"], id="the-first-effort-counts-1.501r-6-c-4-i-C"),
        pytest.param((effort(170),), ["PLACEMENT_DUE:A1"], id="with-the-first-statement-1.501r-6-c-4-i-C"),
        pytest.param((effort(171),), ["ORAL_EFFORT:A1"], id="about-older-bills-1.501r-6-c-4-i-C"),
        pytest.param((effort(60, "A1"),), ["PLACEMENT_DUE:A1"], id="about-this-visit"),
        pytest.param((effort(60, "A2"),), ["ORAL_EFFORT:A1"], id="about-another-visit"),
        pytest.param((application(ApplicationStatus.DENIED, 60),), ["ORAL_EFFORT:A1"], id="application-is-no-effort"),
    ],
)
def test_placement__with_actions_requires_an_oral_effort(
    assistance: tuple[AssistanceRecord, ...], reasons: list[str]
) -> None:
    assert without_gap(letter(after_final_notice(*assistance), SUES)) == reasons


def test_placement__without_actions_requires_no_effort() -> None:
    assert without_gap(letter(after_final_notice())) == ["PLACEMENT_DUE:A1"]


def test_placement__the_missing_effort_is_shown_while_there_is_time_to_call() -> None:
    """Before the deadline of the notice, so that the call costs no time."""
    assert without_gap(letter(after_final_notice(last=10), SUES)) == ["ORAL_EFFORT:A1", "LADDER_DONE:A1"]


def test_placement__each_visit_has_its_own_effort_1_501r_6_c_4_ii() -> None:
    """26 CFR 1.501(r)-6(c)(4)(ii): an effort about old bills does not cover care that was billed later."""
    account = make_account(
        visit(account_number="A1", correspondence=mailed(first=400, last=41, level=4)),
        visit(account_number="A2", correspondence=mailed(first=170, last=41, level=4)),
        assistance=(effort(300),),
    )
    assert without_gap(letter(account, SUES)) == ["PLACEMENT_DUE:A1", "ORAL_EFFORT:A2"]


NEAR_A_LIMIT = st.integers(-2, 5)


@settings(max_examples=300)
@given(
    as_of=st.dates(AS_OF, date(2029, 12, 31)),
    notice_period=st.integers(30, 60),
    eca_wait=st.integers(120, 180),
    past_notice=NEAR_A_LIMIT,
    past_wait=NEAR_A_LIMIT,
    past_effort=st.one_of(st.none(), NEAR_A_LIMIT, NEAR_A_LIMIT),
)
def test_placement__never_before_every_wait_of_the_rule_has_passed_1_501r_6_c_3_and_4(
    as_of: date, notice_period: int, eca_wait: int, past_notice: int, past_wait: int, past_effort: int | None
) -> None:
    """26 CFR 1.501(r)-6(c)(3) and (c)(4)(i): 120 days from the first statement, the deadline of the notice, and 30 days
    from the oral effort, each as the hospital's policy sets it; and the first day after all of them is the day."""
    number = Policy().eca_wait_days
    policy = Policy(
        final_due_days=notice_period,
        final_notice_days=replace(number, value=notice_period),
        eca_wait_days=replace(number, value=eca_wait),
        collection_actions=(CollectionAction.REPORTING,),
    )
    first_on = as_of - timedelta(days=eca_wait + past_wait)
    notice_on = as_of - timedelta(days=notice_period + past_notice)
    billed = Correspondence(first_statement_on=first_on, statements_sent=2, last_level=4, last_mailed_on=notice_on)
    records: tuple[AssistanceRecord, ...] = ()
    if past_effort is not None:
        effort_on = as_of - timedelta(days=notice_period + past_effort)
        records = (AssistanceRecord(kind=AssistanceKind.ORAL_EFFORT, occurred_on=effort_on),)
    found = without_gap(letter(make_account(visit(correspondence=billed), assistance=records), policy, as_of))
    waits_are_over = as_of > due_date(notice_on, notice_period) and past_wait >= 0
    effort_is_old_enough = past_effort is not None and past_effort >= 0
    assert ("PLACEMENT_DUE:A1" in found) is (waits_are_over and effort_is_old_enough)
    assert ("ORAL_EFFORT:A1" in found) is (past_effort is None)
    assert found, "a visit after its final notice is always held"


@pytest.mark.parametrize("status", ApplicationStatus)
def test_application__suspends_letters_and_placement_while_it_is_open_1_501r_6_c_8(status: ApplicationStatus) -> None:
    """26 CFR 1.501(r)-6(c)(5), (6) and (8): complete or not. A decision ends it."""
    is_open = status in {"received", "incomplete", "complete"}
    due = make_account(
        visit(correspondence=mailed(first=130, last=40, level=3), service_from=AS_OF, service_to=AS_OF),
        assistance=(application(status),),
    )
    assert codes(letter(due, SUES)) == (["FAP_PENDING"] if is_open else [])
    placed = after_final_notice(application(status), effort(60), service_from=AS_OF, service_to=AS_OF)
    expected = ["FAP_PENDING", "LADDER_DONE:A1"] if is_open else ["PLACEMENT_DUE:A1"]
    assert without_gap(letter(placed, SUES)) == expected
    new = make_account(visit(service_from=AS_OF, service_to=AS_OF), assistance=(application(status),))
    assert codes(statement(new)) == []


def test_application__for_one_visit_stops_that_visit_only() -> None:
    due = mailed(first=130, last=40, level=3)
    account = make_account(
        visit(account_number="A1", correspondence=due),
        visit(account_number="A2", correspondence=due),
        assistance=(application(ApplicationStatus.RECEIVED, account_number="A1"),),
    )
    assert selected(letter(account, SUES)).account_numbers == ("A2",)


def test_application__stops_the_notices_about_a_pregnancy() -> None:
    account = replace(make_pregnant(), assistance=(application(ApplicationStatus.INCOMPLETE),))
    assert codes(notice(account)) == ["FAP_PENDING"]


def test_application__received_after_rendering_stops_the_letter_1_501r_6_c_8() -> None:
    due = make_account(visit(correspondence=mailed(first=130, last=40, level=3)))
    later = AS_OF + timedelta(days=3)
    applied = replace(due, assistance=(application(ApplicationStatus.RECEIVED, days=-2),))
    assert codes(recheck(applied, selected(letter(due, SUES)), SUES, later, AS_OF)) == ["FAP_PENDING"]


@pytest.mark.parametrize(
    ("posted", "reasons"),
    [
        pytest.param(None, ["FAP_APPROVED:A1"], id="no-discount-1.501r-5-a"),
        pytest.param(6, ["FAP_APPROVED:A1"], id="older-discount-1.501r-5-a"),
        pytest.param(5, [], id="discount-on-the-day-of-the-application"),
        pytest.param(2, [], id="discount-since"),
    ],
)
@pytest.mark.parametrize("decision", [statement, letter], ids=["statement", "letter"])
def test_application__approved_holds_the_bill_until_the_discount_posts(
    posted: int | None, reasons: list[str], decision: Callable[[GuarantorAccount], Decision]
) -> None:
    discounts = () if posted is None else (make_insurance("T9", kind=InsuranceKind.CHARITY, on=days_ago(posted)),)
    billed = mailed(first=130, last=40, level=3) if decision is letter else None
    account = make_account(
        visit(insurance=discounts, charges=(make_charge(amount_cents=200_000),), correspondence=billed),
        assistance=(application(ApplicationStatus.APPROVED, 5),),
    )
    assert codes(decision(account)) == reasons


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(recorded_hold("PPDR", account_number="A1"), id="dispute-open-149.620-c"),
        pytest.param(recorded_hold("DISPUTE", account_number="A1"), id="bill-disputed"),
        pytest.param(recorded_hold("FAP_PENDING"), id="application-recorded-by-staff-1.501r-6-c-8"),
        pytest.param(recorded_hold("BANKR_STAY"), id="bankruptcy-362-a-6"),
        pytest.param(recorded_hold("AGENCY", account_number="A1"), id="placed-already"),
    ],
)
@pytest.mark.parametrize("policy", [POLICY, SUES], ids=["no-actions", "actions"])
def test_placement__is_suspended_by_what_holds_the_bill(hold: RecordedHold, policy: Policy) -> None:
    account = replace(after_final_notice(effort(60)), holds=(hold,))
    found = without_gap(letter(account, policy))
    assert found == [f"{hold.code}:A1" if hold.account_number else hold.code, "LADDER_DONE:A1"]


def test_placement__is_not_suspended_by_a_recent_letter_about_another_visit() -> None:
    account = make_account(
        visit(account_number="A1", correspondence=mailed(first=170, last=60, level=4)),
        visit(account_number="A2", correspondence=mailed(first=70, last=3, level=2)),
    )
    assert codes(letter(account)) == ["MINDAYS", "LADDER_WAIT:A2", "PLACEMENT_DUE:A1"]
