"""Letters about applications for financial assistance: one for each status, and no letter about late payment before the
one about the decision (26 CFR 1.501(r)-6(c)(2), (5), (6), (8))."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.assistance import application_cause, application_of_cause, visit_help
from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    CausedLetter,
    ContactKind,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
)
from statement_builder.billing.selection import Channel, CollectionAction, Kind
from statement_builder.documents.errors import CompositionError
from statement_builder.kinds import candidate_cents, decide, recheck
from statement_builder.kinds.assistance_decision.facts import Award
from statement_builder.policy import Policy
from tests.assistance_letters import (
    DECIDED_ON,
    RECEIVED_ON,
    helped_visit,
    incomplete_letter,
    make_application,
    make_approval,
    make_denial,
    make_denied,
    make_full,
    make_helped_plan,
    make_incomplete,
    make_partial,
    make_presumptive,
    with_application,
)
from tests.builders import AS_OF, make_encounter, make_guarantor, make_payment
from tests.contents import TERMS, compose_document
from tests.plan_letters import make_plan, on_plan
from tests.policy.candidates import POLICY, codes, days_ago, letter, mailed, recorded_hold, selected

INCOMPLETE, DECISION = Kind.ASSISTANCE_INCOMPLETE, Kind.ASSISTANCE_DECISION
LATEST = date(2026, 12, 21)
"""30 days after November 20, and then the next business day."""
PRESUMPTIVE: dict[str, Any] = {"kind": AssistanceKind.PRESUMPTIVE, "basis": DecisionBasis.PUBLIC_RECORDS}
DUE: dict[Kind, GuarantorAccount] = {
    INCOMPLETE: with_application(make_application()),
    DECISION: with_application(make_approval(), visits=(helped_visit(),)),
}
each_kind = pytest.mark.parametrize("kind", DUE)


def asked_by(**changes: Any) -> GuarantorAccount:
    return with_application(make_application(**changes))


def decided(record: AssistanceRecord, *visits: Any, **account: Any) -> GuarantorAccount:
    return with_application(record, visits=visits, **account)


INCOMPLETES = [
    pytest.param(asked_by(), LATEST, id="26-cfr-1.501r-6-c-5-time-of-the-policy"),
    pytest.param(asked_by(respond_by=date(2026, 12, 15)), date(2026, 12, 15), id="26-cfr-1.501r-6-c-5-date-on-file"),
    pytest.param(asked_by(respond_by=days_ago(-14)), days_ago(-14), id="two-weeks-are-left"),
    pytest.param(asked_by(respond_by=days_ago(-13)), "FAP_SHORT:A70001", id="26-cfr-1.501r-6-c-5-ii-too-short"),
    pytest.param(asked_by(respond_by=days_ago(1)), "FAP_SHORT:A70001", id="date-has-passed"),
    pytest.param(asked_by(missing=()), "FAP_TERMS:A70001", id="26-cfr-1.501r-6-c-5-nothing-to-ask-for"),
    pytest.param(asked_by(notified_on=days_ago(3)), "FAP_SENT:A70001", id="the-office-wrote-itself"),
    pytest.param(asked_by(occurred_on=date(2026, 10, 2)), "FAP_NO_VISIT", id="care-came-after-the-application"),
]


@pytest.mark.parametrize(("account", "expected"), INCOMPLETES)
def test_incomplete__by_what_is_on_file(account: GuarantorAccount, expected: date | str) -> None:
    decision = decide(account, INCOMPLETE, POLICY, AS_OF)
    if isinstance(expected, str):
        assert codes(decision) == [expected]
        assert decision.selection is None
        return
    selection = selected(decision)
    assert (selection.due_on, selection.amount_cents, selection.channel) == (expected, 0, Channel.PRINT)


def test_incomplete__lists_each_item_once_in_the_order_of_the_form() -> None:
    account = asked_by(missing=(MissingItem.RESIDENCE, MissingItem.FORM))
    facts: Any = compose_document(account, selected(decide(account, INCOMPLETE, POLICY, AS_OF))).facts
    assert facts.missing == (MissingItem.FORM, MissingItem.RESIDENCE)
    assert facts.received_on == RECEIVED_ON
    assert facts.assistance_until_on == date(2026, 10, 12) + timedelta(days=240), "26 CFR 1.501(r)-6(c)(5)(ii)"


DECISIONS = [
    pytest.param(decided(make_approval(), helped_visit()), 10_000, id="26-cfr-1.501r-6-c-6-partial"),
    pytest.param(decided(make_approval(100), helped_visit(100)), 0, id="26-cfr-1.501r-6-c-6-full"),
    pytest.param(decided(make_approval(None), helped_visit(33)), 26_800, id="no-percentage"),
    pytest.param(decided(make_approval(50, **PRESUMPTIVE), helped_visit(50)), 20_000, id="26-cfr-1.501r-6-c-2"),
    pytest.param(decided(make_approval(50), helped_visit(50, paid_cents=25_000)), 0, id="paid-more-than-is-left"),
    pytest.param(decided(make_denial()), 0, id="26-cfr-1.501r-6-c-6-denied"),
    pytest.param(decided(make_approval()), "FAP_APPROVED:A70001", id="26-cfr-1.501r-5-a-not-posted"),
    pytest.param(decided(make_approval(), helped_visit(60)), "FAP_BALANCE:A70001", id="posted-less"),
    pytest.param(decided(make_approval(100), helped_visit(99)), "FAP_BALANCE:A70001", id="full-and-a-rest"),
    pytest.param(
        decided(make_approval(None), make_encounter(owed_cents=-5_000)), "CREDIT:A70001", id="insurer-paid-too-much"
    ),
    pytest.param(decided(make_approval(None), helped_visit(110)), "FAP_BALANCE:A70001", id="posted-more-than-the-part"),
    pytest.param(decided(make_approval(basis=None), helped_visit()), "FAP_TERMS:A70001", id="no-basis"),
    pytest.param(
        decided(make_approval(basis=DecisionBasis.NO_ANSWER), helped_visit()), "FAP_TERMS:A70001", id="basis-denies"
    ),
    pytest.param(decided(make_denial(DecisionBasis.INCOME)), "FAP_TERMS:A70001", id="basis-approves"),
    pytest.param(decided(make_denial(decided_on=None)), "FAP_TERMS:A70001", id="no-day"),
    pytest.param(decided(make_approval(101), helped_visit()), "FAP_TERMS:A70001", id="more-than-all"),
    pytest.param(decided(make_approval(0), helped_visit()), "FAP_TERMS:A70001", id="nothing-is-taken-off"),
    pytest.param(decided(make_denial(notified_on=days_ago(1))), "FAP_SENT:A70001", id="the-office-wrote-itself"),
    pytest.param(
        decided(make_approval(), helped_visit(insurance_pending_cents=5_000)), "INS_PEND:A70001", id="part-is-pending"
    ),
    pytest.param(
        decided(make_approval(), helped_visit(insurance_status=InsuranceStatus.APPEAL)), "INS_PEND:A70001", id="appeal"
    ),
]


@pytest.mark.parametrize(("account", "expected"), DECISIONS)
def test_decision__by_what_is_on_file(account: GuarantorAccount, expected: int | str) -> None:
    decision = decide(account, DECISION, POLICY, AS_OF)
    if isinstance(expected, str):
        assert codes(decision) == [expected]
        assert decision.selection is None
        return
    assert codes(decision) == []
    selection = selected(decision)
    assert (selection.amount_cents, selection.due_on) == (expected, LATEST)


def test_decision__paid_by_the_patient_without_any_discount_is_not_posted_26_cfr_1_501r_6_c_6() -> None:
    paid = make_encounter(owed_cents=0, payments=(make_payment(amount_cents=5_000, on=date(2026, 10, 20)),))
    visit = replace(paid, insurance=paid.insurance[:1])
    assert visit_help(visit, RECEIVED_ON, AS_OF).part_cents > 0
    assert codes(decide(decided(make_approval(100), visit), DECISION, POLICY, AS_OF)) == ["FAP_APPROVED:A70001"]


NOTICES = [
    pytest.param([], [("FAP_NO_NOTICE", None)], id="26-cfr-1.501r-6-c-5-no-letter"),
    pytest.param([None], [("FAP_NO_NOTICE", None)], id="letter-is-on-its-way"),
    pytest.param([days_ago(30)], [("FAP_NO_NOTICE", days_ago(-1))], id="time-to-answer-has-not-passed"),
    pytest.param([days_ago(31)], [], id="time-to-answer-has-passed"),
]


@pytest.mark.parametrize(("letters", "expected"), NOTICES)
def test_decision__denied_for_missing_papers_only_after_the_time_to_send_them(
    letters: list[date | None], expected: list[tuple[str, date | None]]
) -> None:
    record = make_denial(DecisionBasis.NO_ANSWER, occurred_on=days_ago(45))
    decision = decide(decided(record, letters=tuple(map(incomplete_letter, letters))), DECISION, POLICY, AS_OF)
    assert [(hold.code, hold.until) for hold in decision.holds] == expected


def test_decision__prints_what_adds_up_and_what_is_due_back() -> None:
    partial: Any = make_partial().facts
    assert (partial.award, partial.owed_cents, partial.refund_cents) == (Award.PARTIAL, 15_000, 0)
    for each in partial.helped:
        assert each.part_cents == each.help_cents + each.paid_cents + each.owed_cents - each.over_cents
    full: Any = make_full(5_000).facts
    assert (full.award, full.owed_cents, full.refund_cents, full.refund_days) == (Award.FULL, 0, 5_000, 30)
    denied: Any = make_denied().facts
    assert (denied.award, denied.helped, denied.owed_cents) == (Award.NONE, (), 0)


@pytest.mark.parametrize(
    ("paid_cents", "refund_cents", "small_cents"),
    [
        pytest.param(500, 500, 0, id="26-cfr-1.501r-6-c-6-i-C-2-five-dollars"),
        pytest.param(499, 0, 499, id="26-cfr-1.501r-6-c-6-i-C-2-less"),
        pytest.param(0, 0, 0, id="nothing-paid"),
    ],
)
def test_decision__refunds_five_dollars_and_more(paid_cents: int, refund_cents: int, small_cents: int) -> None:
    facts: Any = make_full(paid_cents).facts
    assert (facts.refund_cents, facts.small_excess_cents) == (refund_cents, small_cents)
    left_cents = facts.part_cents - facts.help_cents - facts.paid_cents
    assert left_cents == facts.owed_cents - facts.over_cents, "the printed rows add up"


def test_decision__without_an_application_tells_how_to_get_more_26_cfr_1_501r_6_c_2() -> None:
    facts: Any = make_presumptive().facts
    assert facts.is_presumptive
    assert facts.apply_until_on == date(2026, 10, 12) + timedelta(days=240)
    never_billed = decided(make_approval(50, **PRESUMPTIVE), replace(helped_visit(50), correspondence=None))
    new: Any = compose_document(never_billed, selected(decide(never_billed, DECISION, POLICY, AS_OF))).facts
    assert new.apply_until_on == AS_OF + timedelta(days=240)
    assert make_partial().facts.apply_until_on is None  # type: ignore[attr-defined]


def test_decision__on_a_plan_asks_for_nothing() -> None:
    content = make_helped_plan()
    facts: Any = content.facts
    assert (content.amount_cents, facts.owed_cents, facts.on_plan) == (0, 10_000, True)
    assert not content.has_coupon


def test_decision__takes_collection_actions_back_only_where_there_can_be_some() -> None:
    quiet = replace(TERMS, agency_name="")
    assert make_partial(terms=TERMS).facts.reverses_actions  # type: ignore[attr-defined]
    assert not make_partial(terms=quiet).facts.reverses_actions  # type: ignore[attr-defined]
    sues = replace(quiet, collection_actions=(CollectionAction.SUIT,))
    assert make_partial(terms=sues).facts.reverses_actions  # type: ignore[attr-defined]


def test_decision__that_does_not_foot_is_refused() -> None:
    account = DUE[DECISION]
    selection = selected(decide(account, DECISION, POLICY, AS_OF))
    with pytest.raises(CompositionError, match="do not add up"):
        compose_document(account, replace(selection, amount_cents=9_999))
    with pytest.raises(CompositionError, match="not on file"):
        compose_document(replace(account, assistance=()), selection)


def answered(kind: Kind, account: GuarantorAccount, mailed_on: date | None = None) -> GuarantorAccount:
    """As tomorrow's batch sees the account after the letter was handed off."""
    selection = selected(decide(account, kind, POLICY, AS_OF))
    mine = CausedLetter(kind=kind.value, cause_id=selection.cause_id, mailed_on=mailed_on)
    return replace(account, letters=(*account.letters, mine))


