"""The cover sheet shows the new address in the window, and nothing confidential."""

from __future__ import annotations

import pypdfium2 as pdfium
import pytest

from mail_house.profiles import load_profile
from pdf_kit.geometry import Rect
from statement_builder.documents import Recipient
from statement_builder.rendering import DocumentError
from statement_builder.rendering.cover_sheet import render_cover_sheet
from tests.builders import make_facility
from tests.contents import TEMPLATES
from tests.pdf_text import page_texts

DOCUMENT = "3f1c9a52-6a0e-5d2b-9a41-1f0b7c5d8e90"
NEW = Recipient(name="Maria Nunez", lines=("99 New Street Apt 4", "Boston MA 02110"))


def cover_sheet(recipient: Recipient = NEW) -> bytes:
    rendered = render_cover_sheet(DOCUMENT, recipient, facility=make_facility(), language="en", templates=TEMPLATES)
    return rendered.pdf


def is_in(pdf: bytes, text: str, window: Rect) -> bool:
    """Whether every letter of the text's first occurrence is within the window."""
    document = pdfium.PdfDocument(pdf)
    try:
        page = document[0]
        texts = page.get_textpage()
        found = texts.search(text).get_next()
        assert found is not None, text
        boxes = [texts.get_charbox(index) for index in range(found[0], found[0] + found[1])]
        left, right = window.left * 72, (window.left + window.width) * 72
        top = page.get_height() - window.top * 72
        bottom = top - window.height * 72
        return all(left <= box[0] and box[2] <= right and bottom <= box[1] and box[3] <= top for box in boxes)
    finally:
        document.close()


def test_cover_sheet__new_address_in_the_window_and_return_address_above() -> None:
    profile = load_profile("number-10-double-window")
    pdf = cover_sheet()
    for text in (NEW.name, *NEW.lines):
        assert is_in(pdf, text, profile.recipient_window), text
    assert is_in(pdf, make_facility().name, profile.return_window)


def test_cover_sheet__one_page_with_only_the_addresses_and_the_document_id() -> None:
    (text,) = page_texts(cover_sheet())
    rest = text
    facility = make_facility()
    for expected in (
        NEW.name,
        *NEW.lines,
        facility.name,
        "400 River Road",
        "Springfield, MA 01105",
        f"Document {DOCUMENT}",
    ):
        assert expected in rest, expected
        rest = rest.replace(expected, "", 1)
    assert rest.strip() == ""


def test_cover_sheet__same_recipient_same_bytes() -> None:
    assert cover_sheet() == cover_sheet()
    assert cover_sheet() != cover_sheet(Recipient(name=NEW.name, lines=("99 New Street Apt 5", "Boston MA 02110")))


def test_cover_sheet__longest_address_fits_the_window() -> None:
    lines = (
        "c/o Harbor Light Community Residence",
        "1200 Massachusetts Avenue Northwest",
        "Suite 400",
        "Boston MA 02110",
    )
    pdf = cover_sheet(Recipient(name="Maximiliana Featherstonehaugh-Cholmondeley", lines=lines))
    window = load_profile("number-10-double-window").recipient_window
    assert all(is_in(pdf, line, window) for line in lines)


def test_cover_sheet__character_without_a_glyph_is_an_error() -> None:
    with pytest.raises(DocumentError):
        cover_sheet(Recipient(name="\U00012000 Nunez", lines=NEW.lines))
