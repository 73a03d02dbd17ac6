"""What a patient finds on the pages: what has to be there, what must never be, and that all of it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    Correspondence,
    Encounter,
    FinancialClass,
    InsuranceKind,
    InsuranceStatus,
    RecordedHold,
)
from statement_builder.billing.selection import CollectionAction, Kind
from statement_builder.documents import Content
from statement_builder.documents.facts import StatementFacts
from statement_builder.kinds import decide
from statement_builder.pipeline.build_worker import printed_terms
from statement_builder.policy import Policy
from statement_builder.rendering import ForeignIds, PlainEngine, verify
from tests.assistance_letters import make_partial
from tests.builders import (
    AS_OF,
    make_account,
    make_address,
    make_encounter,
    make_episode,
    make_facility,
    make_insurance,
    make_payment,
)
from tests.contents import (
    BILLED,
    TERMS,
    compose_document,
    make_invoice,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_statement,
    three_visits,
)
from tests.envelope import DOUBLE_WINDOW_10
from tests.payroll import make_authorization
from tests.pdf_text import page_texts
from tests.plan_letters import make_agreement, make_default, make_missed, make_reminder

ALL_ACTIONS = msgspec.structs.replace(TERMS, collection_actions=tuple(CollectionAction))
ATTORNEY: dict[str, Any] = {"first_name": "", "last_name": "Reyes & Cole LLP", "client_name": "Maria Lopez"}
"""A guarantor's attorney as the recipient."""
EVERY_DOCUMENT = [
    pytest.param(make_statement, id="statement"),
    pytest.param(lambda: make_statement(level=1), id="reminder"),
    pytest.param(make_ob_notice, id="estimate"),
    pytest.param(make_invoice, id="itemized"),
    pytest.param(lambda: make_invoice(large_print=True), id="itemized-large-print"),
    pytest.param(lambda: make_letter(2), id="past-due"),
    pytest.param(lambda: make_letter(3), id="second-letter"),
    pytest.param(lambda: make_letter(4), id="final-notice"),
    pytest.param(lambda: make_letter(4, terms=ALL_ACTIONS), id="final-notice-with-actions"),
    pytest.param(make_agreement, id="plan-agreement"),
    pytest.param(make_reminder, id="plan-reminder"),
    pytest.param(make_missed, id="plan-missed"),
    pytest.param(make_default, id="plan-default"),
    pytest.param(make_partial, id="assistance-partial"),
    pytest.param(lambda: make_partial(large_print=True), id="assistance-partial-large-print"),
    pytest.param(make_authorization, id="payroll-form"),
    pytest.param(lambda: make_authorization(large_print=True), id="payroll-form-large-print"),
    pytest.param(lambda: make_agreement(large_print=True), id="plan-agreement-large-print"),
    pytest.param(lambda: make_missed(large_print=True), id="plan-missed-large-print"),
    pytest.param(lambda: make_statement(large_print=True), id="statement-large-print"),
    pytest.param(lambda: make_ob_notice(large_print=True), id="estimate-large-print"),
    pytest.param(lambda: make_letter(4, large_print=True), id="final-notice-large-print"),
    pytest.param(lambda: make_statement(**ATTORNEY), id="statement-to-an-attorney"),
    pytest.param(lambda: make_letter(4, **ATTORNEY), id="final-notice-to-an-attorney"),
]


SELF_PAY: dict[str, Any] = {
    "insurance_status": InsuranceStatus.NONE,
    "insurance_name": "",
    "financial_class": FinancialClass.SELF_PAY,
    "insurance": (make_insurance("I1", kind=InsuranceKind.OTHER, amount_cents=20_000),),
    "share": None,
}
"""$1,000 owed of charges of $1,200."""


def read(engine: PlainEngine, content: Content) -> list[str]:
    """The text of each page. The document must pass verification."""
    pdf = engine.render(content).pdf
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=ForeignIds(accounts_by_guarantor={}))
    return page_texts(pdf)


@pytest.mark.parametrize("make", EVERY_DOCUMENT)
def test_every_document__first_page_explains_help_payment_and_contact(
    engine: PlainEngine, make: Callable[[], Content]
) -> None:
    content = make()
    first = read(engine, content)[0].replace("\u00a0", " ")
    assert "You may qualify for free or discounted care" in first
    assert "(413) 555-0177" in first
    assert "riverbend.example/help" in first
    if content.kind is not Kind.PAYROLL_AUTHORIZATION:  # asks for signatures, not for a payment
        assert "riverbend.example/pay" in first or "Make checks payable to" in first
    assert ("PO Box 4100" in first) == content.has_coupon
    assert ("Amount enclosed" in first) == content.has_coupon