@each_kind
def test_letter__is_sent_once_for_its_status(kind: Kind) -> None:
    account = answered(kind, DUE[kind])
    assert codes(decide(account, kind, POLICY, AS_OF + timedelta(days=1))) == ["FAP_SENT:A70001"]
    (record,) = account.assistance
    changed = replace(record, missing=(MissingItem.SIGNATURE,), basis=DecisionBasis.HARDSHIP)
    assert decide(replace(account, assistance=(changed,)), kind, POLICY, AS_OF).selection is not None


def test_cause__names_its_application_and_changes_with_what_the_letter_says() -> None:
    record = make_application(assistance_id="N:1:x")
    assert application_of_cause(application_cause(record)) == "N:1:x"
    swapped = replace(record, missing=record.missing[::-1], valid_until=AS_OF, account_number="A1")
    assert application_cause(swapped) == application_cause(record)
    other: dict[str, Any] = {"missing": (), "respond_by": AS_OF, "status": ApplicationStatus.COMPLETE}
    for name, value in other.items():
        assert application_cause(replace(record, **{name: value})) != application_cause(record)
    denial = make_denial()
    other = {"decided_on": AS_OF, "basis": DecisionBasis.OUTSIDE_AREA, "discount_percent": 1}
    for name, value in other.items():
        assert application_cause(replace(denial, **{name: value})) != application_cause(denial)


