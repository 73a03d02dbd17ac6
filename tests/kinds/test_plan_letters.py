"""Letters about payment plans: one for each event, by what was paid and mailed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    CausedLetter,
    Correspondence,
    Delivery,
    GuarantorAccount,
    Installment,
    Plan,
    PlanMethod,
    PlanStatus,
    RecordedHold,
)
from statement_builder.billing.plans import installment_cause, plan_of_cause, terms_cause
from statement_builder.billing.selection import Channel, Decision, Kind, PlanLetterMode
from statement_builder.documents.plan_terms import Every, payment_runs
from statement_builder.kinds import candidate_cents, decide, recheck
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_encounter, make_guarantor, make_payment
from tests.plan_letters import (
    BILLED_ONCE,
    make_agreement,
    make_default,
    make_missed,
    make_plan,
    make_reminder,
    missed_letter,
    on_plan,
)
from tests.policy.candidates import POLICY, codes, days_ago, letter, selected, statement

PLAN_KINDS = (Kind.PLAN_AGREEMENT, Kind.PLAN_REMINDER, Kind.PLAN_MISSED, Kind.PLAN_DEFAULT)
LATE = make_plan(10_000, 10_000, next_on=days_ago(15))
"""The third payment was due 15 days ago."""
LAPSED = make_plan(10_000, 10_000, next_on=days_ago(31))


def decision_of(kind: Kind, plan: Plan, policy: Policy = POLICY, as_of: date = AS_OF, **account: Any) -> Decision:
    return decide(on_plan(plan, **account), kind, policy, as_of)


def cause(plan: Plan, sequence: int) -> str:
    return installment_cause(plan.plan_id, plan.installments[sequence - 1])


REMINDERS = [
    pytest.param(make_plan(next_on=days_ago(-5)), [], id="2.1-five-days-before"),
    pytest.param(make_plan(next_on=days_ago(-6)), ["PLAN_NOT_DUE"], id="2.1-six-days-before"),
    pytest.param(make_plan(next_on=days_ago(-1)), [], id="the-day-before"),
    pytest.param(make_plan(next_on=AS_OF), ["PLAN_GRACE"], id="on-the-day-it-would-arrive-late"),
    pytest.param(make_plan(10_000, 10_000, next_on=days_ago(-30)), ["PLAN_NOT_DUE"], id="paid-ahead"),
    pytest.param(make_plan(*(10_000,) * 6, next_on=days_ago(-3)), ["PLAN_KEPT"], id="all-paid"),
    pytest.param(LATE, ["PLAN_LATE"], id="a-payment-is-missed"),
    pytest.param(LAPSED, ["PLAN_LAPSED"], id="lapsed"),
]


@pytest.mark.parametrize(("plan", "reasons"), REMINDERS)
def test_reminder__by_what_is_paid(plan: Plan, reasons: list[str]) -> None:
    decision = decision_of(Kind.PLAN_REMINDER, plan)
    assert [hold.code for hold in decision.holds] == reasons
    assert (decision.selection is None) == bool(reasons)


def test_reminder__asks_for_an_earlier_payment_within_its_grace_period() -> None:
    weekly = replace(
        LATE,
        installments=tuple(
            Installment(sequence=n, due_on=days_ago(4 - 7 * (n - 1)), amount_cents=10_000, paid_cents=0)
            for n in (1, 2, 3)
        ),
    )
    selection = selected(decision_of(Kind.PLAN_REMINDER, weekly))
    assert (selection.amount_cents, selection.due_on, selection.cause_id) == (20_000, days_ago(-3), cause(weekly, 2))


MISSED = [
    pytest.param(make_plan(10_000, next_on=days_ago(10)), ["PLAN_GRACE"], id="2.1-ten-days-late"),
    pytest.param(make_plan(10_000, next_on=days_ago(11)), [], id="2.1-eleven-days-late"),
    pytest.param(make_plan(10_000, next_on=days_ago(30)), [], id="30-days-late"),
    pytest.param(make_plan(10_000, next_on=days_ago(31)), ["PLAN_LAPSED"], id="31-days-late"),
    pytest.param(make_plan(10_000, next_on=AS_OF), ["PLAN_KEPT"], id="due-today"),
    pytest.param(make_plan(*(10_000,) * 6, next_on=days_ago(15)), ["PLAN_KEPT"], id="all-paid"),
]


@pytest.mark.parametrize(("plan", "reasons"), MISSED)
def test_missed__by_what_is_paid(plan: Plan, reasons: list[str]) -> None:
    decision = decision_of(Kind.PLAN_MISSED, plan)
    assert [hold.code for hold in decision.holds] == reasons
    assert (decision.selection is None) == bool(reasons)


def test_missed__gives_at_least_ten_days_2_5() -> None:
    selection = selected(decision_of(Kind.PLAN_MISSED, LATE))
    assert selection.due_on == date(2026, 12, 7), "15 days, and then the next business day"
    assert (selection.amount_cents, selection.cause_id) == (10_000, cause(LATE, 3))
    with pytest.raises(ValueError, match="plan_cure_days"):
        Policy(plan_cure_days=9)


def test_missed__that_waited_too_long_is_not_mailed_2_5() -> None:
    account = on_plan(LATE)
    selection = selected(decide(account, Kind.PLAN_MISSED, POLICY, AS_OF))
    for as_of, reasons in ((date(2026, 11, 27), []), (date(2026, 11, 28), ["CURE_SHORT"])):
        found = recheck(account, selection, POLICY, as_of=as_of, rendered_as_of=AS_OF)
        assert [hold.code for hold in found] == reasons


def repeat(days: int) -> Plan:
    """A plan whose twelve payments are `days` apart and all unpaid; the first was due 11 days ago."""
    due = [days_ago(11 - days * index) for index in range(12)]
    installments = [
        Installment(sequence=n, due_on=day, amount_cents=5_000, paid_cents=0) for n, day in enumerate(due, 1)
    ]
    return make_plan(next_on=AS_OF, installments=tuple(installments))


@pytest.mark.parametrize(
    "days", [pytest.param(7, id="weekly"), pytest.param(14, id="biweekly"), pytest.param(30, id="monthly")]
)
def test_plan__that_nobody_pays_ends_with_any_interval_2_1(days: int) -> None:
    """Batches run every day. A next missed installment does not move the date on, and no letter breaks its promise."""
    plan, promised = repeat(days), AS_OF
    missed: tuple[date, ...] = ()
    letters: tuple[CausedLetter, ...] = ()
    for today in (AS_OF + timedelta(days=n) for n in range(60)):
        account = on_plan(plan, letters=letters)
        ended = decide(account, Kind.PLAN_DEFAULT, POLICY, today).selection
        if ended is not None:
            break
        selection = decide(account, Kind.PLAN_MISSED, POLICY, today).selection
        if selection is not None:
            assert not missed or today > promised, "one letter at a time"
            missed, promised = (*missed, today), selection.due_on
            letters = (*letters, CausedLetter(kind="plan-missed", cause_id=selection.cause_id, mailed_on=today))
    assert missed
    assert promised < today <= AS_OF + timedelta(days=25)


def test_missed__waits_for_the_time_that_an_earlier_letter_gives() -> None:
    weekly, later = repeat(7), AS_OF + timedelta(days=7)
    for mailed_on, until in ((AS_OF, date(2026, 12, 8)), (None, None)):
        decision = decision_of(Kind.PLAN_MISSED, weekly, as_of=later, letters=(missed_letter(weekly, 1, mailed_on),))
        assert codes(decision) == ["PLAN_CURE:A70001"]
        assert decision.holds[0].until == until


def test_plan__does_not_end_without_a_letter_where_one_is_required_hsc_127425() -> None:
    required = Policy(plan_letter_required=True)
    assert selected(decision_of(Kind.PLAN_MISSED, LAPSED, required)).cause_id == cause(LAPSED, 3)
    assert codes(decision_of(Kind.PLAN_DEFAULT, LAPSED, required)) == ["PLAN_LATE:A70001"]
    mailed = (missed_letter(LAPSED, 3, days_ago(16)),)
    assert selected(decision_of(Kind.PLAN_DEFAULT, LAPSED, required, letters=mailed)).amount_cents == 40_000
    assert "PLAN_LATE:A70001" in codes(decide(on_plan(LAPSED), Kind.DUNNING, required, AS_OF))


DEFAULTS = [
    pytest.param(LAPSED, None, ["PLAN_NO_NOTICE"], id="no-letter-was-mailed"),
    pytest.param(LAPSED, days_ago(16), [], id="time-to-pay-has-passed"),
    pytest.param(LAPSED, days_ago(15), ["PLAN_LATE"], id="on-the-last-day-to-pay"),
    pytest.param(make_plan(10_000, next_on=days_ago(25)), days_ago(18), ["PLAN_LATE"], id="2.1-not-before-day-30"),
    pytest.param(
        make_plan(10_000, next_on=days_ago(25), status=PlanStatus.DEFAULTED), days_ago(18), [], id="ended-by-the-office"
    ),
    pytest.param(
        make_plan(10_000, next_on=days_ago(25), status=PlanStatus.DEFAULTED),
        days_ago(10),
        ["PLAN_CURE"],
        id="ended-by-the-office-too-early",
    ),
    pytest.param(make_plan(*(10_000,) * 6, next_on=days_ago(9)), days_ago(40), ["PLAN_KEPT"], id="all-paid"),
]


@pytest.mark.parametrize(("plan", "mailed_on", "reasons"), DEFAULTS)
def test_default__by_what_was_mailed(plan: Plan, mailed_on: date | None, reasons: list[str]) -> None:
    unpaid = next((each.sequence for each in plan.installments if not each.paid_cents), 1)
    letters = (missed_letter(plan, unpaid, mailed_on),) if mailed_on else ()
    decision = decision_of(Kind.PLAN_DEFAULT, plan, letters=letters)
    assert [hold.code for hold in decision.holds] == reasons
    assert (decision.selection is None) == bool(reasons)


def test_default__a_letter_on_its_way_gives_time() -> None:
    decision = decision_of(Kind.PLAN_DEFAULT, LAPSED, letters=(missed_letter(LAPSED, 3, None),))
    assert codes(decision) == ["PLAN_LATE:A70001"]


def test_default__asks_for_the_whole_balance_of_the_visits() -> None:
    selection = selected(decision_of(Kind.PLAN_DEFAULT, LAPSED, letters=(missed_letter(LAPSED, 3, days_ago(20)),)))
    assert (selection.amount_cents, selection.cause_id) == (40_000, cause(LAPSED, 3))


ENDED = CausedLetter(kind=Kind.PLAN_DEFAULT.value, cause_id=cause(LAPSED, 3), mailed_on=days_ago(10))


@pytest.mark.parametrize(
    ("ended", "as_of", "waits"),
    [
        pytest.param(None, AS_OF, False, id="no-letter"),
        pytest.param(ENDED, AS_OF, True, id="before-the-date-it-printed"),
        pytest.param(ENDED, date(2026, 12, 7), True, id="on-that-date"),
        pytest.param(ENDED, date(2026, 12, 8), False, id="the-day-after"),
        pytest.param(replace(ENDED, mailed_on=None), date(2027, 1, 8), True, id="on-its-way"),
    ],
)
def test_dunning__waits_for_the_date_of_the_letter_that_ended_the_plan(
    ended: CausedLetter | None, as_of: date, waits: bool
) -> None:
    account = on_plan(LAPSED, letters=(ended,) if ended else ())
    assert ("PLAN_ENDED" in [hold.code for hold in letter(account, as_of=as_of).holds]) == waits


@pytest.mark.parametrize("plan_id", ["PL1", "P:1", "P:1:2026-11-20"])
def test_cause__names_its_plan(plan_id: str) -> None:
    plan = make_plan(next_on=AS_OF, plan_id=plan_id)
    assert plan_of_cause(terms_cause(plan)) == plan_of_cause(cause(plan, 3)) == plan_id


def pay_next(plan: Plan) -> Plan:
    """The plan after its first unpaid installment was paid."""
    index = next(n for n, each in enumerate(plan.installments) if each.paid_cents < each.amount_cents)
    paid = replace(plan.installments[index], paid_cents=plan.installments[index].amount_cents)
    return replace(plan, installments=(*plan.installments[:index], paid, *plan.installments[index + 1 :]))


@pytest.mark.parametrize("status", [PlanStatus.ACTIVE, PlanStatus.DEFAULTED])
def test_payment__after_the_plan_has_ended_changes_nothing_that_the_letter_said(status: PlanStatus) -> None:
    plan = make_plan(10_000, 10_000, next_on=days_ago(62), status=status)
    ended = CausedLetter(kind=Kind.PLAN_DEFAULT.value, cause_id=cause(plan, 3), mailed_on=days_ago(10))
    letters = (missed_letter(plan, 3, days_ago(45)), missed_letter(plan, 4, days_ago(20)), ended)
    account = on_plan(pay_next(plan), letters=letters)
    assert codes(decide(account, Kind.PLAN_DEFAULT, POLICY, AS_OF)) == ["PLAN_SENT:A70001"]
    assert "PLAN_ENDED:A70001" in codes(letter(account))
    again = replace(account, letters=(*letters[::2], missed_letter(plan, 4, days_ago(9))))
    expected = "PLAN_LATE" if status is PlanStatus.ACTIVE else "PLAN_SENT"
    assert codes(decide(again, Kind.PLAN_DEFAULT, POLICY, AS_OF)) == [f"{expected}:A70001"]


@pytest.mark.parametrize(
    ("letters", "pending", "as_of", "until"),
    [
        pytest.param([days_ago(5)], (), AS_OF, date(2026, 12, 1), id="time-to-pay-has-not-passed"),
        pytest.param([days_ago(5)], (), date(2026, 12, 1), "", id="time-to-pay-has-passed"),
        pytest.param([None], (), AS_OF, None, id="letter-about-the-payment-is-on-its-way"),
        pytest.param([], (Kind.PLAN_DEFAULT,), AS_OF, None, id="letter-about-the-end-waits-in-another-batch"),
        pytest.param([], (), AS_OF, "", id="no-letter"),
    ],
)
def test_dunning__waits_for_what_was_promised_about_a_plan_that_the_office_ended(
    letters: list[date | None], pending: tuple[Kind, ...], as_of: date, until: date | str | None
) -> None:
    plan = make_plan(10_000, 10_000, next_on=days_ago(25), status=PlanStatus.DEFAULTED)
    mailed = tuple(missed_letter(plan, 3, each) for each in letters)
    account = on_plan(plan, letters=mailed, open_documents=pending)
    found = [hold.until for hold in letter(account, as_of=as_of).holds if hold.code == "PLAN_ENDED"]
    assert found == ([] if until == "" else [until])


def test_statement__bills_the_plan_until_the_time_to_pay_has_passed() -> None:
    """Nothing happens before a date that a letter printed."""
    account = on_plan(LAPSED, make_encounter(owed_cents=40_000))
    assert selected(statement(account)).amount_cents == 40_000
    in_time = replace(account, letters=(missed_letter(LAPSED, 3, days_ago(5)),))
    assert selected(statement(in_time)).amount_cents == 10_000 + 10_000


AGREEMENTS = [
    pytest.param({}, {}, [], id="opened"),
    pytest.param({"opened_on": days_ago(60)}, {}, [], id="opened-60-days-ago"),
    pytest.param({"opened_on": days_ago(61)}, {}, ["PLAN_OLD"], id="opened-61-days-ago"),
    pytest.param({"opened_on": days_ago(300), "terms_on": days_ago(3)}, {}, [], id="terms-changed"),
    pytest.param({"finance_charge_cents": 1_800, "apr_basis_points": 500}, {}, [], id="12-cfr-1026.18-charge-and-rate"),
    pytest.param({"finance_charge_cents": 1_800}, {}, ["PLAN_TERMS"], id="12-cfr-1026.18-e-no-rate"),
    pytest.param(
        {"finance_charge_cents": 1_800, "apr_basis_points": 500},
        {"plan_letter_mode": PlanLetterMode.COURTESY},
        ["PLAN_TERMS"],
        id="12-cfr-1026.2-a-17-charge-in-a-courtesy-letter",
    ),
    pytest.param({}, {"plan_letter_mode": PlanLetterMode.COURTESY}, [], id="12-cfr-1026.2-a-17-courtesy"),
]


@pytest.mark.parametrize(("terms", "policy", "reasons"), AGREEMENTS)
def test_agreement__by_the_terms(terms: dict[str, Any], policy: dict[str, Any], reasons: list[str]) -> None:
    decision = decision_of(Kind.PLAN_AGREEMENT, make_plan(next_on=days_ago(-15), **terms), Policy(**policy))
    assert [hold.code for hold in decision.holds] == reasons
    assert (decision.selection is None) == bool(reasons)


def sent(plan: Plan, on: date) -> CausedLetter:
    return CausedLetter(kind=Kind.PLAN_AGREEMENT.value, cause_id=terms_cause(plan), mailed_on=on)


def test_agreement__changed_terms_are_a_new_event_and_a_payment_is_none() -> None:
    plan = make_plan(next_on=days_ago(-15), opened_on=days_ago(100))
    letters = (sent(plan, days_ago(95)),)
    assert codes(decision_of(Kind.PLAN_AGREEMENT, plan, letters=letters)) == ["PLAN_SENT:A70001"]
    paid = replace(
        plan, signed_on=AS_OF, installments=(replace(plan.installments[0], paid_cents=100), *plan.installments[1:])
    )
    assert codes(decision_of(Kind.PLAN_AGREEMENT, paid, letters=letters)) == ["PLAN_SENT:A70001"]
    smaller = make_plan(next_on=days_ago(-15), payments=12, opened_on=days_ago(100))
    assert selected(decision_of(Kind.PLAN_AGREEMENT, smaller, letters=letters)).cause_id == terms_cause(smaller)
    for changed in ({"method": PlanMethod.AUTOMATIC}, {"down_payment_cents": 5}, {"apr_basis_points": 5}):
        assert terms_cause(replace(plan, **changed)) != terms_cause(plan)


DISCLOSURES = [
    pytest.param(4, 0, PlanLetterMode.DISCLOSURE, False, id="12-cfr-1026.2-a-17-four-payments"),
    pytest.param(5, 0, PlanLetterMode.DISCLOSURE, True, id="12-cfr-1026.2-a-17-five-payments"),
    pytest.param(3, 600, PlanLetterMode.DISCLOSURE, True, id="12-cfr-1026.2-a-17-finance-charge"),
    pytest.param(12, 0, PlanLetterMode.COURTESY, False, id="12-cfr-1026.2-a-17-no-written-agreement"),
]


@pytest.mark.parametrize(("payments", "charge_cents", "mode", "disclosed"), DISCLOSURES)
def test_agreement__has_the_disclosures_where_they_are_required(
    payments: int, charge_cents: int, mode: PlanLetterMode, disclosed: bool
) -> None:
    plan = make_plan(next_on=days_ago(-15), payments=payments, finance_charge_cents=charge_cents, apr_basis_points=500)
    facts: Any = make_agreement(plan, policy=Policy(plan_letter_mode=mode)).facts
    assert facts.has_disclosure == disclosed
    assert facts.financed_cents + facts.finance_charge_cents == facts.total_cents == 60_000
    assert sum(run.sum_cents for run in facts.runs) == facts.total_cents


def answered(kind: Kind, account: GuarantorAccount) -> GuarantorAccount:
    """As tomorrow's batch sees the account: the letter was handed off, and its mailing is not reported yet."""
    selection = selected(decide(account, kind, POLICY, AS_OF))
    mine = CausedLetter(kind=kind.value, cause_id=selection.cause_id, mailed_on=None)
    return replace(account, letters=(*account.letters, mine))


