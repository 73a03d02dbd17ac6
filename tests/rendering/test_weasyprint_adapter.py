"""The private parts of WeasyPrint that compiling rests on: these fail on the day that they change."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import pytest
import weasyprint
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.pdf.fonts import Font
from weasyprint.pdf.stream import Stream

from statement_builder.rendering import PlainEngine
from statement_builder.rendering.compiled import weasyprint_adapter
from statement_builder.rendering.templating import render_markup
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_statement


def test_version__is_the_one_that_this_was_read_from() -> None:
    assert version("weasyprint") == weasyprint_adapter.PINNED_VERSION


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        pytest.param(draw.draw_text, "stream textbox offset_x text_overflow block_ellipsis", id="draw_text"),
        pytest.param(Stream.set_font_size, "self font size", id="set_font_size"),
        pytest.param(Stream.add_font, "self pango_font", id="add_font"),
        pytest.param(Font.clean, "self to_unicode hinting", id="clean"),
        pytest.param(weasyprint.Document.write_pdf, "self target zoom finisher options", id="write_pdf"),
    ],
)
def test_functions__that_are_listened_to_take_what_they_took(function: Any, parameters: str) -> None:
    assert list(inspect.signature(function).parameters) == parameters.split()


def test_drawing__every_text_is_noted_once_and_found_in_its_stream(engine: PlainEngine) -> None:
    drawing, _ = engine.draw(render_markup(TEMPLATES, make_statement()))
    blocks, trouble = weasyprint_adapter.find_blocks(drawing)
    texts = [text for block in blocks for line in block.lines for text in line if text.text.strip()]
    notes = [drawing.texts[id(text.box)] for text in texts]
    assert trouble == ""
    assert len(texts) > 100
    assert not [note.trouble for note in notes if note.trouble]
    assert len({(id(note.stream), note.matrix) for note in notes}) == len(notes)
    assert all(note.stream.stream[note.matrix].endswith(b" Tm") for note in notes)
    assert all(note.stream.stream[note.shown].endswith(b" TJ") for note in notes)


def test_drawing__leaves_weasyprint_as_it_was(engine: PlainEngine) -> None:
    before = draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean
    engine.draw(render_markup(TEMPLATES, make_statement()))
    assert (draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean) == before


def test_boxes__have_what_is_read_from_them(engine: PlainEngine) -> None:
    drawing, _ = engine.draw(render_markup(TEMPLATES, make_statement()))
    page = drawing.page_boxes[0]
    assert isinstance(page, boxes.PageBox)
    assert [stream.number for stream in drawing.page_streams] == [drawing.pdf.objects.index(drawing.page_streams[0])]
    streams, others = weasyprint_adapter.static_objects(drawing)
    assert not {number for number, _ in streams} & {number for number, _ in others}
    assert b"/Catalog" in dict(others)[drawing.pdf.catalog.number]


def test_link_annotations__have_the_element_they_are_of(engine: PlainEngine) -> None:
    content = make_statement(facility=make_facility(payment_url="https://pay.example/(d)/{document}"))
    drawing, root = engine.draw(render_markup(TEMPLATES, content))
    ((element, number, data),) = drawing.link_annotations()
    assert element is root.find(".//a")
    assert data.count(weasyprint_adapter.link_string(content.payment_url)) == 2
    _, others = weasyprint_adapter.static_objects(drawing, {number})
    assert data not in dict(others).values()
    assert data in dict(weasyprint_adapter.static_objects(drawing)[1]).values()


def test_describe_document__says_what_weasyprint_says() -> None:
    info, packet = weasyprint_adapter.describe_document("Hospital statement", "2026-11-20", "2026-11-20")
    assert b"/Title (Hospital statement)" in info
    assert b"/CreationDate (D:20261120)" in info
    assert b"/Subtype /XML" in packet