@each_kind
def test_letter__law_and_privacy_stop_it(kind: Kind) -> None:
    for code in ("BANKR_STAY", "DECEASED", "ATTY", "ADMIN_PAUSE", "SUIT", "COMPLAINT", "RETMAIL"):
        decision = decide(replace(DUE[kind], holds=(recorded_hold(code),)), kind, POLICY, AS_OF)
        assert decision.selection is None, code
        assert code in [hold.code for hold in decision.holds]


@pytest.mark.parametrize("code", ["FAP_PENDING", "CHARITY100", "AGENCY", "EXT", "PLAN_OK"])
@each_kind
def test_letter__what_it_is_about_does_not_stop_it_26_cfr_1_501r_6_c(kind: Kind, code: str) -> None:
    assert decide(replace(DUE[kind], holds=(recorded_hold(code),)), kind, POLICY, AS_OF).outcome == "selected"


@pytest.mark.parametrize(
    ("account", "kind", "outcome"),
    [
        pytest.param(DUE[INCOMPLETE], INCOMPLETE, "selected", id="incomplete-asks-for-nothing"),
        pytest.param(decided(make_denial()), DECISION, "selected", id="denial-asks-for-nothing"),
        pytest.param(decided(make_approval(100), helped_visit(100)), DECISION, "selected", id="full-asks-for-nothing"),
        pytest.param(DUE[DECISION], DECISION, "held", id="partial-asks"),
    ],
)
def test_letter__dispute_stops_only_what_asks_for_money(account: GuarantorAccount, kind: Kind, outcome: str) -> None:
    for hold in (recorded_hold("DISPUTE", account_number="A70001"), recorded_hold("MCAID_PEND")):
        assert decide(replace(account, holds=(hold,)), kind, POLICY, AS_OF).outcome == outcome