DUE = {
    Kind.PLAN_AGREEMENT: on_plan(make_plan(next_on=days_ago(-15))),
    Kind.PLAN_REMINDER: on_plan(make_plan(10_000, next_on=days_ago(-5))),
    Kind.PLAN_MISSED: on_plan(LATE),
    Kind.PLAN_DEFAULT: on_plan(LAPSED, letters=(missed_letter(LAPSED, 3, days_ago(20)),)),
}
each_kind = pytest.mark.parametrize("kind", PLAN_KINDS)


@each_kind
def test_letter__is_sent_once_for_its_event(kind: Kind) -> None:
    decision = decide(answered(kind, DUE[kind]), kind, POLICY, AS_OF + timedelta(days=1))
    assert codes(decision) == ["PLAN_SENT:A70001"]


@each_kind
def test_letter__holds_stop_it(kind: Kind) -> None:
    for code in ("DISPUTE", "BANKR_STAY", "DECEASED", "LEGAL" if kind.traits.is_dunning else "ADMIN_PAUSE"):
        hold = RecordedHold(hold_id="H1", code=code, placed_on=days_ago(3))
        decision = decide(replace(DUE[kind], holds=(hold,)), kind, POLICY, AS_OF)
        assert decision.selection is None, code
        assert code in [each.code for each in decision.holds]


