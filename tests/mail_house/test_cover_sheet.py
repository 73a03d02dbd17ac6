"""A piece for a new address: a cover sheet in front, then the archived pages unchanged."""

from __future__ import annotations

import io

import msgspec
import pikepdf
import pytest

from mail_house.errors import PreflightFailed
from mail_house.preflight import require_no_faults
from mail_house.print_files import build_print_file, prepend_cover_sheet
from mail_house.print_files.manifest import read_manifest
from mail_house.profiles import load_profile
from statement_builder.documents import Recipient
from statement_builder.rendering import PlainEngine
from statement_builder.rendering.cover_sheet import render_cover_sheet
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_statement
from tests.mail_house.pieces import CREATED_ON, draw_pdf, make_piece
from tests.pdf_text import page_texts

COVER_SHEET = draw_pdf(["New address"])
DOCUMENT = draw_pdf(["Old address, page one", "page two", "page three"])
NEW = Recipient(name="Maria Nunez", lines=("99 New Street", "Boston MA 02110"))


@pytest.mark.parametrize(
    ("duplex", "front"),
    [pytest.param(True, ["New address", ""], id="duplex"), pytest.param(False, ["New address"], id="simplex")],
)
def test_prepend_cover_sheet__own_sheet_followed_by_every_page(duplex: bool, front: list[str]) -> None:
    piece = prepend_cover_sheet(COVER_SHEET, DOCUMENT, duplex=duplex)
    assert page_texts(piece) == [*front, "Old address, page one", "page two", "page three"]
    assert piece == prepend_cover_sheet(COVER_SHEET, DOCUMENT, duplex=duplex)
    with pikepdf.open(io.BytesIO(piece)) as opened, pikepdf.open(io.BytesIO(DOCUMENT)) as document:
        following = opened.pages[len(front) :]
        assert [page.Contents.read_bytes() for page in following] == [
            page.Contents.read_bytes() for page in document.pages
        ]
        assert {tuple(float(each) for each in page.mediabox) for page in opened.pages} == {(0.0, 0.0, 612.0, 792.0)}


@pytest.mark.parametrize("pages", [0, 2])
def test_prepend_cover_sheet__refuses_more_or_less_than_one_page(pages: int) -> None:
    with pytest.raises(ValueError, match=f"a cover sheet must be one page, not {pages}"):
        prepend_cover_sheet(draw_pdf(["x"] * pages), DOCUMENT, duplex=True)


def test_print_file__piece_with_a_cover_sheet_passes_preflight_and_is_counted_with_it() -> None:
    """Preflight expects the new address in the window; the manifest counts the cover sheet's pages."""
    profile = load_profile("number-10-double-window")
    content = make_statement()
    archived = PlainEngine(TEMPLATES).render(content)
    cover_sheet = render_cover_sheet(
        content.document_id, NEW, facility=make_facility(), language="en", templates=TEMPLATES
    )
    moved = msgspec.structs.replace(
        make_piece(
            1, document_id=content.document_id, pdf=prepend_cover_sheet(cover_sheet.pdf, archived.pdf, duplex=True)
        ),
        pages=archived.pages + 2,
        cover_sheet_pages=2,
        recipient_lines=(NEW.name, *NEW.lines),
    )
    file = build_print_file(
        name="STMT_X_2026-11_20261120_b_001", pieces=[moved], profile=profile, created_on=CREATED_ON
    )
    (row,) = read_manifest(file.manifest)
    assert (row.pages, row.cover_sheet_pages, row.recipient_lines) == (archived.pages + 2, 2, (NEW.name, *NEW.lines))
    require_no_faults(file, profile, sample_every=1)
    wrong_address = msgspec.structs.replace(moved, recipient_lines=("Ben Nunez", "1 Other Street", "Boston MA 02110"))
    file = build_print_file(name="STMT_X", pieces=[wrong_address], profile=profile, created_on=CREATED_ON)
    with pytest.raises(PreflightFailed, match="window"):
        require_no_faults(file, profile, sample_every=1)
