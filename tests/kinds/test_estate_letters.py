"""Letters about estates: to the representative, once for each event, never to a relative as such."""

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
    Estate,
    EstateStatus,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    RecordedHold,
)
from statement_builder.billing.selection import Channel, Decision, Kind
from statement_builder.documents.recipients import make_recipient
from statement_builder.kinds import decide, find_reprint_holds, recheck
from statement_builder.kinds.estate_claim.facts import EstateClaimFacts
from statement_builder.policy import Policy, split_account
from statement_builder.policy.estates.rules import claim_cause, inquiry_cause
from tests.builders import AS_OF, make_account, make_address, make_encounter, make_guarantor, make_payment
from tests.estate_letters import (
    SIGNED,
    make_claim,
    make_estate,
    make_inquiry,
    make_unknown_estate,
    make_visit,
    make_visits,
    with_estate,
)
from tests.policy.candidates import codes, days_ago, selected
from tests.policy.test_split_accounts import family, own_address

KINDS = (Kind.ESTATE_INQUIRY, Kind.ESTATE_CLAIM)
OTHER_KINDS = [kind for kind in Kind if not kind.traits.is_estate]


def inquiry(estate: Estate | None = None, policy: Policy = SIGNED, **account: Any) -> Decision:
    return decide(with_estate(estate=estate or make_unknown_estate(), **account), Kind.ESTATE_INQUIRY, policy, AS_OF)


def claim(estate: Estate | None = None, policy: Policy = SIGNED, as_of: date = AS_OF, **account: Any) -> Decision:
    return decide(with_estate(estate=estate, **account), Kind.ESTATE_CLAIM, policy, as_of)


def sent(kind: Kind, cause_id: str) -> CausedLetter:
    return CausedLetter(kind=kind.value, cause_id=cause_id, mailed_on=None)


def hold(code: str, account_number: str = "") -> RecordedHold:
    return RecordedHold(hold_id="H1", code=code, placed_on=days_ago(5), account_number=account_number)


INQUIRIES = [
    pytest.param(make_unknown_estate(), [], id="4-nobody-is-known"),
    pytest.param(make_unknown_estate(died_on=days_ago(30)), [], id="4-thirty-days-after"),
    pytest.param(make_unknown_estate(died_on=days_ago(29)), ["EST_WAIT"], id="4-twenty-nine-days-after"),
    pytest.param(make_unknown_estate(representative_name="Carmen Lopez"), [], id="a-representative-is-known"),
    pytest.param(make_estate(), ["EST_OPEN"], id="open"),
    pytest.param(make_unknown_estate(status=EstateStatus.CLOSED), ["EST_ENDED"], id="closed"),
    pytest.param(make_unknown_estate(status=EstateStatus.NONE), ["EST_ENDED"], id="none"),
    pytest.param(make_unknown_estate(claim_filed_on=days_ago(3)), ["EST_FILED"], id="presented-by-hand"),
]


@pytest.mark.parametrize(("estate", "reasons"), INQUIRIES)
def test_inquiry__by_what_is_known(estate: Estate, reasons: list[str]) -> None:
    decision = inquiry(estate)
    assert codes(decision) == reasons
    assert (decision.selection is None) == bool(reasons)


def test_inquiry__asks_for_nothing() -> None:
    selection = selected(inquiry())
    assert (selection.amount_cents, selection.account_numbers, selection.channel) == (0, (), Channel.PRINT)
    assert selection.due_on == date(2026, 12, 21), "30 days, and then the next business day"
    content = make_inquiry()
    assert (content.amount_text, content.scanline, content.payment_url, content.has_coupon) == ("", "", "", False)