@each_kind
def test_letter__recorded_plan_does_not_stop_it(kind: Kind) -> None:
    hold = RecordedHold(hold_id="H1", code="PLAN_OK", placed_on=days_ago(3))
    assert decide(replace(DUE[kind], holds=(hold,)), kind, POLICY, AS_OF).outcome == "selected"


@each_kind
def test_letter__waits_for_an_open_application_1_501r_6_c_8(kind: Kind) -> None:
    application = AssistanceRecord(
        kind=AssistanceKind.APPLICATION, occurred_on=days_ago(3), status=ApplicationStatus.RECEIVED
    )
    decision = decide(replace(DUE[kind], assistance=(application,)), kind, POLICY, AS_OF)
    assert (decision.selection is None) == (kind is not Kind.PLAN_AGREEMENT)


@each_kind
def test_letter__paid_since_is_not_mailed(kind: Kind) -> None:
    account = DUE[kind]
    selection = selected(decide(account, kind, POLICY, AS_OF))
    assert recheck(account, selection, POLICY, as_of=AS_OF, rendered_as_of=AS_OF) == ()
    (plan,) = account.plans
    paid = replace(plan, installments=tuple(replace(each, paid_cents=each.amount_cents) for each in plan.installments))
    later = AS_OF + timedelta(days=2)
    found = recheck(replace(account, plans=(paid,)), selection, POLICY, as_of=later, rendered_as_of=AS_OF)
    assert [hold.code for hold in found] == ["PLAN_KEPT"]


