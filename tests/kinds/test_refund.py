"""Letters about refunds: an approved refund that its credit covers, once, and money that others must write about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import (
    AlternateFormat,
    CausedLetter,
    Contact,
    ContactKind,
    Delivery,
    Deposit,
    Encounter,
    EpisodeStatus,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    Refund,
    RefundMethod,
    RefundReason,
    RefundStatus,
)
from statement_builder.billing.refunds import refund_cause
from statement_builder.billing.selection import Channel, Decision, Kind
from statement_builder.documents.errors import CompositionError
from statement_builder.kinds import candidate_cents, decide, recheck
from statement_builder.kinds.refund.facts import RefundFacts
from statement_builder.kinds.reprint_rules import find_reprint_holds
from statement_builder.policy import Policy, split_account
from tests.builders import (
    AS_OF,
    make_address,
    make_encounter,
    make_guarantor,
    make_insurance,
    make_patient,
    make_payment,
)
from tests.contents import compose_document
from tests.policy.candidates import ADULT, POLICY, codes, days_ago, recorded_hold, selected
from tests.refund_letters import (
    REFUND_CENTS,
    SEND_ON,
    make_after_birth,
    make_delivered,
    make_deposit_letter,
    make_deposit_refund,
    make_overpaid,
    make_refund,
    make_refund_letter,
    make_refundable,
    make_sent,
)


def decision_of(account: GuarantorAccount, policy: Policy = POLICY, as_of: date = AS_OF) -> Decision:
    return decide(account, Kind.REFUND, policy, as_of)


def told(account: GuarantorAccount, mailed_on: date | None = AS_OF) -> GuarantorAccount:
    """The account after the letter was handed off."""
    cause = selected(decision_of(account)).cause_id
    return replace(account, letters=(CausedLetter(kind="refund", cause_id=cause, mailed_on=mailed_on),))


def test_refund__tells_of_an_approved_refund_and_asks_for_nothing() -> None:
    selection = selected(decision_of(make_refundable()))
    assert (selection.account_numbers, selection.episode_id, selection.amount_cents) == (("A70001",), "", 0)
    assert selection.due_on == due_date(SEND_ON, 14)
    content = make_refund_letter()
    assert isinstance(content.facts, RefundFacts)
    assert (content.amount_text, content.has_coupon, content.scanline, content.payment_url) == ("$45.00", False, "", "")


STATUSES = [
    pytest.param(make_refund(status=RefundStatus.REQUESTED), None, id="requested-no-candidate"),
    pytest.param(make_refund(status=RefundStatus.CANCELED), ["REFUND_CHANGED:A70001"], id="canceled"),
    pytest.param(
        make_refund(status=RefundStatus.CANCELED, approved_on=None), None, id="canceled-before-approval-no-candidate"
    ),
    pytest.param(make_refund(), [], id="approved"),
    pytest.param(make_sent(), [], id="sent-and-not-told"),
    pytest.param(make_refund(approved_on=None), ["REFUND_INCOMPLETE:A70001"], id="no-day-of-approval"),
    pytest.param(make_refund(approved_by=" "), ["REFUND_INCOMPLETE:A70001"], id="nobody-approved"),
    pytest.param(make_refund(method=None), ["REFUND_INCOMPLETE:A70001"], id="no-method"),
    pytest.param(make_refund(send_on=None), ["REFUND_INCOMPLETE:A70001"], id="no-day"),
    pytest.param(make_refund(amount_cents=0), ["REFUND_INCOMPLETE:A70001"], id="no-amount"),
    pytest.param(make_refund(account_number=""), ["REFUND_INCOMPLETE"], id="of-nothing"),
    pytest.param(make_refund(episode_id="E1"), ["REFUND_INCOMPLETE:A70001"], id="of-two-things"),
    pytest.param(
        make_refund(reason=RefundReason.DEPOSIT), ["REFUND_INCOMPLETE:A70001"], id="deposit-without-pregnancy"
    ),
    pytest.param(make_sent(sent_on=None), ["REFUND_INCOMPLETE:A70001"], id="sent-on-no-day"),
    pytest.param(make_refund(send_on=AS_OF), [], id="leaves-today"),
    pytest.param(make_refund(send_on=days_ago(1)), ["REFUND_LATE:A70001"], id="should-have-left-yesterday"),
    pytest.param(make_refund(approved_on=days_ago(60)), [], id="approved-60-days-ago"),
    pytest.param(make_refund(approved_on=days_ago(61)), ["REFUND_OLD:A70001"], id="approved-61-days-ago"),
    pytest.param(make_sent(sent_on=days_ago(61)), ["REFUND_OLD:A70001"], id="sent-61-days-ago"),
]


@pytest.mark.parametrize(("refund", "reasons"), STATUSES)
def test_refund__by_its_record(refund: Refund, reasons: list[str] | None) -> None:
    account = make_refundable(refund)
    if reasons is None:
        assert candidate_cents(account, Kind.REFUND, AS_OF) is None
        return
    decision = decision_of(account)
    assert codes(decision) == reasons
    assert (decision.selection is None) == bool(reasons)


def paid_by_insurer(**changes: Any) -> Encounter:
    """Patient and insurer paid the whole charges: the patient $50.00, and the insurer $45.00 too much."""
    insurance = (make_insurance("I1", amount_cents=119_500),)
    return make_encounter(insurance=insurance, payments=(make_payment(amount_cents=5_000),), **changes)


def posted(refund_cents: int = REFUND_CENTS, on: date = AS_OF) -> Encounter:
    """The overpaid visit after the refund was posted."""
    visit = make_overpaid()
    return replace(visit, payments=(*visit.payments, make_payment("M9", amount_cents=-refund_cents, on=on)))


CREDITS = [
    pytest.param(make_overpaid(4_500), [make_refund()], [], id="all-of-it"),
    pytest.param(make_overpaid(4_501), [make_refund()], [], id="part-of-it"),
    pytest.param(make_overpaid(4_499), [make_refund()], ["REFUND_OVER:A70001"], id="one-cent-too-much"),
    pytest.param(make_encounter(), [make_refund()], ["REFUND_OVER:A70001"], id="no-credit"),
    pytest.param(
        make_overpaid(4_500),
        [make_refund("RF1", amount_cents=2_500), make_refund("RF2", amount_cents=2_500)],
        ["REFUND_OVER:A70001"],
        id="two-refunds-together",
    ),
    pytest.param(
        make_overpaid(4_500),
        [make_refund(), make_refund("RF0", status=RefundStatus.CANCELED)],
        ["REFUND_CHANGED:A70001"],
        id="one-is-canceled",
    ),
    pytest.param(posted(), [make_refund()], [], id="posted-at-approval"),
    pytest.param(
        posted(on=date(2026, 11, 17)), [make_refund()], ["REFUND_OVER:A70001"], id="an-earlier-posting-is-another"
    ),
    pytest.param(posted(4_400), [make_refund()], ["REFUND_OVER:A70001"], id="another-amount-is-posted"),
    pytest.param(posted(), [make_sent()], [], id="sent-and-posted"),
    pytest.param(make_encounter(), [make_sent()], [], id="sent-and-nothing-left"),
    pytest.param(paid_by_insurer(), [make_refund()], [], id="insurer-paid-to-the-cent"),
    pytest.param(
        paid_by_insurer(charges=()),
        [make_refund(amount_cents=10_000)],
        ["REFUND_PAYER:A70001"],
        id="401.305-more-than-the-patient-paid",
    ),
    pytest.param(
        make_overpaid(insurance_status=InsuranceStatus.PENDING), [make_refund()], ["INS_PEND:A70001"], id="open-claim"
    ),
    pytest.param(
        make_overpaid(insurance_status=InsuranceStatus.APPEAL), [make_refund()], ["INS_PEND:A70001"], id="appeal"
    ),
    pytest.param(make_overpaid(final_billed=False), [make_refund()], ["NOT_FINAL:A70001"], id="charges-not-final"),
    pytest.param(make_overpaid(final_billed=False), [make_sent()], [], id="sent-before-charges-are-final"),
]


@pytest.mark.parametrize(("visit", "refunds", "reasons"), CREDITS)
def test_refund__is_covered_by_the_patients_credit_2_3(
    visit: Encounter, refunds: list[Refund], reasons: list[str]
) -> None:
    assert codes(decision_of(make_refundable(*refunds, visits=(visit,)))) == reasons


OTHERS = [
    pytest.param(make_refund(), make_encounter("A2"), POLICY, ["REFUND_BALANCE:A70001"], id="2.3-owes-elsewhere"),
    pytest.param(make_refund(balances_reviewed=True), make_encounter("A2"), POLICY, [], id="2.3-a-person-looked"),
    pytest.param(
        make_refund(),
        make_encounter("A2"),
        Policy(refund_reviews_balances=False),
        [],
        id="approval-is-enough-by-setting",
    ),
    pytest.param(
        make_refund(reason=RefundReason.ASSISTANCE), make_encounter("A2"), POLICY, [], id="1.501r-6-c-6-i-C-2-required"
    ),
    pytest.param(make_sent(), make_encounter("A2"), POLICY, [], id="sent"),
    pytest.param(make_refund(), make_encounter("A2", owed_cents=0), POLICY, [], id="owes-nothing"),
    pytest.param(
        make_refund(),
        make_encounter("A2", insurance_status=InsuranceStatus.PENDING),
        POLICY,
        [],
        id="an-estimate-is-no-balance",
    ),
]


@pytest.mark.parametrize(("refund", "other", "policy", "reasons"), OTHERS)
def test_refund__a_balance_elsewhere_is_for_a_person(
    refund: Refund, other: Encounter, policy: Policy, reasons: list[str]
) -> None:
    account = make_refundable(refund, visits=(make_overpaid(), other))
    assert codes(decision_of(account, policy)) == reasons


HOLDING = "BANKR_STAY DECEASED ESTATE ATTY RETMAIL CONTEST MERGE LEGAL VIP DV PART2 DISPUTE SUIT LOSS UNLISTED"
ONLY_BILLS = "QMB MCAID MCAID_PEND CHARITY100 FAP_PENDING FAP_APPROVED EXT CREDIT EMPLOYEE PLAN_OK OB_OPTOUT"
RECORDED = [
    *(pytest.param(code, True, id=code) for code in HOLDING.split()),
    *(pytest.param(code, False, id=f"{code}-only-stops-bills") for code in ONLY_BILLS.split()),
]


@pytest.mark.parametrize("refund", [pytest.param(make_refund(), id="approved"), pytest.param(make_sent(), id="sent")])
@pytest.mark.parametrize(("code", "holds"), RECORDED)
def test_refund__recorded_holds_of_law_and_privacy(code: str, holds: bool, refund: Refund) -> None:
    decision = decision_of(make_refundable(refund, holds=(recorded_hold(code),)))
    assert (decision.selection is None) == holds, codes(decision)


PEOPLE = [
    pytest.param({"address": make_address("UNKNOWN")}, ["BADADDR"], id="no-address"),
    pytest.param({"address": make_address(postal_code="")}, ["NOZIP"], id="no-zip"),
    pytest.param({"birth_on": date(2010, 1, 1)}, ["MINOR_GUAR"], id="minor"),
    pytest.param({"alternate_format": AlternateFormat.BRAILLE}, ["FORMAT_BRAILLE"], id="92.202-braille"),
]


@pytest.mark.parametrize(("guarantor", "reasons"), PEOPLE)
def test_refund__goes_only_to_a_person_and_a_place(guarantor: dict[str, Any], reasons: list[str]) -> None:
    assert codes(decision_of(make_refundable(guarantor=make_guarantor(**guarantor)))) == reasons


def test_refund__confidential_visit_without_its_address_164_522_b() -> None:
    account = make_refundable(holds=(recorded_hold("CONF", account_number="A70001"),))
    assert codes(decision_of(account)) == ["CONF_VISIT:A70001"]


def test_refund__sensitive_visit_of_a_minor() -> None:
    account = make_refundable(visits=(make_overpaid(sensitive=True),))
    assert codes(decision_of(account)) == ["MINOR_SENS:A70001"]
    adult = replace(account, patients=(ADULT,))
    selected(decision_of(adult))


def test_refund__medicaid_and_qmb_patients_get_money_back_2_2() -> None:
    for each in (FinancialClass.QMB, FinancialClass.MEDICAID, FinancialClass.CHARITY):
        selected(decision_of(make_refundable(visits=(make_overpaid(financial_class=each),))))


# Deposits


DEPOSITS = [
    pytest.param(make_delivered(), {}, [], id="6-delivered-and-decided"),
    pytest.param(make_delivered(status=EpisodeStatus.LOST), {}, ["LOSS"], id="6-loss-is-for-a-person"),
    pytest.param(
        make_delivered(), {"holds": (recorded_hold("LOSS", episode_id="E1"),)}, ["LOSS"], id="6-recorded-loss"
    ),
    pytest.param(make_delivered(), {"holds": (recorded_hold("LOSS"),)}, ["LOSS"], id="6-loss-of-no-record"),
    pytest.param(make_delivered(status=EpisodeStatus.TRANSFERRED), {}, ["DEPOSIT_PERSON"], id="transferred"),
    pytest.param(make_delivered(status=EpisodeStatus.CANCELLED), {}, ["DEPOSIT_PERSON"], id="cancelled"),
    pytest.param(make_delivered(status=EpisodeStatus.ACTIVE), {}, ["DEPOSIT_EARLY"], id="6-not-born-yet"),
    pytest.param(make_delivered(), {"encounters": ()}, ["DEPOSIT_EARLY"], id="6-nothing-billed"),
    pytest.param(
        make_delivered(),
        {"encounters": (make_encounter("A70009", insurance_status=InsuranceStatus.PENDING),)},
        ["DEPOSIT_EARLY"],
        id="6-open-claim",
    ),
    pytest.param(make_delivered(), {"patients": (make_patient(),)}, ["OB_MINOR"], id="minor"),
    pytest.param(
        make_delivered(),
        {"holds": (recorded_hold("CONF", account_number="A70009"),)},
        ["CONF_NOADDR"],
        id="164.522-b-confidential-visit",
    ),
    pytest.param(make_delivered(), {"holds": (recorded_hold("OB_OPTOUT"),)}, ["OB_OPTOUT"], id="opted-out"),
    pytest.param(
        make_delivered(deposits=(Deposit(deposit_id="D1", posted_on=days_ago(90), amount_cents=29_999),)),
        {},
        ["REFUND_OVER"],
        id="more-than-is-left",
    ),
]


@pytest.mark.parametrize(("episode", "changes", "reasons"), DEPOSITS)
def test_refund__of_a_deposit_after_the_insurers_decision(
    episode: Any, changes: dict[str, Any], reasons: list[str]
) -> None:
    decision = decision_of(make_after_birth(episode=episode, **changes))
    assert list(dict.fromkeys(codes(decision))) == reasons
    assert (decision.selection is None) == bool(reasons)


def test_refund__of_a_visit_after_a_loss_is_for_a_person_6() -> None:
    """From the day of the estimate on; what was before it has nothing to do with the pregnancy."""
    lost = make_delivered(status=EpisodeStatus.LOST)
    for estimate_on, reasons in ((date(2026, 10, 3), ["LOSS:A70001"]), (date(2026, 10, 4), [])):
        episode = replace(lost, estimate_on=estimate_on, deposits=())
        assert codes(decision_of(make_refundable(episodes=(episode,), patients=(ADULT,)))) == reasons


def test_refund__a_held_deposit_does_not_hold_the_refund_of_a_visit() -> None:
    lost = make_delivered(status=EpisodeStatus.LOST, patient_id="P2")
    account = make_refundable(make_refund(), make_deposit_refund(), episodes=(lost,))
    account = replace(account, patients=(ADULT, replace(ADULT, patient_id="P2")))
    decision = decision_of(account)
    assert selected(decision).account_numbers == ("A70001",)
    assert codes(decision) == ["LOSS"]


def test_refund__of_a_deposit_says_nothing_about_a_pregnancy() -> None:
    content = make_deposit_letter()
    assert isinstance(content.facts, RefundFacts)
    assert content.facts.visit is None
    assert content.account_numbers == ()


# Once


def test_refund__is_told_of_once() -> None:
    account = make_refundable()
    assert codes(decision_of(told(account))) == ["REFUND_LETTER:A70001"]
    assert codes(decision_of(told(account, mailed_on=None))) == ["REFUND_LETTER:A70001"], "on its way"


EVENTS = [
    pytest.param({"status": RefundStatus.SENT, "sent_on": AS_OF}, True, id="sent"),
    pytest.param({"send_on": SEND_ON + timedelta(days=1)}, True, id="another-day"),
    pytest.param({"approved_by": "supervisor"}, True, id="another-approver"),
    pytest.param({"amount_cents": 4_400}, False, id="another-amount"),
    pytest.param({"method": RefundMethod.CARD}, False, id="another-method"),
    pytest.param({"reason": RefundReason.DUPLICATE}, False, id="another-reason"),
    pytest.param({"refund_id": "RF9"}, False, id="another-refund"),
]


@pytest.mark.parametrize(("changes", "is_same"), EVENTS)
def test_refund__is_another_event_if_what_was_said_changes(changes: dict[str, Any], is_same: bool) -> None:
    account = told(make_refundable())
    changed = replace(account, refunds=(replace(account.refunds[0], **changes),))
    assert (decision_of(changed).selection is None) == is_same
    assert (refund_cause(changed.refunds[0]) == refund_cause(account.refunds[0])) == is_same


def test_refund__one_letter_at_a_time_the_oldest_first() -> None:
    first = make_refund("RF2", amount_cents=1_000, approved_on=days_ago(5))
    account = make_refundable(make_refund("RF1", amount_cents=1_000), first)
    decision = decision_of(account)
    assert selected(decision).cause_id == refund_cause(first)
    assert codes(decision) == ["REFUND_NEXT:A70001"]
    following = selected(decision_of(told(account)))
    assert following.cause_id == refund_cause(account.refunds[0])


# Recheck


RECHECKS = [
    pytest.param({}, {}, 1, [], id="unchanged"),
    pytest.param({"status": RefundStatus.CANCELED}, {}, 1, ["REFUND_CHANGED:A70001"], id="canceled"),
    pytest.param({"amount_cents": 4_400}, {}, 1, ["REFUND_CHANGED"], id="another-amount"),
    pytest.param({"send_on": SEND_ON + timedelta(days=7)}, {}, 1, ["REFUND_CHANGED"], id="another-day"),
    pytest.param({"status": RefundStatus.SENT, "sent_on": SEND_ON}, {}, 7, [], id="sent-on-the-day-it-said"),
    pytest.param(
        {"status": RefundStatus.SENT, "sent_on": SEND_ON}, {}, 8, ["REFUND_LATE:A70001"], id="says-will-of-yesterday"
    ),
    pytest.param({}, {}, 7, [], id="on-the-day"),
    pytest.param({}, {}, 8, ["REFUND_LATE:A70001"], id="the-day-has-passed"),
    pytest.param({}, {"payments": ()}, 1, ["REFUND_OVER:A70001"], id="the-payment-was-returned"),
    pytest.param({}, {"insurance_status": InsuranceStatus.APPEAL}, 1, ["INS_PEND:A70001"], id="claim-opened"),
    pytest.param({}, {"account_number": "A9"}, 1, ["NOT_ON_FILE:A70001"], id="visit-is-gone"),
]


@pytest.mark.parametrize(("refund", "visit", "days", "reasons"), RECHECKS)
def test_recheck__finds_what_changed_since(
    refund: dict[str, Any], visit: dict[str, Any], days: int, reasons: list[str]
) -> None:
    before = make_refundable()
    selection = selected(decision_of(before))
    now = replace(
        before,
        refunds=(replace(before.refunds[0], **refund),),
        encounters=(replace(before.encounters[0], **visit),),
    )
    found = recheck(now, selection, POLICY, as_of=AS_OF + timedelta(days=days), rendered_as_of=AS_OF)
    assert [code for code in codes(found) if code != "DUE_PASSED"] == reasons


def test_recheck__a_death_and_a_loss_that_were_recorded_since() -> None:
    account = make_after_birth()
    selection = selected(decision_of(account))
    for code in ("DECEASED", "LOSS", "VIP"):
        now = replace(account, holds=(recorded_hold(code),))
        found = recheck(now, selection, POLICY, as_of=AS_OF, rendered_as_of=AS_OF)
        assert code in codes(found)


# Recipients


def test_refund__goes_to_the_recipient_of_the_visit() -> None:
    contact = Contact(
        contact_id="K1",
        kind=ContactKind.CONFIDENTIAL,
        account_number="A70001",
        address=make_address("PO Box 4471"),
    )
    account = make_refundable(contacts=(contact,))
    own, patient = split_account(account)
    assert own.refunds == ()
    assert patient.refunds == account.refunds
    assert candidate_cents(own, Kind.REFUND, AS_OF) is None


def test_refund__by_email_with_a_consent() -> None:
    guarantor = make_guarantor(
        delivery=Delivery.EMAIL, email="m@example.com", email_consent_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert selected(decision_of(make_refundable(guarantor=guarantor))).channel is Channel.EMAIL


# The page


def test_facts__foot_to_the_cent() -> None:
    content = make_refund_letter(make_refund(), visits=(make_overpaid(7_000),))
    assert isinstance(content.facts, RefundFacts)
    sums = content.facts.sums
    assert sums is not None
    assert (sums.paid_cents, sums.part_cents, sums.credit_cents, sums.left_cents) == (17_000, 10_000, 7_000, 2_500)
    assert content.facts.refund_cents + sums.left_cents == sums.credit_cents == sums.paid_cents - sums.part_cents


def test_facts__of_a_refund_that_is_posted_show_what_was_paid_before_it() -> None:
    content = make_refund_letter(make_sent(), visits=(posted(on=date(2026, 11, 18)),))
    assert isinstance(content.facts, RefundFacts)
    assert content.facts.sums is not None
    assert (content.facts.sums.paid_cents, content.facts.sums.left_cents) == (14_500, 0)


def test_facts__refuse_a_refund_that_the_credit_does_not_cover() -> None:
    account = make_refundable()
    selection = selected(decision_of(account))
    with pytest.raises(CompositionError) as caught:
        compose_document(replace(account, encounters=(make_overpaid(100),)), selection)
    assert caught.value.code == "FOOTING"
    with pytest.raises(CompositionError) as caught:
        compose_document(replace(account, refunds=()), selection)
    assert caught.value.code == "REFUND"


def test_facts__a_check_number_only_of_a_check_that_was_sent() -> None:
    for refund, number in (
        (make_sent(check_number="77"), "77"),
        (make_refund(check_number="77"), ""),
        (make_sent(check_number="77", method=RefundMethod.CARD), ""),
    ):
        facts = make_refund_letter(refund).facts
        assert isinstance(facts, RefundFacts)
        assert facts.check_number == number


def test_reprint__not_after_a_loss() -> None:
    account = make_after_birth()
    for status, reasons in ((EpisodeStatus.DELIVERED, []), (EpisodeStatus.LOST, ["LOSS"])):
        now = replace(account, episodes=(replace(account.episodes[0], status=status),))
        found = find_reprint_holds(now, Kind.REFUND, POLICY, AS_OF, account_numbers=(), episode_id="E1")
        assert codes(found) == reasons