@pytest.mark.parametrize("make", [each for each in EVERY_DOCUMENT if "estimate" not in str(each.id)])
def test_bills_and_letters__state_rights(engine: PlainEngine, make: Callable[[], Content]) -> None:
    text = " ".join(read(engine, make()))
    assert "You may ask for an itemized bill at any time, free of charge." in text
    assert "While we look into a charge that you dispute, you do not have to pay it." in text


@pytest.mark.parametrize("make", EVERY_DOCUMENT)
def test_every_document__shows_phone_hours_and_relay(engine: PlainEngine, make: Callable[[], Content]) -> None:
    text = " ".join(read(engine, make())).replace("\u00a0", " ")
    assert "(413) 555-0142" in text
    assert "Monday to Friday, 8 am to 6 pm" in text
    assert "dial 711" in text


@pytest.mark.parametrize("make", EVERY_DOCUMENT)
def test_every_document__no_threats_and_no_private_data(engine: PlainEngine, make: Callable[[], Content]) -> None:
    text = " ".join(read(engine, make())).lower()
    for word in ("legal action", "credit rating", "credit report", "demand", "lawsuit", "garnish", "cvv", "none"):
        assert word not in text
    for private in ("05/05/2015", "2015-05-05", "may 5, 2015", "may 5, 1995"):
        assert private not in text


def test_statement__explains_insurance_and_amount_owed(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement())
    assert "Your 3 visits cost $3,600.00." in page
    assert "You paid $20.00." in page
    assert "Your share is $1,445.00." in page
    assert "Why: deductible $300.00, coinsurance $45.00" in page
    assert "itemized bill" in page
    assert page.count("$1,445.00") >= 4  # the box, the sentence, the table, the coupon


def test_statement__one_visit_uses_the_singular(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter()))
    assert "Your visit cost $1,200.00." in page


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"insurance_status": InsuranceStatus.DENIED}, "your insurance did not cover", id="denied"),
        pytest.param({}, "the part that your insurance left", id="insured-without-a-split"),
        pytest.param(SELF_PAY, "we have no insurance on file", id="self-pay"),
        pytest.param({"insurance_name": ""}, "the part that your insurance left", id="insurer-without-a-name"),
        pytest.param(
            {"insurance_status": InsuranceStatus.DENIED, "insurance": ()},
            "your insurance did not cover this visit",
            id="denied-and-unpaid",
        ),
        pytest.param(
            {"insurance_status": InsuranceStatus.NONE, "insurance": ()},
            "your insurance has paid nothing for this visit",
            id="insurer-on-file-without-a-claim",
        ),
    ],
)
def test_statement__reason_in_plain_language(engine: PlainEngine, changes: dict[str, Any], why: str) -> None:
    [page] = read(engine, make_statement(make_encounter(**{"share": None} | changes)))
    assert why in page


def test_statement__missing_insurer_is_not_a_missing_insurance(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(share=None, insurance_name="")))
    assert "no insurance on file" not in page
    assert "Do you have insurance?" not in page


def test_statement__uninsured_reader_finds_no_insurance_columns(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(**SELF_PAY)))
    assert "Your visit cost $1,200.00. Discounts were $200.00. You owe $1,000.00." in page
    assert "Insurance paid" not in page
    assert "Do you have insurance?" in page


@pytest.mark.parametrize("large_print", [False, True])
def test_statement__uninsured_reader_finds_no_column_of_zeros(engine: PlainEngine, large_print: bool) -> None:
    plain = make_encounter(**(SELF_PAY | {"insurance": (), "owed_cents": 120_000}))
    text = " ".join(read(engine, make_statement(plain, large_print=large_print)))
    for absent in ("$0.00", "Discounts", "You paid"):
        assert absent not in text
    paid = replace(plain, payments=(make_payment(amount_cents=2_500),))
    text = " ".join(read(engine, make_statement(paid, large_print=large_print)))
    assert "You paid" in text
    assert "-$25.00" in text
    assert "Discounts" not in text