@each_kind
def test_letter__is_about_one_plan_and_the_other_waits(kind: Kind) -> None:
    account = DUE[kind]
    (plan,), (visit,) = account.plans, account.encounters
    other = replace(plan, plan_id="PL70002")
    letters = tuple(replace(each, cause_id=each.cause_id.replace("70001", "70002")) for each in account.letters)
    two = replace(
        account,
        plans=(plan, other),
        encounters=(visit, replace(visit, account_number="A70002", plan_id="PL70002")),
        letters=(*account.letters, *letters),
    )
    decision = decide(two, kind, POLICY, AS_OF)
    assert selected(decision).account_numbers == ("A70001",)
    assert codes(decision) == ["PLAN_NEXT:A70002"]
    assert decision.balance_cents == 2 * (candidate_cents(account, kind, AS_OF) or 0)


@each_kind
def test_letter__hold_on_one_visit_holds_the_plan(kind: Kind) -> None:
    account = DUE[kind]
    (visit,) = account.encounters
    hold = RecordedHold(hold_id="H1", code="DISPUTE", placed_on=days_ago(3), account_number="A70002")
    both = replace(account, encounters=(visit, replace(visit, account_number="A70002")), holds=(hold,))
    decision = decide(both, kind, POLICY, AS_OF)
    assert codes(decision) == ["DISPUTE:A70002", "PLAN_PART:A70001"]