CLAIMS = [
    pytest.param({}, [], id="UPC-3-804-complete"),
    pytest.param({"status": EstateStatus.UNKNOWN}, ["EST_NOT_OPEN"], id="UPC-3-104-not-open"),
    pytest.param({"status": EstateStatus.CLOSED}, ["EST_ENDED"], id="closed"),
    pytest.param({"opened_on": None}, ["EST_FACTS"], id="CRS-15-12-804-2-not-appointed"),
    pytest.param({"case_number": ""}, ["EST_FACTS"], id="no-case-number"),
    pytest.param({"address": None}, ["EST_FACTS"], id="no-address"),
    pytest.param({"representative_name": ""}, ["EST_FACTS"], id="no-representative"),
    pytest.param({"representative_name": "", "attorney_name": "Reyes & Cole LLP"}, [], id="an-attorney"),
    pytest.param({"state": "OH"}, ["EST_NO_RULE"], id="a-state-that-is-not-on-file"),
    pytest.param({"state": "MA"}, ["EST_BY_HAND"], id="MGL-190B-3-803-a-suit"),
    pytest.param({"state": "FL"}, ["EST_BY_HAND", "EST_DEADLINE"], id="Fla-733.702-the-court"),
    pytest.param({"state": "MT"}, ["EST_CERTIFIED"], id="MCA-72-3-804-return-receipt"),
    pytest.param({"claim_filed_on": days_ago(3)}, ["EST_FILED"], id="presented-by-hand"),
    pytest.param({"claim_filed_on": days_ago(30), "published_on": days_ago(130)}, ["EST_FILED"], id="filed-in-time"),
    pytest.param({"claim_filed_on": days_ago(3), "state": "OH"}, ["EST_FILED"], id="filed-in-another-state"),
    pytest.param({"published_on": days_ago(130)}, ["EST_BARRED"], id="UPC-3-801-four-months-are-over"),
    pytest.param(
        {"published_on": None, "died_on": date(2025, 11, 19), "patient_id": ""},
        ["EST_BARRED"],
        id="UPC-3-803-a-year-is-over",
    ),
    pytest.param({"published_on": date(2026, 7, 26)}, ["EST_NEAR", "EST_DEADLINE"], id="six-days-for-the-mail"),
    pytest.param({"published_on": date(2026, 7, 27)}, [], id="a-week-for-the-mail"),
]


@pytest.mark.parametrize(("changes", "reasons"), CLAIMS)
def test_claim__by_the_law_of_the_court_s_state(changes: dict[str, Any], reasons: list[str]) -> None:
    decision = claim(make_estate(**changes))
    assert codes(decision) == reasons
    assert (decision.selection is None) == bool(reasons)


def test_claim__by_certified_mail_where_the_state_requires_it__mca_72_3_804() -> None:
    certified = replace(SIGNED, certified_kinds=(Kind.ESTATE_CLAIM,))
    content = make_claim(estate=make_estate(state="MT"), policy=certified)
    assert isinstance(content.facts, EstateClaimFacts)
    assert content.facts.is_certified


def test_claim__is_signed() -> None:
    assert codes(claim(policy=Policy())) == ["EST_SIGNER"]


def test_claim__the_sums_and_the_class__upc_3_805() -> None:
    content = make_claim()
    facts = content.facts
    assert isinstance(facts, EstateClaimFacts)
    assert (content.amount_cents, facts.last_illness_cents, facts.other_cents) == (46_500, 34_500, 12_000)
    assert sum(each.amount_cents for each in facts.charges) == sum(each.charges_cents for each in facts.visits)
    assert (content.scanline, content.payment_url, content.has_coupon) == ("", "", False)
    assert facts.present_until_on == date(2027, 1, 10)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"patient_id": ""}, id="not-known-as-a-patient"),
        pytest.param({"patient_id": "P9"}, id="another-patient"),
        pytest.param({"last_illness_on": None}, id="no-date-on-file"),
    ],
)
def test_claim__no_class_without_proof__upc_3_805(changes: dict[str, Any]) -> None:
    facts = make_claim(estate=make_estate(**changes)).facts
    assert isinstance(facts, EstateClaimFacts)
    assert (facts.last_illness_on, facts.last_illness_cents, facts.other_cents) == (None, 0, 46_500)


WAITING = [
    pytest.param({"insurance_status": InsuranceStatus.PENDING}, "INS_PEND", id="insurance-is-pending"),
    pytest.param({"final_billed": False}, "NOT_FINAL", id="not-final"),
    pytest.param({"service_from": date(2026, 8, 15)}, "EST_AFTER", id="after-the-death"),
    pytest.param({"financial_class": FinancialClass.MEDICAID_PENDING}, "MCAID_PEND", id="medicaid-is-pending"),
]


@pytest.mark.parametrize(("changes", "code"), WAITING)
def test_claim__waits_for_all_visits(changes: dict[str, Any], code: str) -> None:
    first, second = make_visits()
    decision = claim(encounters=(first, replace(second, **changes)))
    assert codes(decision) == [f"{code}:A70001", "EST_PART:A70000"]
    assert decision.selection is None


@pytest.mark.parametrize(
    ("changes", "holds", "code"),
    [
        pytest.param({"financial_class": FinancialClass.QMB}, (), "QMB", id="42-USC-1396a-n-3-B-qmb"),
        pytest.param({"financial_class": FinancialClass.MEDICAID}, (), "MCAID", id="42-CFR-447.15-medicaid"),
        pytest.param({}, (hold("AGENCY", "A70000"),), "AGENCY", id="at-an-agency"),
        pytest.param({}, (hold("PART2", "A70000"),), "PART2", id="42-CFR-2-part-2"),
    ],
)
def test_claim__leaves_out_what_is_never_claimed(
    changes: dict[str, Any], holds: tuple[RecordedHold, ...], code: str
) -> None:
    first, second = make_visits()
    other_month = replace(first, **changes)
    decision = claim(encounters=(other_month, second), holds=holds)
    assert codes(decision) == [f"{code}:A70000"]
    assert selected(decision).account_numbers == ("A70001",)
    assert selected(decision).amount_cents == 34_500


