"""No text overlaps or leaves the page, even with long values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2 as pdfium
import pytest

from statement_builder.documents import Content
from statement_builder.rendering import PlainEngine
from tests.builders import make_address, make_charge, make_encounter, make_episode, make_facility
from tests.contents import make_invoice, make_letter, make_ob_notice, make_statement, three_visits
from tests.refund_letters import make_refund_letter

Box = tuple[float, float, float, float]

LONG_NAME: dict[str, Any] = {
    "first_name": "Maximiliana-Bartholomea Annunziata",
    "last_name": "Wolfeschlegelsteinhausenberger",
    "address": make_address("c/o Riverside Assisted Living", "Building 14, Apartment 1207-B", "12345 Northwest Blvd"),
}
LONG_FACILITY = make_facility(
    name="Riverbend Community Hospital and Medical Center",
    remit_name="Riverbend Community Hospital and Medical Center",
    portal_url="www.riverbendcommunityhospital.example.org/patients/billing/pay-my-bill",
    assistance_url="www.riverbendcommunityhospital.example.org/patients/financial-assistance",
    phone_hours="Monday to Thursday, 7:30 am to 7 pm, Friday and Saturday, 8 am to 4:30 pm",
)


def expensive_visit() -> Content:
    """Charges of $987,654.32, all of it owed."""
    return make_statement(
        make_encounter(charges=(make_charge(amount_cents=98_765_432),), insurance=(), share=None), **LONG_NAME
    )


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: make_statement(*three_visits(), **LONG_NAME, facility=LONG_FACILITY), id="statement"),
        pytest.param(
            lambda: make_statement(*three_visits(), level=1, **LONG_NAME, facility=LONG_FACILITY, large_print=True),
            id="reminder-large-print",
        ),
        pytest.param(expensive_visit, id="large-amounts"),
        pytest.param(lambda: make_invoice(**LONG_NAME), id="itemized"),
        pytest.param(lambda: make_refund_letter(**LONG_NAME), id="refund"),
        pytest.param(lambda: make_refund_letter(**LONG_NAME, large_print=True), id="refund-large-print"),
        pytest.param(lambda: make_ob_notice(**LONG_NAME), id="estimate"),
        pytest.param(lambda: make_ob_notice(**LONG_NAME, large_print=True), id="estimate-large-print"),
        pytest.param(lambda: make_ob_notice(make_episode(estimate_cents=12_345_678)), id="estimate-large-amounts"),
        pytest.param(lambda: make_letter(4, **LONG_NAME, facility=LONG_FACILITY), id="final-notice"),
        pytest.param(
            lambda: make_letter(4, **LONG_NAME, facility=LONG_FACILITY, large_print=True), id="final-notice-large-print"
        ),
    ],
)
def test_pages__no_letters_overlap_or_leave_the_page(engine: PlainEngine, make: Callable[[], Content]) -> None:
    document = pdfium.PdfDocument(engine.render(make()).pdf)
    letters = 0
    try:
        for page in document:
            boxes = list(letter_boxes(page.get_textpage()))
            letters += len(boxes)
            assert not [box for box in boxes if is_off_page(box)]
            assert not list(overlapping(boxes)), f"page {page}"
    finally:
        document.close()
    assert letters > 500


Letter = tuple[int, str, Box]
"""Index in the page's text, character, and bounding box in points."""


def letter_boxes(text: pdfium.PdfTextPage) -> Iterator[Letter]:
    for index in range(text.count_chars()):
        character = text.get_text_range(index, 1)
        if character.strip():
            yield index, character, text.get_charbox(index)


def is_off_page(letter: Letter) -> bool:
    """Whether a letter is within a sixth of an inch of the edge, where printers cannot print."""
    left, bottom, right, top = letter[2]
    return left < 12 or bottom < 12 or right > 612 - 12 or top > 792 - 12


def overlapping(letters: list[Letter]) -> Iterator[tuple[str, str]]:
    """Pairs that share more than a third of the smaller one's area, except neighbors: letters of a ligature overlap."""
    ordered = sorted(letters, key=lambda letter: letter[2][0])
    for position, (index, one, box) in enumerate(ordered):
        for other_index, other, other_box in ordered[position + 1 :]:
            if other_box[0] >= box[2]:
                break
            height = min(box[3], other_box[3]) - max(box[1], other_box[1])
            shared = (min(box[2], other_box[2]) - other_box[0]) * height
            if height > 0 and shared > min(area(box), area(other_box)) / 3 and abs(index - other_index) > 1:
                yield one, other


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