@each_kind
def test_letter__visit_without_plan_is_not_part_of_it(kind: Kind) -> None:
    account = DUE[kind]
    other = make_encounter("A79999", owed_cents=5_000)
    both = replace(account, encounters=(*account.encounters, other))
    assert selected(decide(both, kind, POLICY, AS_OF)).account_numbers == ("A70001",)
    assert candidate_cents(both, kind, AS_OF) == candidate_cents(account, kind, AS_OF)
    assert candidate_cents(replace(both, encounters=(other,)), kind, AS_OF) is None, "no visit is on a plan"


@pytest.mark.parametrize("kind", [Kind.PLAN_REMINDER, Kind.PLAN_MISSED])
def test_letter__never_asks_for_more_than_the_balance(kind: Kind) -> None:
    account = DUE[kind]
    (visit,) = account.encounters
    charges_cents = sum(each.amount_cents for each in visit.charges)
    nearly_paid = make_encounter("A70001", owed_cents=9_999, plan_id=visit.plan_id)
    assert charges_cents == 120_000
    assert codes(decide(replace(account, encounters=(nearly_paid,)), kind, POLICY, AS_OF)) == ["PLAN_OVER:A70001"]


def test_letter__payment_posted_today_waits_a_day() -> None:
    visit = make_encounter("A70001", owed_cents=41_000, payments=(make_payment(amount_cents=1_000, on=AS_OF),))
    assert codes(decide(on_plan(LATE, visit), Kind.PLAN_MISSED, POLICY, AS_OF)) == ["PMT_TODAY"]