def test_letter__leaves_a_confidential_visit_out_or_waits() -> None:
    confidential = recorded_hold("CONF", account_number="A70002")
    two = (make_encounter("A70001"), make_encounter("A70002"))
    asked = decide(decided(make_application(), *two, holds=(confidential,)), INCOMPLETE, POLICY, AS_OF)
    assert selected(asked).account_numbers == ("A70001",)
    assert codes(asked) == ["CONF_VISIT:A70002"]
    helped = (helped_visit(), helped_visit(account_number="A70002"))
    approved = decide(decided(make_approval(), *helped, holds=(confidential,)), DECISION, POLICY, AS_OF)
    assert approved.selection is None
    assert codes(approved) == ["CONF_VISIT:A70002", "FAP_PART:A70001"]


@each_kind
def test_letter__about_the_guarantor_does_not_go_to_a_patients_own_address_45_cfr_164_522_b(kind: Kind) -> None:
    teen = make_guarantor(contact_kind=ContactKind.CONFIDENTIAL)
    account = replace(DUE[kind], guarantor=teen)
    assert codes(decide(account, kind, POLICY, AS_OF)) == ["FAP_CONF:A70001"]
    (record,) = account.assistance
    own = replace(account, assistance=(replace(record, account_number="A70001"),))
    assert decide(own, kind, POLICY, AS_OF).outcome == "selected"


