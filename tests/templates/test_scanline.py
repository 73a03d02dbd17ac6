"""The scan line is machine-readable: OCR-A, ten characters per inch, in the right half of the lowest inch, clear on all
sides."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image

from statement_builder.billing.scanline import Scanline
from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, DocumentError, ForeignIds, PlainEngine, verify
from tests.assistance_letters import make_partial
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_invoice, make_letter, make_ob_notice, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.plan_letters import make_agreement, make_missed
from tests.templates.test_overlaps import LONG_NAME

CLEAR_IN, DOTS = 0.25, 150
LONG = make_facility(scanline=Scanline(account_width=19))

EVERY_DOCUMENT = [
    pytest.param(make_statement, id="statement"),
    pytest.param(make_ob_notice, id="estimate"),
    pytest.param(make_invoice, id="itemized"),
    pytest.param(lambda: make_letter(4), id="final-notice"),
    pytest.param(make_agreement, id="plan-agreement"),
    pytest.param(make_missed, id="plan-missed"),
    pytest.param(make_partial, id="assistance-partial"),
    pytest.param(lambda: make_statement(large_print=True), id="statement-large-print"),
    pytest.param(lambda: make_ob_notice(large_print=True), id="estimate-large-print"),
    pytest.param(lambda: make_letter(4, large_print=True), id="final-notice-large-print"),
    pytest.param(lambda: make_statement(facility=LONG, large_print=True), id="longest-line-large-print"),
    pytest.param(lambda: make_letter(4, **LONG_NAME), id="long-name"),
    pytest.param(lambda: make_statement(**LONG_NAME, large_print=True), id="long-name-large-print"),
    pytest.param(lambda: make_ob_notice(**LONG_NAME, large_print=True), id="long-name-estimate-large-print"),
    pytest.param(
        lambda: make_statement(facility=make_facility(scanline=LONG.scanline, remit_name="Riverbend " * 8)),
        id="longest-line-beside-long-address",
    ),
]


@pytest.mark.parametrize("make", EVERY_DOCUMENT)
def test_every_document__scan_line_is_in_the_read_area(engine: PlainEngine, make: Callable[[], Content]) -> None:
    content = make()
    with pdfium.PdfDocument(engine.render(content).pdf) as document:
        page = document[0]
        boxes = _boxes(page, content.scanline)
        ink = page.render(scale=DOTS / 72).to_pil().convert("L").point(lambda gray: 255 if gray < 200 else 0)
    left, right = boxes[0][0] / 72, boxes[-1][2] / 72
    bottom, top = min(box[1] for box in boxes) / 72, max(box[3] for box in boxes) / 72
    assert left >= 4.25
    assert CLEAR_IN <= bottom <= top <= 1.0
    assert right <= 8.5 - CLEAR_IN
    middles = [(box[0] + box[2]) / 2 for box in boxes if box]
    assert middles[-1] - middles[0] == pytest.approx(7.2 * (len(boxes) - 1), abs=1.0), "ten characters per inch"
    clear_zone = (left - CLEAR_IN, 11 - top - CLEAR_IN, right + CLEAR_IN, 11 - bottom + CLEAR_IN)
    line_box = (left - 0.02, 11 - top - 0.02, right + 0.02, 11 - bottom + 0.02)
    ink.paste(0, _dots(line_box))
    assert ink.crop(_dots(clear_zone)).getbbox() is None, "something is in the clear zone"


def _dots(sides: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(side * DOTS) for side in sides)


def _boxes(page: pdfium.PdfPage, line: str) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right, top of every character of a line, in points."""
    text = page.get_textpage()
    start = text.get_text_range().index(line)
    found = text.search(line).get_next()
    assert found is not None
    assert found[1] == len(line)
    assert start >= 0
    return [text.get_charbox(found[0] + position) for position in range(len(line))]


def test_scan_line__is_set_in_ocr_a(engine: PlainEngine) -> None:
    with pikepdf.open(io.BytesIO(engine.render(make_statement()).pdf)) as pdf:
        names = {str(font.BaseFont) for font in pdf.pages[0].resources.Font.as_dict().values()}
    assert [name for name in names if "Scanner" in name]


def test_scan_line__omitted_for_an_unsupported_account_number(engine: PlainEngine) -> None:
    content = make_statement(guarantor_id="G-1001")
    rendered = engine.render(content)
    verify(rendered.pdf, content, windows=DOUBLE_WINDOW_10, foreign=ForeignIds(accounts_by_guarantor={}))
    with pikepdf.open(io.BytesIO(rendered.pdf)) as pdf:
        names = {str(font.BaseFont) for font in pdf.pages[0].resources.Font.as_dict().values()}
    assert not [name for name in names if "Scanner" in name]


def test_verify__scan_line_differs_from_the_record(engine: PlainEngine) -> None:
    content, nobody = make_statement(), ForeignIds(accounts_by_guarantor={})
    other = engine.render(make_statement(facility=make_facility(scanline=Scanline(account_width=12)))).pdf
    with pytest.raises(DocumentError) as caught:
        verify(other, content, windows=DOUBLE_WINDOW_10, foreign=nobody)
    assert caught.value.code == "SCANLINE"


@pytest.mark.parametrize("guarantor_id", ["71001", "G1001", "M1001Z", "ABC0000DEFGHZ"])
def test_scan_line__is_filled_like_other_text(engine: PlainEngine, guarantor_id: str) -> None:
    compiled = CompiledEngine(TEMPLATES)
    for content in (make_statement(), make_statement(guarantor_id=guarantor_id)):
        pictures: list[Image.Image] = []
        for pdf in (compiled.render(content).pdf, engine.render(content).pdf):
            with pdfium.PdfDocument(pdf) as document:
                page = document[0]
                assert content.scanline in page.get_textpage().get_text_range()
                pictures.append(page.render(scale=2, crop=(300, 30, 30, 690)).to_pil().convert("1"))
        assert pictures[0].tobytes() == pictures[1].tobytes()
    assert (compiled.filled, compiled.compiled) == (2, 1)
