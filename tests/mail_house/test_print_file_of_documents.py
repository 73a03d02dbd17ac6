"""A print file of our own documents looks and reads like the archived documents and has each font once."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Sequence
from random import Random

import msgspec
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import ImageChops

from mail_house.models import Piece
from mail_house.print_files import EnvelopeClass, build_print_file, envelope_class
from mail_house.profiles import Profile, load_profile
from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, PlainEngine
from tests.contents import TEMPLATES, make_letter, make_statement
from tests.mail_house.pieces import CREATED_ON, draw_pdf, make_piece
from tests.rendering.random_contents import KINDS, make_random

UNMARKED = msgspec.structs.replace(load_profile(), imb=None, sheet_mark=None)
MARKED = load_profile()
NAMES = ("Maria", "Siobhán", "Nguyễn Thị", "Łukasz", "Ann [1] {2}", "Zoë", "Ann")
"""Names that need each of the font subsets, small after large and large after small."""


@pytest.fixture(scope="module")
def compiled() -> CompiledEngine:
    return CompiledEngine(TEMPLATES)


def _pieces(pdfs: Sequence[bytes]) -> list[Piece]:
    found = []
    for number, pdf in enumerate(pdfs, start=1):
        with pdfium.PdfDocument(pdf) as document:
            piece = make_piece(number, pages=len(document), pdf=pdf)
        found.append(msgspec.structs.replace(piece, sha256=hashlib.sha256(pdf).hexdigest()))
    return found


def _build(pdfs: Sequence[bytes], profile: Profile = UNMARKED) -> bytes:
    return build_print_file(name="X", pieces=_pieces(pdfs), profile=profile, created_on=CREATED_ON).pdf


def _require_same_pages(printed: bytes, pdfs: Sequence[bytes]) -> None:
    """Require every page of every piece in order, a blank back after an odd number of pages, and nothing else."""
    with pdfium.PdfDocument(printed) as whole:
        index = 0
        for pdf in pdfs:
            with pdfium.PdfDocument(pdf) as document:
                for page in document:
                    other = whole[index]
                    assert other.get_textpage().get_text_range() == page.get_textpage().get_text_range()
                    pictures = [each.render(scale=150 / 72).to_pil() for each in (page, other)]
                    assert ImageChops.difference(*pictures).getbbox() is None, index
                    index += 1
            if index % 2:
                assert whole[index].get_textpage().get_text_range() == ""
                index += 1
        assert len(whole) == index


def _programs(pdf: bytes) -> list[str]:
    """Return the family of each embedded font program, without duplicates."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        found = {
            font.DescendantFonts[0].FontDescriptor.FontFile2.objgen: str(font.BaseFont).partition("+")[2]
            for page in file.pages
            for font in page.resources.get("/Font", {}).values()
        }
    return sorted(found.values())


def _syntax_faults(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return list(file.check_pdf_syntax())


def test_build_print_file__every_kind_and_size_looks_and_reads_like_the_archive(compiled: CompiledEngine) -> None:
    random = Random("print file")
    contents = [make_random(kind, random, large_print=large) for kind in KINDS for large in (False, True)]
    by_class = defaultdict[EnvelopeClass, list[bytes]](list)
    for rendered in map(compiled.render, contents):
        by_class[envelope_class(rendered.pages, UNMARKED)].append(rendered.pdf)
    for pdfs in by_class.values():
        printed = _build(pdfs)
        _require_same_pages(printed, pdfs)
        assert _syntax_faults(printed) == []
        assert _build(pdfs) == printed


@pytest.mark.parametrize("names", [NAMES, NAMES[::-1]], ids=["forward", "reversed"])
def test_build_print_file__each_font_once_for_any_subsets(compiled: CompiledEngine, names: Sequence[str]) -> None:
    pdfs = [compiled.render(make_statement(first_name=name)).pdf for name in names]
    pdfs += [compiled.render(make_letter(4, first_name=name)).pdf for name in names]
    assert len({tuple(_programs(pdf)) for pdf in pdfs}) == 1
    printed = _build(pdfs)
    assert len(_programs(printed)) == len(_programs(pdfs[0])) == 3
    _require_same_pages(printed, pdfs)


def test_build_print_file__mixes_documents_of_different_producers(compiled: CompiledEngine) -> None:
    content: Content = make_statement(first_name="Nguyễn Thị")
    drawn = PlainEngine(TEMPLATES).render(content).pdf
    resaved = io.BytesIO()
    with pikepdf.open(io.BytesIO(compiled.render(make_letter(4)).pdf)) as file:
        file.save(resaved, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    pdfs = [compiled.render(make_statement()).pdf, drawn, resaved.getvalue(), draw_pdf(["A", "B"]), drawn]
    printed = _build(pdfs)
    _require_same_pages(printed, pdfs)
    assert _syntax_faults(printed) == []
    assert _build(pdfs) == printed


def test_build_print_file__marks_do_not_change_the_text(compiled: CompiledEngine) -> None:
    pdfs = [compiled.render(content).pdf for content in (make_statement(), make_letter(4))]
    marked = _build(pdfs, MARKED)
    with pdfium.PdfDocument(marked) as one, pdfium.PdfDocument(_build(pdfs)) as other:
        for page, twin in zip(one, other, strict=True):
            assert page.get_textpage().get_text_range() == twin.get_textpage().get_text_range()
            pictures = [each.render(scale=150 / 72).to_pil() for each in (page, twin)]
            box = ImageChops.difference(*pictures).getbbox()
            # The sheet mark is left of all text; without a mailer id there is no barcode.
            assert box is None or box[2] <= 0.6 * 150
    assert _syntax_faults(marked) == []
