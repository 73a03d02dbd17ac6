"""Nothing lies on anything else, and nothing runs off the paper, however long the words are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pypdfium2 as pdfium
import pytest

from statement_builder.documents import Content
from statement_builder.rendering import PlainEngine
from tests.builders import make_address, make_charge, make_encounter, make_episode, make_facility
from tests.contents import make_letter, make_ob_notice, make_statement, three_visits

Box = tuple[float, float, float, float]

LONG_NAME = {
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


def dear_visit() -> Content:
    """Charges of $987,654.32, of which all is owed."""
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
        pytest.param(dear_visit, id="large-amounts"),
        pytest.param(lambda: make_ob_notice(**LONG_NAME), id="estimate"),
        pytest.param(lambda: make_ob_notice(**LONG_NAME, large_print=True), id="estimate-large-print"),
        pytest.param(lambda: make_ob_notice(make_episode(estimate_cents=12_345_678)), id="estimate-large-amounts"),
        pytest.param(lambda: make_letter(4, **LONG_NAME, facility=LONG_FACILITY), id="final-notice"),
        pytest.param(
            lambda: make_letter(4, **LONG_NAME, facility=LONG_FACILITY, large_print=True), id="final-notice-large-print"
        ),
    ],
)
def test_pages__no_letter_on_another_and_none_off_the_paper(engine: PlainEngine, make: Callable[[], Content]) -> None:
    document = pdfium.PdfDocument(engine.render(make()).pdf)
    letters = 0
    try:
        for page in document:
            boxes = list(letter_boxes(page.get_textpage()))
            letters += len(boxes)
            assert not [box for box in boxes if off_paper(box)]
            assert not list(overlapping(boxes)), f"page {page}"
    finally:
        document.close()
    assert letters > 500


Letter = tuple[int, str, Box]
"""Its number in the page's text, itself, and where it stands in points."""


def letter_boxes(text: pdfium.PdfTextPage) -> Iterator[Letter]:
    for index in range(text.count_chars()):
        character = text.get_text_range(index, 1)
        if character.strip():
            yield index, character, text.get_charbox(index)


def off_paper(letter: Letter) -> bool:
    """Closer than a sixth of an inch to the edge, where printers cannot print."""
    left, bottom, right, top = letter[2]
    return left < 12 or bottom < 12 or right > 612 - 12 or top > 792 - 12


def overlapping(letters: list[Letter]) -> Iterator[tuple[str, str]]:
    """Pairs that share more than a third of the smaller one's area. Neighbours may: that is how ligatures are told."""
    ordered = sorted(letters, key=lambda letter: letter[2][0])
    for place, (index, one, box) in enumerate(ordered):
        for other_index, other, other_box in ordered[place + 1 :]:
            if other_box[0] >= box[2]:
                break
            height = min(box[3], other_box[3]) - max(box[1], other_box[1])
            shared = (min(box[2], other_box[2]) - other_box[0]) * height
            if height > 0 and shared > min(area(box), area(other_box)) / 3 and abs(index - other_index) > 1:
                yield one, other


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
