"""What a patient finds on the pages: what has to be there, what must never be, and that all of it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from statement_builder.billing.model import InsuranceStatus
from statement_builder.documents import Content
from statement_builder.rendering import ForeignIds, PlainEngine, verify
from tests.builders import make_address, make_encounter, make_episode, make_facility, make_payment
from tests.contents import (
    BILLED,
    TERMS,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_statement,
    three_visits,
)
from tests.envelope import DOUBLE_WINDOW_10
from tests.pdf_text import page_texts

ATTORNEY: dict[str, Any] = {"first_name": "", "last_name": "Reyes & Cole LLP", "client_name": "Maria Lopez"}
"""A guarantor's attorney as the recipient."""
EVERY_DOCUMENT = [
    pytest.param(make_statement, id="statement"),
    pytest.param(lambda: make_statement(level=1), id="reminder"),
    pytest.param(make_ob_notice, id="estimate"),
    pytest.param(lambda: make_letter(2), id="past-due"),
    pytest.param(lambda: make_letter(3), id="second-letter"),
    pytest.param(lambda: make_letter(4), id="final-notice"),
    pytest.param(lambda: make_statement(large_print=True), id="statement-large-print"),
    pytest.param(lambda: make_ob_notice(large_print=True), id="estimate-large-print"),
    pytest.param(lambda: make_letter(4, large_print=True), id="final-notice-large-print"),
    pytest.param(lambda: make_statement(**ATTORNEY), id="statement-to-an-attorney"),
    pytest.param(lambda: make_letter(4, **ATTORNEY), id="final-notice-to-an-attorney"),
]


def read(engine: PlainEngine, content: Content) -> list[str]:
    """The text of each page. The document must pass verification."""
    pdf = engine.render(content).pdf
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=ForeignIds(accounts_by_guarantor={}))
    return page_texts(pdf)


@pytest.mark.parametrize("make", EVERY_DOCUMENT)
def test_every_document__first_page_explains_help_payment_and_contact(
    engine: PlainEngine, make: Callable[[], Content]
) -> None:
    first = read(engine, make())[0].replace("\u00a0", " ")
    assert "You may qualify for free or discounted care" in first
    assert "(413) 555-0177" in first
    assert "riverbend.example/help" in first
    assert "riverbend.example/pay" in first or "Make checks payable to" in first
    assert "PO Box 4100" in first
    assert "Amount enclosed" in first


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
        pytest.param({"insurance_name": ""}, "we have no insurance on file", id="self-pay"),
    ],
)
def test_statement__reason_in_plain_language(engine: PlainEngine, changes: dict[str, Any], why: str) -> None:
    [page] = read(engine, make_statement(make_encounter(share=None, **changes)))
    assert why in page


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
    assert "There is 1 payment in it that we have not received yet." in text


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
        "they are billed separately",
        "April 2027",
        "Paid, thank you",
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
    (first, *_) = read(engine, make())
    text = first.replace("\u00a0", " ")
    assert "About your client: Maria Lopez." in text
    assert 'Where these pages say "you", they mean your client.' in text
    assert "Maria Lopez, " in text
    assert "Reyes & Cole LLP, " not in text