def test_statement__names_insurer_and_facility_of_each_visit(engine: PlainEngine) -> None:
    one = make_encounter("A1", facility_name="Riverside Clinic", insurance_name="Blue Summit PPO")
    two = make_encounter("A2", facility_name="Imaging Center", insurance_name="Evergreen Mutual")
    [page] = read(engine, make_statement(one, two))
    for name in ("Riverside Clinic", "Blue Summit PPO", "Imaging Center", "Evergreen Mutual"):
        assert name in page


def test_statement__sensitive_visit_names_no_facility_or_insurer_42_cfr_part_2(engine: PlainEngine) -> None:
    visit = make_encounter(sensitive=True, facility_name="Harbor Recovery Clinic", insurance_name="Calm Behavioral")
    [page] = read(engine, make_statement(visit))
    assert "Recovery" not in page
    assert "Behavioral" not in page


def test_statement__take_back_is_not_a_payment(engine: PlainEngine) -> None:
    taken = (make_insurance("I1", amount_cents=30_000), make_insurance("I2", amount_cents=-45_000))
    [page] = read(engine, make_statement(make_encounter(insurance=taken, share=None)))
    assert "Insurance paid $300.00 and took back $450.00." in page
    assert "Insurance paid -" not in page
    assert "You owe" in page
    assert "$1,350.00" in page


def test_statement__take_back_since_the_last_bill(engine: PlainEngine) -> None:
    taken = (make_insurance("I1", amount_cents=30_000, on=BILLED.last_mailed_on), make_insurance("I2", amount_cents=-1))
    [page] = read(engine, make_statement(make_encounter(insurance=taken, share=None, correspondence=BILLED)))
    assert "Insurance took back" in page


def test_statement__returned_payment_is_not_a_payment(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(payments=(make_payment(amount_cents=-5_000),))))
    assert "Returned to you or by your bank: $50.00." in page
    assert "You paid" not in page
    assert "Why: deductible $300.00, coinsurance $45.00, plus $50.00 that was returned" in page


@pytest.mark.parametrize(
    ("kinds", "words", "never"),
    [
        pytest.param((InsuranceKind.CHARITY,), "Financial help was $300.00.", "Discounts were", id="charity"),
        pytest.param((InsuranceKind.WRITE_OFF,), "We wrote off $300.00.", "Discounts were", id="write-off"),
        pytest.param((InsuranceKind.CONTRACTUAL,), "Discounts were $300.00.", "Financial help was", id="contractual"),
    ],
)
def test_statement__each_adjustment_has_its_own_word(
    engine: PlainEngine, kinds: tuple[InsuranceKind, ...], words: str, never: str
) -> None:
    insurance = tuple(make_insurance(kind.value, kind=kind, amount_cents=30_000) for kind in kinds)
    [page] = read(engine, make_statement(make_encounter(insurance=insurance, share=None)))
    assert words in page
    assert never not in page


def test_statement__first_bill_has_no_aging(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement())
    assert "Days since your first bill" not in page


def test_statement__aging_lists_what_is_owed_and_no_zero(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter("A1"), make_encounter("A2", correspondence=BILLED)))
    assert "up to 30 days $345.00 · 31 to 60 days $345.00" in page
    assert "61 to 90 days" not in page


def test_statement__denial_says_what_to_do(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(insurance_status=InsuranceStatus.DENIED, share=None)))
    assert "You can ask your insurance to look at it again (an appeal)." in page


def test_statement__doctors_may_bill_separately(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter()))
    assert "Doctors, laboratories and ambulances may bill you separately." in page
    [page] = read(engine, make_statement(make_encounter(), facility=make_facility(doctors_bill_separately=False)))
    assert "may bill you separately" not in page


def decided(*encounters: Encounter, policy: Policy | None = None, **changes: Any) -> Content:
    """The statement that the policy decides on."""
    policy = policy or Policy()
    account = make_account(*encounters, **changes)
    selection = decide(account, Kind.STATEMENT, policy, AS_OF).selection
    assert selection is not None
    return compose_document(account, selection, terms=printed_terms(policy, make_facility()))


PENDING = make_encounter(
    "A2", insurance_status=InsuranceStatus.PENDING, insurance=(), share=None, description="X-ray of the hand"
)
CREDIT = make_encounter("A3", payments=(make_payment(amount_cents=50_000),), description="Hearing test")


def test_statement__mentions_pending_visits_and_does_not_ask_for_them(engine: PlainEngine) -> None:
    [page] = read(engine, decided(make_encounter("A1"), PENDING))
    assert "Still with your insurance: you owe nothing for these now" in page
    assert "X-ray of the hand" in page
    assert page.count("$345.00") >= 4
    assert "$1,545.00" not in page