def test_letter__one_application_at_a_time_oldest_first() -> None:
    first = make_application(occurred_on=days_ago(25), assistance_id="N9", account_number="A70001")
    second = make_application(account_number="A70002")
    visits = (make_encounter("A70001"), make_encounter("A70002"))
    decision = decide(with_application(second, first, visits=visits), INCOMPLETE, POLICY, AS_OF)
    assert selected(decision).account_numbers == ("A70001",)
    assert codes(decision) == ["FAP_NEXT:A70002"]


def test_letter__one_application_for_two_visits_is_one_letter() -> None:
    records = [make_application(account_number=number) for number in ("A70001", "A70002")]
    visits = tuple(make_encounter(f"A7000{n}") for n in (1, 2, 3))
    selection = selected(decide(with_application(*records, visits=visits), INCOMPLETE, POLICY, AS_OF))
    assert selection.account_numbers == ("A70001", "A70002")


@each_kind
def test_candidate_cents__are_those_of_the_visits(kind: Kind) -> None:
    account = DUE[kind]
    later = make_encounter("A79999", service_from=AS_OF, service_to=AS_OF)
    both = replace(account, encounters=(*account.encounters, later))
    assert candidate_cents(both, kind, AS_OF) == candidate_cents(account, kind, AS_OF)
    assert candidate_cents(replace(account, assistance=()), kind, AS_OF) is None
    other = make_application(ApplicationStatus.RECEIVED)
    assert candidate_cents(replace(account, assistance=(other,)), kind, AS_OF) is None


CHANGES = [
    pytest.param(INCOMPLETE, make_application(ApplicationStatus.COMPLETE), "FAP_CHANGED", id="completed-since"),
    pytest.param(INCOMPLETE, make_application(missing=(MissingItem.FORM,)), "FAP_CHANGED", id="lacks-something-else"),
    pytest.param(INCOMPLETE, make_denial(), "FAP_CHANGED", id="decided-since"),
    pytest.param(DECISION, make_denial(), "FAP_CHANGED", id="decision-changed"),
    pytest.param(DECISION, make_approval(notified_on=AS_OF), "FAP_SENT", id="the-office-wrote-meanwhile"),
]


@pytest.mark.parametrize(("kind", "record", "code"), CHANGES)
def test_recheck__what_changed_since_is_not_mailed(kind: Kind, record: AssistanceRecord, code: str) -> None:
    account = DUE[kind]
    selection = selected(decide(account, kind, POLICY, AS_OF))
    assert recheck(account, selection, POLICY, as_of=AS_OF, rendered_as_of=AS_OF) == ()
    found = recheck(replace(account, assistance=(record,)), selection, POLICY, as_of=AS_OF, rendered_as_of=AS_OF)
    assert code in [hold.code for hold in found]


@each_kind
def test_recheck__letter_that_waited_too_long_is_not_mailed(kind: Kind) -> None:
    account = DUE[kind]
    selection = selected(decide(account, kind, POLICY, AS_OF))
    for days, expected in ((17, []), (18, ["FAP_SHORT"])):
        found = recheck(account, selection, POLICY, as_of=AS_OF + timedelta(days=days), rendered_as_of=AS_OF)
        assert [hold.code for hold in found] == expected


def test_recheck__payment_since_changes_the_amount() -> None:
    account = DUE[DECISION]
    selection = selected(decide(account, DECISION, POLICY, AS_OF))
    (visit,) = account.encounters
    later = AS_OF + timedelta(days=2)
    paid = replace(visit, payments=(make_payment(amount_cents=4_000, on=later),))
    found = recheck(replace(account, encounters=(paid,)), selection, POLICY, as_of=later, rendered_as_of=AS_OF)
    assert "AMOUNT_CHANGED" in [hold.code for hold in found]


