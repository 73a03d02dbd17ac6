"""The address sheet: where the window is, there is the new address, and nothing that others should not read."""

from __future__ import annotations

import pypdfium2 as pdfium
import pytest

from mail_house.profiles import Rect, load_profile
from statement_builder.documents import Recipient
from statement_builder.rendering import DocumentError
from statement_builder.rendering.cover_sheet import render_carrier
from tests.builders import make_facility
from tests.contents import TEMPLATES
from tests.pdf_text import page_texts

DOCUMENT = "3f1c9a52-6a0e-5d2b-9a41-1f0b7c5d8e90"
NEW = Recipient(name="Maria Nunez", lines=("99 New Street Apt 4", "Boston MA 02110"))


def carrier(recipient: Recipient = NEW) -> bytes:
    rendered = render_carrier(DOCUMENT, recipient, facility=make_facility(), language="en", templates=TEMPLATES)
    return rendered.pdf


def is_in(pdf: bytes, text: str, window: Rect) -> bool:
    """Whether every letter of the text, where it first stands on the page, is within the window."""
    document = pdfium.PdfDocument(pdf)
    try:
        page = document[0]
        texts = page.get_textpage()
        found = texts.search(text).get_next()
        assert found is not None, text
        boxes = [texts.get_charbox(index) for index in range(found[0], found[0] + found[1])]
        left, right = window.left_in * 72, (window.left_in + window.width_in) * 72
        top = page.get_height() - window.top_in * 72
        bottom = top - window.height_in * 72
        return all(left <= box[0] and box[2] <= right and bottom <= box[1] and box[3] <= top for box in boxes)
    finally:
        document.close()


def test_carrier__new_address_in_the_window_and_the_hospitals_above_it() -> None:
    profile = load_profile("number-10-double-window")
    pdf = carrier()
    for text in (NEW.name, *NEW.lines):
        assert is_in(pdf, text, profile.recipient_window), text
    assert is_in(pdf, make_facility().name, profile.return_window)


def test_carrier__one_page_with_nothing_but_the_two_addresses_and_the_documents_number() -> None:
    (text,) = page_texts(carrier())
    left = text
    facility = make_facility()
    for known in (
        NEW.name,
        *NEW.lines,
        facility.name,
        "400 River Road",
        "Springfield, MA 01105",
        f"Document {DOCUMENT}",
    ):
        assert known in left, known
        left = left.replace(known, "", 1)
    assert left.strip() == ""


def test_carrier__same_recipient_same_bytes() -> None:
    assert carrier() == carrier()
    assert carrier() != carrier(Recipient(name=NEW.name, lines=("99 New Street Apt 5", "Boston MA 02110")))


def test_carrier__longest_address_stays_in_the_window() -> None:
    lines = (
        "c/o Harbor Light Community Residence",
        "1200 Massachusetts Avenue Northwest",
        "Suite 400",
        "Boston MA 02110",
    )
    pdf = carrier(Recipient(name="Maximiliana Featherstonehaugh-Cholmondeley", lines=lines))
    window = load_profile("number-10-double-window").recipient_window
    assert all(is_in(pdf, line, window) for line in lines)


def test_carrier__letter_that_no_font_has_is_an_error_and_no_blank() -> None:
    with pytest.raises(DocumentError):
        carrier(Recipient(name="\U00012000 Nunez", lines=NEW.lines))