@pytest.mark.parametrize(
    "code", [pytest.param(code, id=code) for code in ("CONF", "DISPUTE", "PPDR", "AGENCY", "NO_SUCH_CODE")]
)
@pytest.mark.parametrize("other", [pytest.param(PENDING, id="pending"), pytest.param(CREDIT, id="credit")])
def test_statement__mentions_no_visit_with_another_hold(code: str, other: Encounter) -> None:
    hold = RecordedHold(hold_id="H", code=code, placed_on=AS_OF, account_number=other.account_number)
    account = make_account(make_encounter("A1"), other, holds=(hold,))
    selection = decide(account, Kind.STATEMENT, Policy(), AS_OF).selection
    assert selection is None or selection.mentioned_account_numbers == ()


def test_statement__mentions_no_sensitive_visit_of_a_minor() -> None:
    facts = decided(make_encounter("A1"), replace(PENDING, sensitive=True)).facts
    assert isinstance(facts, StatementFacts)
    assert facts.pending_visits == ()


def test_statement__credit_on_another_visit_is_mentioned_and_not_used(engine: PlainEngine) -> None:
    [page] = read(engine, decided(make_encounter("A1"), CREDIT))
    assert "You have a credit of $155.00 on another visit." in page
    assert "Hearing test" not in page
    assert page.count("$345.00") >= 4


@pytest.mark.parametrize(
    ("correspondence", "label"),
    [
        pytest.param(None, "Bill 1 of 2", id="first"),
        pytest.param(replace(BILLED, last_mailed_on=BILLED.first_statement_on), "Bill 2 of 2", id="second"),
    ],
)
def test_statement__says_which_bill_of_how_many(
    engine: PlainEngine, correspondence: Correspondence | None, label: str
) -> None:
    [page] = read(engine, decided(make_encounter(correspondence=correspondence)))
    assert label in page


def test_statement__visits_with_different_counts_have_no_bill_number(engine: PlainEngine) -> None:
    [page] = read(engine, decided(make_encounter("A1"), make_encounter("A2", correspondence=BILLED)))
    assert "Bill date" in page
    assert "of 2 " not in page.replace("Page 1 of 2", "")


@pytest.mark.parametrize(
    ("policy", "offer"),
    [
        pytest.param(Policy(), "To pay in monthly parts, call", id="no-offer-by-number"),
        pytest.param(
            Policy(payment_plan_months_max=6), "You can pay in up to 6 monthly parts of about $57.50.", id="longest"
        ),
        pytest.param(
            Policy(payment_plan_months_max=12, payment_plan_min_cents=10_000),
            "You can pay in up to 3 monthly parts of about $115.00.",
            id="smallest-payment-decides",
        ),
        pytest.param(
            Policy(payment_plan_months_max=12, payment_plan_min_cents=20_000),
            "To pay in monthly parts, call",
            id="too-little-for-two-payments",
        ),
    ],
)
def test_statement__first_bill_offers_monthly_parts(engine: PlainEngine, policy: Policy, offer: str) -> None:
    [page] = read(engine, decided(make_encounter(), policy=policy))
    assert offer in page


@pytest.mark.parametrize(
    ("estimate_cents", "compared", "disputable"),
    [
        pytest.param(80_000, "The charges are $400.00 above the estimate.", True, id="45-cfr-149-620-a-2-exactly-400"),
        pytest.param(80_001, "The charges are $399.99 above the estimate.", False, id="one-cent-less"),
        pytest.param(130_000, "The charges are $100.00 below the estimate.", False, id="below"),
    ],
)
@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large-print")])
def test_statement__good_faith_estimate(
    engine: PlainEngine, estimate_cents: int, compared: str, disputable: bool, large_print: bool
) -> None:
    visit = make_encounter(**SELF_PAY | {"good_faith_estimate_cents": estimate_cents})
    text = " ".join(read(engine, make_statement(visit, large_print=large_print))).replace("\u00a0", " ")
    assert "Good faith estimate" in text
    assert compared in text
    assert ("You can dispute these charges" in text) is disputable
    assert ("Until March 20, 2027 you can ask" in text) is disputable  # 120 days after November 20, 2026
    assert ("1-800-985-3059" in text) is disputable


def test_statement__insured_visit_above_the_estimate_has_no_federal_dispute(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(good_faith_estimate_cents=1)))
    assert "You can dispute these charges" not in page


