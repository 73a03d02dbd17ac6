"""The comparison is fair: ReportLab's pages have the same text as ours."""

from __future__ import annotations

import io
from random import Random

import pikepdf
import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from statement_builder.documents import Content
from statement_builder.documents.facts import StatementFacts
from statement_builder.rendering import CompiledEngine
from tests.benchmarks.reportlab_page import render
from tests.benchmarks.reportlab_sheet import register_fonts
from tests.benchmarks.reportlab_statement import compare
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_plan_statement, make_statement
from tests.pdf_text import page_texts
from tests.rendering.random_contents import make_random

PAYABLE = make_facility(payment_url="https://pay.riverbend.example/d/{document}")
_RANDOM = Random("reportlab")


def make_drawable(kind: str) -> Content:
    """A random statement without amounts of seven digits: ReportLab's pages have no second form of the table."""
    while True:
        content = make_random(kind, _RANDOM, facility=PAYABLE)
        assert isinstance(content.facts, StatementFacts)
        if not content.facts.has_wide_amounts:
            return content


STATEMENTS = [
    pytest.param(make_statement(facility=PAYABLE), id="first"),
    pytest.param(make_statement(), id="without-a-code"),
    pytest.param(make_statement(level=1, facility=PAYABLE), id="reminder"),
    pytest.param(make_plan_statement(), id="plan"),
    *(pytest.param(make_drawable("statement"), id=f"random-{n}") for n in range(8)),
    *(pytest.param(make_drawable("reminder"), id=f"random-reminder-{n}") for n in range(4)),
]


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    register_fonts()
    return CompiledEngine(TEMPLATES)


def words(pdf: bytes) -> list[str]:
    """All characters of the pages, sorted, without spaces: independent of order and line breaks."""
    return sorted("".join(page_texts(pdf)).replace("\u00a0", "").replace(" ", ""))


@pytest.mark.parametrize("content", STATEMENTS)
def test_reportlab__has_the_same_text(engine: CompiledEngine, content: Content) -> None:
    ours, theirs = engine.render(content).pdf, render(content)
    assert len(page_texts(theirs)) == len(page_texts(ours))
    assert words(theirs) == words(ours)


def test_reportlab__has_fonts_code_and_link(engine: CompiledEngine) -> None:
    content = make_statement(facility=PAYABLE)
    pdf = render(content)
    with pikepdf.open(io.BytesIO(pdf)) as file:
        (page,) = file.pages
        assert [str(link.A.URI) for link in page.Annots] == [content.payment_url]
        fonts = [font.FontDescriptor for font in page.Resources.Font.values() if "/FontDescriptor" in font]
        assert len(fonts) >= 3
        assert all("/FontFile2" in font for font in fonts)
    with PdfDocument(pdf) as document:
        (code,) = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    assert code.text == content.payment_url


def test_compare__returns_figures_of_both() -> None:
    figures = compare(4)
    assert figures["documents"] == 4
    assert figures["ratio"] == figures["compiled_per_s"] / figures["reportlab_per_s"]
    assert min(figures["reportlab_bytes"], figures["compiled_bytes"]) > 10_000
