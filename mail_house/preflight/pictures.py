"""What is looked at on a sample: text and pictures of the pages as PDFium draws them, barcodes as zxing reads them.

Each fault here would be one of every piece (a wrong place, a wrong scale, something drawn over a barcode), which is why
a sample finds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pypdfium2 as pdfium
import zxingcpp
from PIL import Image

from mail_house.barcodes import SheetMark, read_sheet_mark
from mail_house.preflight.imb_reader import read_bars
from mail_house.preflight.fault import Fault
from mail_house.print_files.manifest import ManifestRow
from mail_house.profiles import POINTS, Profile, Rect

_COARSE, _FINE = 72, 300
"""Dots an inch: to see whether there is anything, and to read bars of 1/60 inch."""
_MATRIX = 150
_INK = 200
"""Grey levels below this are ink; smoothed edges of white are not."""
_NUMBER = re.compile(r"[0-9]+")
_DATA_MATRIX = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)


def find_visible_faults(document: pdfium.PdfDocument, piece: ManifestRow, profile: Profile) -> Iterator[Fault]:
    """Faults of one piece."""
    for number in range(1, piece.pages + 1):
        page = document[piece.first_page - 2 + number]
        try:
            for what in _faults_of_page(page, piece, number, profile):
                yield Fault(message=what, document_id=piece.document_id, page=number)
        finally:
            page.close()


def _faults_of_page(page: pdfium.PdfPage, piece: ManifestRow, number: int, profile: Profile) -> Iterator[str]:
    text = page.get_textpage()
    said = text.get_text_range()
    whole = _squeezed(said)
    after = whole.partition(piece.document_id)[2]
    own = [number - piece.cover_sheet_pages, piece.pages - piece.cover_sheet_pages]
    is_carrier = number <= piece.cover_sheet_pages
    if not is_carrier and [int(digits) for digits in _NUMBER.findall(after)[:2]] != own:
        yield "it does not read as this page of this document"
    if number == 1:
        yield from _faults_of_windows(page, text, piece, profile)
    if own[0] == 1 and piece.scanline and piece.scanline not in said.split():
        yield "the coupon's scan line is not the manifest's"
    if not profile.duplex or number % 2:
        yield from _faults_of_sheet(page, piece, number, profile)


def _faults_of_windows(
    page: pdfium.PdfPage, text: pdfium.PdfTextPage, piece: ManifestRow, profile: Profile
) -> Iterator[str]:
    window = _inset(profile.recipient_window, profile.clear_in)
    shown = _squeezed(_text_within(text, window))
    if shown != _squeezed("".join(piece.recipient_lines)):
        yield "its window does not show the address of its manifest, or not only that"
    allowed = [_inset(profile.return_window, profile.clear_in), window]
    if piece.barcode_bars and profile.imb is not None:
        allowed.append(profile.imb.zone)
        if read_bars(_picture(page, profile.imb.zone, _FINE)) != piece.barcode_bars:
            yield "its Intelligent Mail barcode cannot be read, or is another's"
    if any(
        _has_ink(page, _reach(each, profile), allowed) for each in (profile.return_window, profile.recipient_window)
    ):
        yield "something beside its addresses can come to lie behind a window of the envelope"
    if any(_has_ink(page, zone, []) for zone in profile.clear_zones):
        yield "something is printed where the vendor prints"


def _faults_of_sheet(page: pdfium.PdfPage, piece: ManifestRow, number: int, profile: Profile) -> Iterator[str]:
    place = profile.sheet_mark
    if _has_ink(page, profile.vendor_zone, [place.zone] if place else []):
        yield "something is printed in the vendor's zone"
    if place is None:
        return
    sheet = (number + 1) // 2 if profile.duplex else number
    expected = SheetMark(sequence=piece.sequence, sheet=sheet, sheets=piece.sheets)
    if _read_mark(_picture(page, place.zone, _MATRIX)) != expected:
        yield "its sheet's mark cannot be read, or is another's"


def _read_mark(picture: Image.Image) -> SheetMark | None:
    found = zxingcpp.read_barcodes(picture, formats=_DATA_MATRIX)
    try:
        return read_sheet_mark(found[0].text) if len(found) == 1 else None
    except ValueError:
        return None


def _reach(window: Rect, profile: Profile) -> Rect:
    """All of the page that can come to lie behind a window, wherever the sheet slips to: it settles at the lower left,
    so what lies left of and below the window (domain rules 7.3)."""
    left_in = max(0.0, window.left_in - profile.play_across_in)
    return Rect(
        left_in=left_in,
        top_in=window.top_in,
        width_in=window.right_in - left_in,
        height_in=window.height_in + profile.play_down_in,
    )


def _inset(window: Rect, clear_in: float) -> Rect:
    return Rect(
        left_in=window.left_in + clear_in,
        top_in=window.top_in + clear_in,
        width_in=window.width_in - 2 * clear_in,
        height_in=window.height_in - 2 * clear_in,
    )


def _has_ink(page: pdfium.PdfPage, zone: Rect, allowed: list[Rect]) -> bool:
    """Whether anything is drawn in a zone outside of what is allowed there."""
    picture = _picture(page, zone, _COARSE)
    # A dot that the zone only begins is drawn as a whole, and is not the zone's.
    width, height = (int(side * _COARSE) for side in (zone.width_in, zone.height_in))
    picture = picture.crop((0, 0, min(width, picture.width), min(height, picture.height)))
    for rect in allowed:
        corner = ((rect.left_in - zone.left_in) * _COARSE, (rect.top_in - zone.top_in) * _COARSE)
        size = (rect.width_in * _COARSE, rect.height_in * _COARSE)
        left, top = (round(side) for side in corner)
        right, bottom = (round(side + length) for side, length in zip(corner, size, strict=True))
        # A letter's smoothed edge may reach into the next dot.
        picture.paste(255, (left - 1, top - 1, right + 1, bottom + 1))
    return any(picture.histogram()[:_INK])


def _picture(page: pdfium.PdfPage, zone: Rect, dots_per_inch: int) -> Image.Image:
    """A zone in grey."""
    width, height = page.get_size()
    left, top = max(zone.left_in * POINTS, 0.0), max(zone.top_in * POINTS, 0.0)
    right, bottom = width - zone.right_in * POINTS, height - zone.bottom_in * POINTS
    crop = (left, max(bottom, 0.0), max(right, 0.0), top)
    bitmap = page.render(scale=dots_per_inch / POINTS, crop=crop, grayscale=True, may_draw_forms=False)
    picture: Image.Image = bitmap.to_pil()
    bitmap.close()
    return picture


def _text_within(text: pdfium.PdfTextPage, zone: Rect) -> str:
    height = 11 * POINTS
    return str(
        text.get_text_bounded(
            left=zone.left_in * POINTS,
            bottom=height - zone.bottom_in * POINTS,
            right=zone.right_in * POINTS,
            top=height - zone.top_in * POINTS,
        )
    )


def _squeezed(text: str) -> str:
    """Composed characters without blanks; PDFium gives a hyphen at a line's end as one of two other characters."""
    return "".join(unicodedata.normalize("NFKC", text.replace("\x02", "-").replace("\ufffe", "-")).split())