def test_channel__only_the_reminder_goes_by_email() -> None:
    reader = make_guarantor(delivery=Delivery.EMAIL, email="m@example.com", email_consent_at=None)
    assert Kind.PLAN_REMINDER in POLICY.email_kinds
    assert not {Kind.PLAN_AGREEMENT, Kind.PLAN_MISSED, Kind.PLAN_DEFAULT} & set(POLICY.email_kinds)
    for kind in PLAN_KINDS:
        selection = selected(decide(replace(DUE[kind], guarantor=reader), kind, POLICY, AS_OF))
        assert selection.channel is Channel.PRINT, "no consent"


STEPS = [
    pytest.param(None, "bill", id="never-billed"),
    pytest.param((1, 0), "bill", id="2.1-one-statement"),
    pytest.param((2, 1), "past_due", id="2.1-two-statements"),
    pytest.param((2, 2), "second_letter", id="2.1-past-due-letter"),
    pytest.param((2, 3), "final_notice", id="2.1-second-letter"),
    pytest.param((2, 4), "review", id="2.1-final-notice"),
]


@pytest.mark.parametrize(("mailed", "step"), STEPS)
def test_default__says_which_level_of_the_ladder_is_next(mailed: tuple[int, int] | None, step: str) -> None:
    correspondence = None
    if mailed is not None:
        correspondence = Correspondence(
            first_statement_on=date(2026, 6, 1),
            statements_sent=mailed[0],
            last_level=mailed[1],
            last_mailed_on=date(2026, 8, 1),
        )
    facts: Any = make_default(correspondence).facts
    assert facts.next_step == step