@pytest.mark.parametrize("level", [pytest.param(0, id="first"), pytest.param(1, id="reminder")])
def test_statement__large_print_has_phone_and_pay_code_on_page_1(engine: PlainEngine, level: int) -> None:
    facility = make_facility(payment_url="https://pay.riverbend.example/d/{document}")
    visit = make_encounter(payments=(make_payment(amount_cents=2_000),), correspondence=BILLED)
    pages = read(engine, make_statement(visit, level=level, facility=facility, large_print=True))
    first = pages[0].replace("\u00a0", " ")
    assert "(413) 555-0142" in first
    assert "Pay online: scan" in first
    assert len(pages) <= 3


def test_statement__sensitive_visit_is_medical_services(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter(sensitive=True, description="Detox counselling")))
    assert "Medical services" in page
    assert "Detox" not in page


def test_statement__three_visits_with_history_fit_one_page(engine: PlainEngine) -> None:
    changed = three_visits(correspondence=BILLED)
    [page] = read(engine, make_statement(*changed))
    assert "Balance before" in page
    [page] = read(engine, make_statement(*changed, level=1))
    assert "you may have overlooked this bill" in page


def test_statement__no_changes_section_without_changes(engine: PlainEngine) -> None:
    [page] = read(engine, make_statement(make_encounter()))
    assert "Balance before" not in page


def test_statement__payment_since_the_last_bill_is_shown(engine: PlainEngine) -> None:
    visit = make_encounter(correspondence=BILLED, payments=(make_payment(amount_cents=10_000),))
    [page] = read(engine, make_statement(visit))
    assert "-$100.00" in page
    assert "Since Oct" in page.replace("\u00a0", " ")


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large-print")])
def test_statement__later_plan_payments_are_subtracted(engine: PlainEngine, large_print: bool) -> None:
    pages = read(engine, make_plan_statement(large_print=large_print))
    text = " ".join(pages).replace("\u00a0", " ")
    assert "$545.00" in pages[0]
    assert "On your payment plan, not due yet -$400.00" in text
    assert "Please pay now $545.00" in text
    assert "This bill asks for $200.00 of your plan." in text
    assert "$600.00 of the plan is still to be paid" in text
    assert "That includes 1 payment that we have not received yet." in text


def test_statement__120_visits_are_complete_with_repeated_heads(engine: PlainEngine) -> None:
    visits = [make_encounter(f"A8{n:04}", owed_cents=10_000 + n) for n in range(120)]
    pages = read(engine, make_statement(*visits))
    assert len(pages) <= 10  # five duplex sheets, the limit for a letter envelope
    numbers = [number for page in pages for number in re.findall(r"A8\d{4}", page)]
    assert numbers == [visit.account_number for visit in visits]
    for page in pages:
        assert "Insurance paid" in page
    assert "$12,071.40" in pages[0]
    assert "$12,071.40" in pages[-1]
    assert "What these words mean" in pages[-1]
    assert "itemized bill" in pages[0]


def test_statement__long_names_and_lines_are_not_cut(engine: PlainEngine) -> None:
    description = "Consultation with the interdisciplinary gastroenterology-hepatology outpatient team, follow-up"
    content = make_statement(
        make_encounter(description=description),
        first_name="Maximiliana-Bartholomea Annunziata",
        last_name="O’Brien-Wolfeschlegelstein",
        address=make_address(
            "c/o Riverside", "Building 14, Apartment 1207-B North Tower", "12345 Old Constitution Blvd"
        ),
        facility=make_facility(portal_url="www.riverbendcommunityhospital.example.org/patients/billing/pay-my-bill"),
    )
    text = "".join(read(engine, content)).replace(" ", "")
    assert description.replace(" ", "") in text
    assert "www.riverbendcommunityhospital.example.org/patients/billing/pay-my-bill" in text


def test_ob_notice__is_only_an_estimate(engine: PlainEngine) -> None:
    [page] = read(engine, make_ob_notice())
    for sentence in (
        "This is an estimate, not a bill.",
        "Your care will not be delayed or denied if you cannot pay.",
        "we will refund the difference",
        "They are billed separately",
        "April 2027",
        "You do not have to pay ahead.",
    ):
        assert sentence in page.replace("\u00a0", " ")
    for never in ("past due", "overdue", "Broken ankle", "A79999", "$777.77", "April 10", "collection", "Please pay"):
        assert never not in page.replace("\u00a0", " ")


