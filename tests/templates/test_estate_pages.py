"""Letters about estates: they ask an estate and never a person, and carry the notices of all documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from statement_builder.documents import Content
from statement_builder.rendering import ForeignIds, PlainEngine
from statement_builder.rendering.verification import verify
from tests.builders import make_facility
from tests.envelope import DOUBLE_WINDOW_10
from tests.estate_letters import make_claim, make_estate, make_inquiry, make_visit
from tests.pdf_text import page_texts

LETTERS = [
    pytest.param(make_inquiry, id="inquiry"),
    pytest.param(lambda: make_inquiry(large_print=True), id="inquiry-large-print"),
    pytest.param(make_claim, id="claim"),
    pytest.param(lambda: make_claim(large_print=True), id="claim-large-print"),
]
PAYABLE = make_facility(payment_url="https://pay.riverbend.example/d/{document}")


def read(engine: PlainEngine, content: Content) -> list[str]:
    """The text of each page, on one line. The document must pass verification."""
    pdf = engine.render(content).pdf
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=ForeignIds(accounts_by_guarantor={}))
    return [" ".join(page.replace("\u00a0", " ").split()) for page in page_texts(pdf)]


@pytest.mark.parametrize("make", LETTERS)
def test_letters__never_say_that_a_person_owes_or_pays(engine: PlainEngine, make: Callable[[], Content]) -> None:
    text = " ".join(read(engine, make())).casefold()
    for phrase in ("you owe", "past due", "amount due", "please pay", "pay online", "checks payable", "your bill"):
        assert phrase not in text
    for word in ("legal action", "credit report", "demand", "lawsuit", "sue", "must pay", "none"):
        assert word not in text.split()


@pytest.mark.parametrize("make", LETTERS)
def test_letters__carry_assistance_phone_and_hours__26_cfr_1_501r_4_b_5(
    engine: PlainEngine, make: Callable[[], Content]
) -> None:
    first, *rest = read(engine, make())
    for notice in ("Our financial assistance may cover this care.", "(413) 555-0177", "riverbend.example/help"):
        assert notice in first
    text = " ".join((first, *rest))
    assert "(413) 555-0142" in text
    assert "Monday to Friday, 8 am to 6 pm" in text
    assert "dial 711" in text


def test_claim__has_everything_that_a_claim_states__upc_3_804(engine: PlainEngine) -> None:
    first, exhibit = read(engine, make_claim())
    for fact in (
        "Larimer County District Court, Larimer, CO",
        "2026PR030042",
        "Maria Lopez, on August 14, 2026",
        "Riverbend Community Hospital 400 River Road, Springfield, MA 01105",
        "04-0000000",
        "Hospital services from June 2, 2026 to August 14, 2026.",
        "The whole amount is due now. It depends on nothing else, and we hold no security for it.",
        "Claims can be presented until January 10, 2027 (C.R.S. 15-12-801, 15-12-803, 15-12-804).",
        "We claim $345.00 as hospital costs of the last illness (C.R.S. 15-12-805).",
        "The other $120.00 is an ordinary claim.",
        "Ellen Park Director of Patient Accounts, Riverbend Community Hospital, November 20, 2026",
        "$465.00",
    ):
        assert fact in first
    assert "Exhibit A: itemized statement" in exhibit
    assert "Total charges $5,200.00" in exhibit


def test_claim__has_no_payment_code(engine: PlainEngine) -> None:
    content = make_claim(facility=PAYABLE)
    assert content.payment_url == ""
    assert "scan" not in " ".join(read(engine, content))


def test_claim__of_a_sensitive_visit_names_no_service_and_no_insurer(engine: PlainEngine) -> None:
    text = " ".join(read(engine, make_claim(make_visit(sensitive=True))))
    assert "Medical services" in text
    for secret in ("Emergency room visit", "Commonwealth Health Plan"):
        assert secret not in text


def test_window__shows_the_attorney_for_the_estate(engine: PlainEngine) -> None:
    content = make_claim(estate=make_estate(attorney_name="Reyes & Cole LLP"))
    assert "Reyes & Cole LLP Attorney for the Estate of Maria Lopez 88 Alder Street" in read(engine, content)[0]


@pytest.mark.parametrize("count", range(1, 9))
def test_claim__no_page_for_a_line_or_two_with_any_number_of_visits(engine: PlainEngine, count: int) -> None:
    visits = [make_visit(f"A7{number:04}") for number in range(count)]
    for page in page_texts(engine.render(make_claim(*visits)).pdf):
        assert len(page.split()) >= 40, page