def installments(*due: tuple[date, int]) -> list[Installment]:
    return [Installment(sequence=n, due_on=day, amount_cents=cents) for n, (day, cents) in enumerate(due, 1)]


RUNS = [
    pytest.param(
        [(date(2026, 1, 31), 5), (date(2026, 2, 28), 5), (date(2026, 3, 31), 5)], [(3, "month")], id="month-end"
    ),
    pytest.param(
        [(date(2026, 1, 5), 5), (date(2026, 1, 12), 5), (date(2026, 1, 19), 4)],
        [(2, "week"), (1, "once")],
        id="weekly-and-a-rest",
    ),
    pytest.param([(date(2026, 1, 5), 5), (date(2026, 1, 19), 5)], [(2, "two_weeks")], id="every-two-weeks"),
    pytest.param([(date(2026, 1, 5), 5), (date(2026, 2, 4), 5), (date(2026, 3, 6), 5)], [(3, "days")], id="30-days"),
    pytest.param([(date(2026, 1, 5), 5)], [(1, "once")], id="one"),
    pytest.param([(date(2026, 1, 5), 5), (date(2026, 1, 5), 5)], [(1, "once"), (1, "once")], id="two-on-one-day"),
    pytest.param(
        [(date(2026, 1, 5), 5), (date(2026, 2, 5), 5), (date(2026, 2, 20), 5)],
        [(2, "month"), (1, "once")],
        id="irregular",
    ),
]


@pytest.mark.parametrize(("due", "expected"), RUNS)
def test_payment_runs__are_the_number_amounts_and_timing_12_cfr_1026_18_g(
    due: list[tuple[date, int]], expected: list[tuple[int, str]]
) -> None:
    runs = payment_runs(installments(*due))
    assert [(run.count, run.every.value) for run in runs] == expected
    assert sum(run.sum_cents for run in runs) == sum(cents for _, cents in due)
    assert [runs[0].first_on, runs[-1].last_on] == [due[0][0], due[-1][0]]
    assert {run.every_days for run in runs if run.every is not Every.DAYS} <= {0}


def test_letters__print_what_was_selected() -> None:
    reminder: Any = make_reminder().facts
    assert ([each.amount_cents for each in reminder.payments], reminder.left_cents) == ([10_000], 30_000)
    missed: Any = make_missed().facts
    assert ([each.amount_cents for each in missed.payments], missed.remaining_cents) == ([7_500], 37_500)
    assert missed.next_payment.due_on == date(2026, 12, 5)
    default: Any = make_default().facts
    assert sum(each.owed_cents for each in default.visits) == 40_000
    assert default.assistance_until_on == BILLED_ONCE.first_statement_on + timedelta(days=240)