def test_letters__below_the_minimum() -> None:
    small = (make_visit(owed_cents=4_999),)
    assert codes(claim(encounters=small)) == ["EST_MIN"]
    assert codes(inquiry(encounters=small)) == ["EST_MIN"]
    assert codes(claim(encounters=(make_visit(owed_cents=5_000),))) == []


@pytest.mark.parametrize("code", ["BANKR_STAY", "LEGAL", "VIP", "ADMIN_PAUSE", "INMATE", "NO_SUCH_CODE"])
@pytest.mark.parametrize("kind", KINDS)
def test_letters__holds_of_law_and_privacy_stop_them(kind: Kind, code: str) -> None:
    decision = (inquiry if kind is Kind.ESTATE_INQUIRY else claim)(holds=(hold(code),))
    assert codes(decision) == ["UNKNOWN_HOLD" if code == "NO_SUCH_CODE" else code]


@pytest.mark.parametrize("code", ["DECEASED", "ESTATE"])
def test_letters__the_death_does_not_stop_them(code: str) -> None:
    assert codes(inquiry(holds=(hold(code),))) == []
    assert codes(claim(holds=(hold(code),))) == []


@pytest.mark.parametrize("code", ["RETMAIL", "BADADDR", "CONF_NOADDR"])
def test_letters__the_guarantor_s_old_address_is_not_the_representative_s(code: str) -> None:
    assert codes(claim(holds=(hold(code),))) == []
    assert codes(inquiry(holds=(hold(code),))) == [code]


def test_claim__waits_for_financial_assistance__26_cfr_1_501r_6_c_8() -> None:
    record = AssistanceRecord(
        kind=AssistanceKind.APPLICATION, occurred_on=days_ago(9), status=ApplicationStatus.RECEIVED
    )
    assert "FAP_PENDING" in codes(claim(assistance=(record,)))


def test_letters__two_estates_are_for_a_person() -> None:
    account = make_account(*make_visits(), estates=(make_estate(), make_estate(estate_id="T2")))
    for kind in KINDS:
        assert "EST_TWO" in codes(decide(account, kind, SIGNED, AS_OF))


def test_letters__answer_each_event_once() -> None:
    asked = inquiry_cause(make_unknown_estate())
    assert codes(inquiry(letters=(sent(Kind.ESTATE_INQUIRY, asked),))) == ["EST_SENT"]
    claimed = claim_cause(make_estate())
    assert codes(claim(letters=(sent(Kind.ESTATE_CLAIM, claimed),))) == ["EST_SENT"]
    late = date(2027, 3, 1)
    assert codes(claim(as_of=late, letters=(sent(Kind.ESTATE_CLAIM, claimed),))) == ["EST_SENT"], "not barred as well"
    assert codes(claim(letters=(sent(Kind.ESTATE_INQUIRY, asked),))) == []
    other = make_estate(case_number="2026PR030099")
    assert claim_cause(other) != claimed
    assert codes(claim(other, letters=(sent(Kind.ESTATE_CLAIM, claimed),))) == []


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_mail__never_goes_to_a_guarantor_with_an_estate(kind: Kind) -> None:
    """Whatever else is due: the estate on file is a hold DECEASED."""
    estate = make_estate()
    death = RecordedHold(hold_id="estate-T1", code="DECEASED", placed_on=estate.died_on)
    account = make_account(*make_visits(), estates=(estate,), holds=(death,))
    try:
        decision = decide(account, kind, Policy(), AS_OF)
    except ValueError:
        return  # not a candidate at all
    assert decision.selection is None
    assert "DECEASED" in codes(decision) or kind.traits.is_obstetric


@pytest.mark.parametrize("kind", KINDS)
def test_letters__no_candidate_without_an_estate(kind: Kind) -> None:
    with pytest.raises(ValueError, match="not a candidate"):
        decide(make_account(make_encounter(), holds=(hold("DECEASED"),)), kind, SIGNED, AS_OF)


ADDRESSEES = [
    pytest.param(
        make_unknown_estate(), ("Personal Representative", "Estate of Maria Lopez", "12 Maple Street"), id="none"
    ),
    pytest.param(
        make_estate(),
        ("Carmen Lopez", "Personal Representative, Estate of Maria Lopez", "88 Alder Street"),
        id="a-representative",
    ),
    pytest.param(
        make_estate(attorney_name="Reyes & Cole LLP"),
        ("Reyes & Cole LLP", "Attorney for the Estate of Maria Lopez", "88 Alder Street"),
        id="an-attorney",
    ),
]


