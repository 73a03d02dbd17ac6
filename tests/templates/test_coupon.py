"""The coupon has all that a payer and a cashier need, above the scan line and beside the return envelope's window."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pypdfium2 as pdfium
import pytest

from pdf_kit.pdfium_reader import read_runs
from statement_builder.documents import Content
from statement_builder.rendering import PlainEngine
from tests.builders import make_facility
from tests.contents import make_invoice, make_letter, make_ob_notice, make_statement

PERFORATION_IN, SCANLINE_CLEAR_IN = 7.5, 9.92
RETURN_WINDOW_TOP_IN = 11 - 1.625
"""The window of a #9 return envelope, with the coupon in it."""
CODE = make_facility(payment_url="https://pay.riverbend.example/{document}")

KINDS = [
    pytest.param(make_statement, id="statement"),
    pytest.param(lambda **person: make_statement(facility=CODE, **person), id="statement-with-code"),
    pytest.param(lambda **person: make_letter(4, **person), id="final-notice"),
    pytest.param(make_invoice, id="itemized"),
    pytest.param(make_ob_notice, id="estimate"),
]


class Text(NamedTuple):
    """A text of the coupon: baseline and left edge in inches, size in points."""

    text: str
    left: float
    baseline: float
    size: float


def read_coupon(pdf: bytes) -> list[Text]:
    with pdfium.PdfDocument(pdf) as document:
        page = document[0]
        runs = read_runs(page, page.get_textpage())
    return [
        Text(run.text.replace("\u00a0", " "), run.start, run.line.baseline, run.line.size * 72)
        for run in runs
        if run.line.baseline > PERFORATION_IN
    ]


@pytest.mark.parametrize("make", KINDS)
def test_coupon__has_lines_for_a_new_address_and_insurance(engine: PlainEngine, make: Callable[..., Content]) -> None:
    coupon = {each.text: each for each in read_coupon(engine.render(make()).pdf)}
    address = coupon["New address? Write it here:"]
    plan, member = coupon["New insurance? Plan name:"], coupon["Member number:"]
    assert address.baseline < RETURN_WINDOW_TOP_IN - 0.25, "and a second line to write on"
    assert address.left < plan.left == member.left
    assert plan.baseline + 0.2 < member.baseline < SCANLINE_CLEAR_IN


@pytest.mark.parametrize("make", KINDS)
def test_coupon__large_print_says_what_standard_print_says(engine: PlainEngine, make: Callable[..., Content]) -> None:
    rendered = engine.render(make(large_print=True))
    coupon = read_coupon(rendered.pdf)
    whole = " ".join(each.text for each in coupon)
    assert "write your billing number, G1001, on the check" in whole
    assert "New address or new insurance? Call (413) 555-0142." in whole
    for text in ("Maria Lopez", "Billing number", "Amount enclosed", "G1001"):
        assert [each.size for each in coupon if each.text == text] == [pytest.approx(18, abs=0.1)], text
    with pdfium.PdfDocument(rendered.pdf) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    assert not any("Member number" in text for text in texts), "lines to write on would need a page of their own"


def test_coupon__long_name_is_smaller_and_complete(engine: PlainEngine) -> None:
    first, last = "Maximiliana Alexandrina Bartholomea", "Wolfeschlegelsteinhausenberger-Dorff the Younger"
    for large_print in (False, True):
        coupon = read_coupon(
            engine.render(make_statement(first_name=first, last_name=last, large_print=large_print)).pdf
        )
        whole = "".join(each.text for each in coupon).replace(" ", "")
        assert f"{first}{last}".replace(" ", "") in whole.replace("\ufffe", "-").replace("\x02", "-")
        enclosed = next(each for each in coupon if each.text == "Amount enclosed")
        assert enclosed.baseline < SCANLINE_CLEAR_IN