OVERDUE: dict[str, Any] = {"correspondence": mailed(first=70, last=30, level=1), "service_from": days_ago(100)}


def overdue(record: AssistanceRecord, **account: Any) -> GuarantorAccount:
    """A visit whose letter about late payment is due."""
    return with_application(record, visits=(make_encounter("A70001", service_to=days_ago(100), **OVERDUE),), **account)


def told(record: AssistanceRecord, mailed_on: date | None) -> CausedLetter:
    return CausedLetter(kind=DECISION.value, cause_id=application_cause(record), mailed_on=mailed_on)


DENIAL = make_denial()
DUNNING = [
    pytest.param(DENIAL, (), True, None, id="26-cfr-1.501r-6-c-6-not-told-yet"),
    pytest.param(DENIAL, (told(DENIAL, None),), True, None, id="letter-is-on-its-way"),
    pytest.param(DENIAL, (told(DENIAL, days_ago(9)),), True, date(2026, 12, 12), id="its-date-has-not-passed"),
    pytest.param(DENIAL, (told(DENIAL, days_ago(40)),), False, None, id="its-date-has-passed"),
    pytest.param(DENIAL, (told(make_denial(decided_on=days_ago(40)), days_ago(35)),), True, None, id="decided-again"),
    pytest.param(make_denial(notified_on=days_ago(1)), (), False, None, id="the-office-told-it"),
    pytest.param(make_denial(decided_on=None, basis=None), (), False, None, id="hospital-without-these-letters"),
    pytest.param(make_denial(account_number="A9"), (), False, None, id="about-another-visit"),
]


@pytest.mark.parametrize(("record", "letters", "waits", "until"), DUNNING)
def test_dunning__waits_for_the_letter_about_the_decision(
    record: AssistanceRecord, letters: tuple[CausedLetter, ...], waits: bool, until: date | None
) -> None:
    decision = letter(overdue(record, letters=letters))
    found = [hold.until for hold in decision.holds if hold.code == "FAP_LETTER"]
    assert (decision.selection is None) == waits
    assert found == ([until] if waits else [])


def test_plan_missed__waits_for_the_letter_about_the_decision() -> None:
    plan = make_plan(10_000, 10_000, next_on=days_ago(15))
    account = on_plan(plan, assistance=(DENIAL,))
    assert codes(decide(account, Kind.PLAN_MISSED, POLICY, AS_OF)) == ["FAP_LETTER:A70001"]
    assert decide(replace(account, assistance=()), Kind.PLAN_MISSED, POLICY, AS_OF).outcome == "selected"


def test_placement__waits_for_the_letter_about_the_decision() -> None:
    done = make_encounter(
        "A70001",
        service_from=days_ago(250),
        service_to=days_ago(250),
        correspondence=mailed(first=200, last=60, level=4),
    )
    decision = letter(with_application(DENIAL, visits=(done,)))
    assert "PLACEMENT_DUE" not in [hold.code for hold in decision.holds]
    placed = letter(with_application(replace(DENIAL, notified_on=DECIDED_ON), visits=(done,)))
    assert "PLACEMENT_DUE" in [hold.code for hold in placed.holds]


def test_policy__days_have_their_limits() -> None:
    with pytest.raises(ValueError, match="assistance_respond_days"):
        Policy(assistance_respond_days=13)
    with pytest.raises(ValueError, match="assistance_appeal_days"):
        Policy(assistance_appeal_days=13)
    with pytest.raises(ValueError, match="assistance_refund_days"):
        Policy(assistance_refund_days=91)


def test_incomplete__asks_nothing_of_a_visit_that_nobody_may_bill_42_cfr_447_15() -> None:
    medicaid = make_encounter("A70001", financial_class=FinancialClass.MEDICAID)
    assert decide(decided(make_application(), medicaid), INCOMPLETE, POLICY, AS_OF).outcome == "selected"
    helped = helped_visit(financial_class=FinancialClass.MEDICAID)
    assert decide(decided(make_approval(), helped), DECISION, POLICY, AS_OF).outcome == "held"


def test_letters__go_on_paper() -> None:
    assert not {INCOMPLETE, DECISION} & set(POLICY.email_kinds)
    assert make_incomplete().channel is Channel.PRINT