@pytest.mark.parametrize(("estate", "lines"), ADDRESSEES)
def test_addressee__names_the_estate_and_its_representative(estate: Estate, lines: tuple[str, ...]) -> None:
    recipient = make_recipient(with_estate(estate=estate).guarantor)
    assert (recipient.name, *recipient.lines)[:3] == lines


def test_addressee__has_none_of_the_guarantor_s_wishes() -> None:
    guarantor = make_guarantor(
        email="maria@example.com", large_print=True, confidential_address=make_address("PO Box 4471")
    )
    own = with_estate(estate=make_unknown_estate(), guarantor=guarantor).guarantor
    assert (own.email, own.large_print) == ("", False)
    assert own.mailing_address.lines == ("PO Box 4471",), "the last address is the confidential one"


def change(account: GuarantorAccount, **changes: Any) -> GuarantorAccount:
    (estate,) = account.estates
    return replace(account, estates=(replace(estate, **changes),))


RECHECKS = [
    pytest.param({}, [], id="nothing"),
    pytest.param({"case_number": "2026PR030099"}, ["EST_CHANGED"], id="another-case"),
    pytest.param({"published_on": date(2026, 8, 20)}, ["EST_CHANGED"], id="another-deadline"),
    pytest.param({"status": EstateStatus.CLOSED}, ["EST_ENDED"], id="closed"),
    pytest.param({"claim_filed_on": AS_OF}, ["EST_FILED"], id="presented-by-hand"),
]


@pytest.mark.parametrize(("changes", "reasons"), RECHECKS)
def test_recheck__claim(changes: dict[str, Any], reasons: list[str]) -> None:
    account = with_estate()
    selection = selected(decide(account, Kind.ESTATE_CLAIM, SIGNED, AS_OF))
    found = recheck(change(account, **changes), selection, SIGNED, as_of=AS_OF, rendered_as_of=AS_OF)
    assert [each.code for each in found] == reasons


def test_recheck__claim_that_waited_too_long() -> None:
    account = with_estate()
    selection = selected(decide(account, Kind.ESTATE_CLAIM, SIGNED, AS_OF))
    late = date(2027, 1, 4)
    found = recheck(account, selection, SIGNED, as_of=late, rendered_as_of=AS_OF)
    assert [each.code for each in found] == ["EST_NEAR", "EST_DEADLINE"]


def test_recheck__claim_after_a_payment() -> None:
    account = with_estate()
    selection = selected(decide(account, Kind.ESTATE_CLAIM, SIGNED, AS_OF))
    first, second = account.encounters
    paid = replace(first, payments=(make_payment(amount_cents=2_000, on=days_ago(1)),))
    found = recheck(replace(account, encounters=(paid, second)), selection, SIGNED, AS_OF, AS_OF)
    assert [each.code for each in found] == ["AMOUNT_CHANGED"]


def test_recheck__inquiry_about_an_estate_that_was_opened() -> None:
    account = with_estate(estate=make_unknown_estate())
    selection = selected(decide(account, Kind.ESTATE_INQUIRY, SIGNED, AS_OF))
    opened = with_estate(estate=make_estate())
    found = [each.code for each in recheck(opened, selection, SIGNED, as_of=AS_OF, rendered_as_of=AS_OF)]
    assert found == ["EST_OPEN", "READDRESSED"]
    died_earlier = change(account, died_on=days_ago(99))
    assert [each.code for each in recheck(died_earlier, selection, SIGNED, AS_OF, AS_OF)] == ["EST_CHANGED"]


def test_reprint__of_a_letter_to_an_estate_is_allowed() -> None:
    account = with_estate(letters=(sent(Kind.ESTATE_CLAIM, claim_cause(make_estate())),))
    numbers = tuple(each.account_number for each in account.encounters)
    found = find_reprint_holds(account, Kind.ESTATE_CLAIM, SIGNED, AS_OF, account_numbers=numbers, episode_id="")
    assert found == ()


def test_split__the_estate_is_the_guarantor_s_alone() -> None:
    own, teenager = split_account(replace(family(own_address()), estates=(make_estate(),)))
    assert own.estates
    assert not teenager.estates


def test_claim__last_day_to_mail_is_before_the_deadline() -> None:
    """Every day until the end: nothing is claimed that could arrive after the last day."""
    for today in (AS_OF + timedelta(days=n) for n in range(80)):
        decision = claim(as_of=today)
        assert (decision.selection is not None) == (today + timedelta(days=7) <= date(2027, 1, 10)), today
