"""WeasyPrint's private parts that the compiled engine relies on: these tests fail if a new version changes them."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import pydyf
import pytest
import weasyprint
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.pdf import tags
from weasyprint.pdf.fonts import Font
from weasyprint.pdf.stream import Stream

from statement_builder.rendering import PlainEngine
from statement_builder.rendering.compiled import weasyprint_adapter
from statement_builder.rendering.templating import render_markup
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_statement


def test_version__is_the_pinned_version() -> None:
    assert version("weasyprint") == weasyprint_adapter.PINNED_VERSION


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        pytest.param(draw.draw_text, "stream textbox offset_x text_overflow block_ellipsis", id="draw_text"),
        pytest.param(Stream.set_font_size, "self font size", id="set_font_size"),
        pytest.param(Stream.add_font, "self pango_font", id="add_font"),
        pytest.param(Font.clean, "self to_unicode hinting", id="clean"),
        pytest.param(weasyprint.Document.write_pdf, "self target zoom finisher options", id="write_pdf"),
        pytest.param(draw.set_mask_border, "stream box", id="set_mask_border"),
        pytest.param(draw.draw_border, "stream box", id="draw_border"),
        pytest.param(draw.draw_table, "stream table", id="draw_table"),
        pytest.param(draw.draw_line, "stream x1 y1 x2 y2 thickness style color offset", id="draw_line"),
        pytest.param(
            draw.draw_inline_level, "stream page box offset_x text_overflow block_ellipsis", id="draw_inline_level"
        ),
        pytest.param(draw.draw_replacedbox, "stream box", id="draw_replacedbox"),
        pytest.param(draw.draw_stacking_context, "stream stacking_context", id="draw_stacking_context"),
        pytest.param(tags._build_box_tree, "box parent pdf page_number nums annotations tags", id="build_box_tree"),
        pytest.param(pydyf._to_bytes, "item", id="to_bytes"),
    ],
)
def test_functions__replaced_functions_have_the_same_parameters(function: Any, parameters: str) -> None:
    assert list(inspect.signature(function).parameters) == parameters.split()


def test_drawing__every_text_is_recorded_once(engine: PlainEngine) -> None:
    drawing, _ = engine.draw(render_markup(TEMPLATES, make_statement()))
    blocks, problem = weasyprint_adapter.find_blocks(drawing)
    texts = [text for block in blocks for line in block.lines for text in line if text.text.strip()]
    drawn_texts = [drawing.texts[id(text.box)] for text in texts]
    assert problem == ""
    assert len(texts) > 100
    assert not [drawn_text.problem for drawn_text in drawn_texts if drawn_text.problem]
    assert len({(id(drawn_text.stream), drawn_text.matrix) for drawn_text in drawn_texts}) == len(drawn_texts)
    assert all(drawn_text.stream.stream[drawn_text.matrix].endswith(b" Tm") for drawn_text in drawn_texts)
    assert all(drawn_text.stream.stream[drawn_text.shown].endswith(b" TJ") for drawn_text in drawn_texts)


def test_drawing__restores_weasyprint(engine: PlainEngine) -> None:
    def replaced() -> list[Any]:
        own = [vars(draw), vars(Stream), vars(Font), {"t": tags._build_box_tree, "b": pydyf._to_bytes}]
        return [dict(each) for each in own]

    before = replaced()
    engine.draw(render_markup(TEMPLATES, make_statement()))
    assert replaced() == before


def test_boxes__have_the_expected_attributes(engine: PlainEngine) -> None:
    drawing, _ = engine.draw(render_markup(TEMPLATES, make_statement()))
    page = drawing.page_boxes[0]
    assert isinstance(page, boxes.PageBox)
    assert [stream.number for stream in drawing.page_streams] == [drawing.pdf.objects.index(drawing.page_streams[0])]
    streams, others = weasyprint_adapter.static_objects(drawing)
    assert not {number for number, _ in streams} & {number for number, _ in others}
    assert b"/Catalog" in dict(others)[drawing.pdf.catalog.number]


def test_link_annotations__belong_to_their_element(engine: PlainEngine) -> None:
    content = make_statement(facility=make_facility(payment_url="https://pay.example/(d)/{document}"))
    drawing, root = engine.draw(render_markup(TEMPLATES, content))
    ((element, number, data),) = drawing.link_annotations()
    assert element is root.find(".//a")
    assert data.count(weasyprint_adapter.link_string(content.payment_url)) == 2
    _, others = weasyprint_adapter.static_objects(drawing, {number})
    assert data not in dict(others).values()
    assert data in dict(weasyprint_adapter.static_objects(drawing)[1]).values()


def test_describe_document__matches_weasyprint() -> None:
    info, packet = weasyprint_adapter.describe_document("Hospital statement", "2026-11-20", "2026-11-20")
    assert b"/Title (Hospital statement)" in info
    assert b"/CreationDate (D:20261120)" in info
    assert b"/Subtype /XML" in packet
