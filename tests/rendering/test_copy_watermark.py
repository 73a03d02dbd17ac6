"""A copy is exactly the original with a watermark on every page."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest

from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, DocumentError, PlainEngine, make_copy
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.pdf_text import page_texts

COPY_ID = "ffb3c6f1-0f3c-5d0e-9a43-0d3c6f1b7a10"
WATERMARK = "COPY We sent you this before. It is not a new bill. Document {id} · Page {page} of {pages}"

DOCUMENTS = [
    pytest.param(make_statement, id="statement"),
    pytest.param(make_ob_notice, id="estimate"),
    pytest.param(lambda: make_letter(4), id="final-notice"),
    pytest.param(lambda: make_statement(large_print=True), id="statement-large-print"),
    pytest.param(lambda: make_letter(4, large_print=True), id="final-notice-large-print"),
]


def copy_of(pdf: bytes) -> bytes:
    return make_copy(pdf, document_id=COPY_ID, language="en", templates=TEMPLATES).pdf


@pytest.mark.parametrize("make", DOCUMENTS)
def test_copy__every_page_has_a_watermark(compiled: CompiledEngine, make: Callable[[], Content]) -> None:
    original = compiled.render(make())
    copy = make_copy(original.pdf, document_id=COPY_ID, language="en", templates=TEMPLATES)
    assert copy.pages == original.pages
    pages, before = page_texts(copy.pdf), page_texts(original.pdf)
    assert len(pages) == copy.pages
    for number, (page, original_page) in enumerate(zip(pages, before, strict=True), start=1):
        assert page == f"{original_page} {WATERMARK.format(id=COPY_ID, page=number, pages=copy.pages)}"


def test_copy__same_bytes_every_time(engine: PlainEngine) -> None:
    original = engine.render(make_statement()).pdf
    assert copy_of(original) == copy_of(original)


def test_copy__watermark_is_read_first_and_only_once(engine: PlainEngine) -> None:
    with pikepdf.open(io.BytesIO(copy_of(engine.render(make_statement(large_print=True)).pdf))) as pdf:
        assert len(pdf.pages) > 1
        root = pdf.Root.StructTreeRoot
        body = root.K[0] if isinstance(root.K, pikepdf.Array) else root.K
        first = body.K[0]
        assert str(first.ActualText).startswith("COPY")
        assert first.Pg.objgen == pdf.pages[0].obj.objgen
        parents = {
            int(root.ParentTree.Nums[n]): root.ParentTree.Nums[n + 1] for n in range(0, len(root.ParentTree.Nums), 2)
        }
        assert parents[int(pdf.pages[0].obj.StructParents)][int(first.K)].objgen == first.objgen
        for page in list(pdf.pages)[1:]:
            assert page.Contents.read_bytes().count(b"/Artifact <</Type /Pagination>> BDC") == 1


def test_copy__page_with_something_in_the_watermark_area(engine: PlainEngine) -> None:
    with pikepdf.open(io.BytesIO(engine.render(make_statement()).pdf)) as pdf:
        page = pdf.pages[0]
        page.contents_coalesce()
        page.Contents = pdf.make_stream(b"q\n" + page.Contents.read_bytes() + b"\nQ\n500 770 20 10 re f\n")
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(DocumentError, match="page 1 has something in the watermark's area"):
        copy_of(out.getvalue())


@pytest.mark.parametrize(
    ("operators", "problem"),
    [
        pytest.param("1 0 0 1 0 -40 cm", "outside its area", id="watermark-moved"),
        pytest.param("1 1 1 rg 0 0 300 300 re f", "does not look like the original", id="content-covered"),
    ],
)
def test_copy__difference_other_than_the_watermark(
    engine: PlainEngine, monkeypatch: pytest.MonkeyPatch, operators: str, problem: str
) -> None:
    from statement_builder.rendering import copy_watermark

    draw = copy_watermark._draw_watermarks

    def draw_wrongly(*arguments: object) -> bytes:
        with pikepdf.open(io.BytesIO(draw(*arguments))) as pdf:  # type: ignore[arg-type]
            page = pdf.pages[0]
            page.contents_coalesce()
            page.Contents = pdf.make_stream(b"%b\n%b" % (operators.encode(), page.Contents.read_bytes()))
            out = io.BytesIO()
            pdf.save(out)
        return out.getvalue()

    original = engine.render(make_statement()).pdf
    monkeypatch.setattr(copy_watermark, "_draw_watermarks", draw_wrongly)
    with pytest.raises(DocumentError, match=problem):
        copy_of(original)