def test_ob_notice__self_pay_shows_the_right_to_dispute(engine: PlainEngine) -> None:
    episode = make_episode(good_faith_estimate_id="GFE-88", insurance_name="", estimate_basis="")
    text = " ".join(read(engine, make_ob_notice(episode)))
    assert "GFE-88" in text
    assert "$400 or more" in text
    assert "no insurance on file" in text


@pytest.mark.parametrize(
    ("level", "heading"),
    [
        pytest.param(2, "Your bill is past due", id="past-due"),
        pytest.param(3, "our next letter will be a final notice", id="second"),
        pytest.param(4, "Final notice", id="final"),
    ],
)
def test_letter__tone_of_each_level(engine: PlainEngine, level: int, heading: str) -> None:
    pages = read(engine, make_letter(level))
    text = " ".join(pages).replace("\u00a0", " ")
    assert heading in text
    assert ("Pioneer Valley Recovery" in text) is (level == 4)
    assert ("a summary in plain words" in pages[-1] and len(pages) == 2) is (level == 4)
    assert "until June 17, 2027" in text
    assert "October 20, 2026" in text


ACTION_TEXTS = {
    CollectionAction.REPORTING: "Report this unpaid bill to credit bureaus.",
    CollectionAction.SUIT: "Sue you: ask a court to order you to pay.",
    CollectionAction.GARNISHMENT: "take part of your pay",
    CollectionAction.LIEN: "Put a lien on your property",
    CollectionAction.SALE: "Sell this debt to another company.",
    CollectionAction.DEFERRAL: "Delay or refuse other care",
}


@pytest.mark.parametrize("agency_name", ["", "Pioneer Valley Recovery"], ids=["without-agency", "with-agency"])
@pytest.mark.parametrize("actions", [*((each,) for each in CollectionAction), tuple(CollectionAction)], ids="-".join)
def test_letter__final_notice_names_the_actions_and_the_deadline_1_501r_6_c_4_i_a(
    engine: PlainEngine, actions: tuple[CollectionAction, ...], agency_name: str
) -> None:
    """26 CFR 1.501(r)-6(c)(4)(i)(A): it identifies the actions, no others, and states a deadline."""
    terms = msgspec.structs.replace(TERMS, collection_actions=actions, agency_name=agency_name)
    pages = read(engine, make_letter(4, terms=terms))
    text = " ".join(" ".join(pages).replace("\u00a0", " ").split())
    assert {action for action, sentence in ACTION_TEXTS.items() if sentence in text} == set(actions)
    assert "by December 15, 2026, we " + ("or the agency may also:" if agency_name else "may then:") in text
    assert "You can stop that in any of the ways that this letter lists." in text
    assert "a summary in plain words" in pages[-1]


@pytest.mark.parametrize("level", [2, 3])
def test_letter__only_the_final_notice_names_actions(engine: PlainEngine, level: int) -> None:
    text = " ".join(read(engine, make_letter(level, terms=ALL_ACTIONS)))
    assert not [sentence for sentence in ACTION_TEXTS.values() if sentence in text]


def test_letter__final_notice_without_an_agency(engine: PlainEngine) -> None:
    terms = TERMS.__class__(**{name: getattr(TERMS, name) for name in TERMS.__struct_fields__} | {"agency_name": ""})
    text = " ".join(read(engine, make_letter(4, terms=terms)))
    assert "agency" not in text.lower()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: make_statement(**ATTORNEY), id="statement"),
        pytest.param(lambda: make_statement(level=1, **ATTORNEY), id="reminder"),
        pytest.param(lambda: make_letter(2, **ATTORNEY), id="past-due"),
        pytest.param(lambda: make_letter(4, large_print=True, **ATTORNEY), id="final-notice-large-print"),
    ],
)
def test_attorney__page_names_the_client_and_speaks_to_the_client(
    engine: PlainEngine, make: Callable[[], Content]
) -> None:
    """15 USC 1692c(a)(2): it is addressed to the firm, and never asks the firm to pay."""
    (first, *others) = read(engine, make())
    assert "About your client: Maria Lopez." in first.replace("\u00a0", " ")
    text = " ".join((first, *others)).replace("\u00a0", " ")
    assert 'Where these pages say "you", they mean your client.' in text
    assert "Maria Lopez, " in text
    assert "Reyes & Cole LLP, " not in text
