"""Large print, and long documents: what the reader needs is on page 1, and no page is for a line or two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pypdfium2 as pdfium
import pytest

from statement_builder.billing.model import ObstetricEpisode
from statement_builder.documents import Content
from statement_builder.documents.facts import ObNoticeFacts
from statement_builder.rendering import PlainEngine
from tests.assistance_letters import make_denied, make_full, make_incomplete, make_partial
from tests.builders import make_encounter, make_episode, make_facility
from tests.contents import BILLED, make_invoice, make_letter, make_ob_notice, make_plan_statement, make_statement
from tests.payroll import make_authorization
from tests.pdf_text import page_texts
from tests.plan_letters import make_agreement, make_default, make_missed, make_reminder

CODE = make_facility(payment_url="https://pay.riverbend.example/d/{document}")
SELF_PAY = make_episode(good_faith_estimate_id="GFE-88", insurance_name="", estimate_basis="")
SEVEN_PAYMENTS = make_episode(
    estimate_on=date(2026, 8, 1), expected_delivery_on=date(2027, 8, 1), estimated_delivery_on=date(2027, 8, 1)
)
LARGE = [
    pytest.param(lambda: make_statement(facility=CODE, large_print=True), id="statement"),
    pytest.param(lambda: make_statement(level=1, facility=CODE, large_print=True), id="reminder"),
    pytest.param(lambda: make_plan_statement(large_print=True), id="plan"),
    pytest.param(lambda: make_ob_notice(facility=CODE, large_print=True), id="estimate"),
    pytest.param(lambda: make_ob_notice(SELF_PAY, facility=CODE, large_print=True), id="estimate-self-pay"),
    pytest.param(lambda: make_ob_notice(SEVEN_PAYMENTS, facility=CODE, large_print=True), id="estimate-7-payments"),
    pytest.param(lambda: make_invoice(facility=CODE, large_print=True), id="itemized"),
    pytest.param(lambda: make_letter(2, facility=CODE, large_print=True), id="past-due"),
    pytest.param(lambda: make_agreement(facility=CODE, large_print=True), id="plan-agreement"),
    pytest.param(lambda: make_reminder(facility=CODE, large_print=True), id="plan-reminder"),
    pytest.param(lambda: make_missed(facility=CODE, large_print=True), id="plan-missed"),
    pytest.param(lambda: make_default(facility=CODE, large_print=True), id="plan-default"),
    pytest.param(lambda: make_incomplete(facility=CODE, large_print=True), id="assistance-incomplete"),
    pytest.param(lambda: make_partial(facility=CODE, large_print=True), id="assistance-partial"),
    pytest.param(lambda: make_full(facility=CODE, large_print=True), id="assistance-full"),
    pytest.param(lambda: make_denied(facility=CODE, large_print=True), id="assistance-denied"),
    pytest.param(lambda: make_authorization(large_print=True), id="payroll-form"),
    pytest.param(lambda: make_letter(3, facility=CODE, large_print=True), id="second-letter"),
    pytest.param(lambda: make_letter(4, facility=CODE, large_print=True), id="final-notice"),
]
SIGN = "Please sign and return this sheet"
LINES_MIN = 5
"""Fewer lines are not worth a page."""
FURNITURE_LINES = 2
"""The running head and the footer."""


@pytest.mark.parametrize("make", LARGE)
def test_large_print__phone_website_and_code_are_on_page_1(engine: PlainEngine, make: Callable[[], Content]) -> None:
    content = make()
    pdf = engine.render(content).pdf
    first = page_texts(pdf)[0].replace("\u00a0", " ")
    assert "(413) 555-0142" in first
    assert ("riverbend.example/pay" in first) is content.has_coupon
    assert content.amount_text in first
    assert ("Pay online: scan" in first) is bool(content.payment_url)


def test_large_print__care_without_payment_is_promised_on_page_1__42_cfr_489_24_d_4(engine: PlainEngine) -> None:
    """Even if a long web address makes the box below it taller."""
    facility = make_facility(
        payment_url="https://pay.riverbend.example/d/{document}",
        assistance_url="https://riverbend-hospital.example/patients/financial-assistance",
    )
    first, *_ = page_texts(engine.render(make_ob_notice(facility=facility, large_print=True)).pdf)
    assert "Your care will not be delayed or denied if you cannot pay." in first


@pytest.mark.parametrize("make", LARGE)
def test_large_print__no_page_for_a_line_or_two(engine: PlainEngine, make: Callable[[], Content]) -> None:
    pdf = engine.render(make()).pdf
    texts = page_texts(pdf)
    to_sign = [number for number, text in enumerate(texts, 1) if SIGN in text]
    assert all(number % 2 for number in to_sign), "a page to return is on the front of a sheet of its own"
    empty = [number for number, page in enumerate(page_lines(pdf), 1) if len(page) <= FURNITURE_LINES]
    assert all("This page is blank." in texts[number - 1] for number in empty), "a reader would look for its text"
    for number, page in enumerate(page_lines(pdf), 1):
        if number + 1 in to_sign:
            continue  # the back of the sheet before, which is there anyway
        assert len(page) >= LINES_MIN + FURNITURE_LINES, page


@pytest.mark.parametrize("count", range(1, 9))
def test_large_print__no_page_for_a_line_or_two_with_any_number_of_visits(engine: PlainEngine, count: int) -> None:
    visits = [make_encounter(f"A7{number:04}", correspondence=BILLED) for number in range(count)]
    for page in page_lines(engine.render(make_letter(2, *visits, large_print=True)).pdf):
        assert len(page) >= LINES_MIN + FURNITURE_LINES, page


@pytest.mark.parametrize("make", LARGE)
def test_large_print__points_to_nothing_that_is_on_another_page(
    engine: PlainEngine, make: Callable[[], Content]
) -> None:
    for page in page_texts(engine.render(make()).pdf):
        assert "below" not in page
        assert "slip" not in page.replace("slip on page 1", "")


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large-print")])
def test_letter__with_many_visits_points_to_the_slip_on_page_1(engine: PlainEngine, large_print: bool) -> None:
    visits = [make_encounter(f"A7{number:04}", correspondence=BILLED) for number in range(12)]
    pages = page_texts(engine.render(make_letter(3, *visits, large_print=large_print)).pdf)
    assert len(pages) > 1
    assert "by mail with the payment slip on page 1" in " ".join(pages)
    assert "Please detach here" in pages[0]
    assert all("below" not in page for page in pages)


def test_letter__choices_are_on_page_1_with_any_number_of_visits(engine: PlainEngine) -> None:
    visits = [make_encounter(f"A7{number:04}", correspondence=BILLED) for number in range(20)]
    first, *_ = page_texts(engine.render(make_letter(4, *visits)).pdf)
    for choice in ("Pay.", "Pay in parts.", "Ask for help.", "Tell us what is wrong."):
        assert choice in first


@pytest.mark.parametrize(
    "episode",
    [
        pytest.param(None, id="deposit"),
        pytest.param(SELF_PAY, id="self-pay"),
        pytest.param(SEVEN_PAYMENTS, id="seven-payments"),
        pytest.param(
            make_episode(
                estimate_on=date(2026, 8, 1),
                expected_delivery_on=date(2027, 8, 1),
                estimated_delivery_on=date(2027, 8, 1),
                plan_year_ends_on=date(2026, 12, 31),
                good_faith_estimate_id="GFE-2026-000088",
                insurance_name="Commonwealth Care Alliance One Care Plan of Massachusetts",
                estimate_basis="Remaining deductible, 20% coinsurance up to the yearly limit, and $250 for each day",
            ),
            id="seven-payments-and-a-long-text",
        ),
    ],
)
def test_ob_notice__schedule_is_on_page_1(engine: PlainEngine, episode: ObstetricEpisode | None) -> None:
    content = make_ob_notice(episode, facility=CODE)
    first, *_ = page_texts(engine.render(content).pdf)
    assert isinstance(content.facts, ObNoticeFacts)
    shown = first.replace("\u00a0", " ")
    for payment in content.facts.payments:
        day = payment.due_on
        assert f"{day:%b} {day.day}, {day.year} ${payment.amount_cents / 100:,.2f}" in shown
    assert f"Left to pay ${content.facts.remaining_cents / 100:,.2f}" in shown


def page_lines(pdf: bytes) -> list[set[int]]:
    """The baselines of the text of each page, in whole points."""
    document = pdfium.PdfDocument(pdf)
    try:
        lines = []
        for page in document:
            text = page.get_textpage()
            lines.append({round(text.get_charbox(index, loose=True)[1]) for index in range(text.count_chars())})
        return lines
    finally:
        document.close()
