"""Checks on a sample of pieces: text and images of the pages as PDFium renders them, barcodes as zxing reads them.

A sample is enough, because each of these faults would affect every piece: a wrong position, a wrong scale, something
drawn over a barcode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pypdfium2 as pdfium
import zxingcpp
from PIL import Image

from mail_house.barcodes import SheetMark, read_sheet_mark
from mail_house.preflight.fault import Fault
from mail_house.preflight.imb_reader import read_bars
from mail_house.print_files.manifest import ManifestRow
from mail_house.profiles import Profile
from pdf_kit.geometry import POINTS_PER_INCH, Rect, find_page_edges
from pdf_kit.pdfium_reader import read_runs
from pdf_kit.spacing import find_touching
from pdf_kit.text import remove_whitespace

_COARSE, _FINE = 72, 300
"""Dots per inch: to detect ink, and to read bars of 1/60 inch."""
_MATRIX = 150
_INK = 200
"""Gray levels below this are ink; the smoothed edges of white areas are not."""
_NUMBER = re.compile(r"[0-9]+")
_DATA_MATRIX = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)


def find_visible_faults(
    document: pdfium.PdfDocument, piece: ManifestRow, profile: Profile, *, check_gaps: bool = True
) -> Iterator[Fault]:
    """Yield the faults of one piece. `check_gaps` includes texts that touch."""
    for number in range(1, piece.pages + 1):
        page = document[piece.first_page - 2 + number]
        try:
            for message in _page_faults(page, piece, number, profile, check_gaps=check_gaps):
                yield Fault(message=message, document_id=piece.document_id, page=number)
        finally:
            page.close()


def _page_faults(
    page: pdfium.PdfPage, piece: ManifestRow, number: int, profile: Profile, *, check_gaps: bool
) -> Iterator[str]:
    text = page.get_textpage()
    page_text = text.get_text_range()
    after_id = remove_whitespace(page_text).partition(piece.document_id)[2]
    expected = [number - piece.cover_sheet_pages, piece.pages - piece.cover_sheet_pages]
    is_cover_sheet = number <= piece.cover_sheet_pages
    if not is_cover_sheet and [int(digits) for digits in _NUMBER.findall(after_id)[:2]] != expected:
        yield "its text does not show this document id and page number"
    width, height = (side / POINTS_PER_INCH for side in page.get_size())
    if any(_text_within(text, edge).strip() for edge in find_page_edges(profile.print_margin_in, width, height)):
        yield "text is nearer to the edge than printers can print"
    if check_gaps and find_touching(read_runs(page, text)):
        yield "two of its texts touch or overlap"
    if number == 1:
        yield from _window_faults(page, text, piece, profile)
    if expected[0] == 1 and piece.scanline and piece.scanline not in page_text.split():
        yield "the coupon's scan line differs from the manifest's"
    if not profile.duplex or number % 2:
        yield from _sheet_faults(page, piece, number, profile)


def _window_faults(
    page: pdfium.PdfPage, text: pdfium.PdfTextPage, piece: ManifestRow, profile: Profile
) -> Iterator[str]:
    window = profile.recipient_window.inset(profile.clear_in)
    shown = remove_whitespace(_text_within(text, window))
    if shown != remove_whitespace("".join(piece.recipient_lines)):
        yield "its window does not show exactly the address in the manifest"
    allowed = [profile.return_window.inset(profile.clear_in), window]
    if piece.barcode_bars and profile.imb is not None:
        allowed.append(profile.imb.zone)
        if read_bars(_picture(page, profile.imb.zone, _FINE)) != piece.barcode_bars:
            yield "its Intelligent Mail barcode cannot be read, or differs from the manifest's"
    if any(
        _has_ink(page, _reach(each, profile), allowed) for each in (profile.return_window, profile.recipient_window)
    ):
        yield "something other than its addresses can show in a window of the envelope"
    if any(_has_ink(page, zone, []) for zone in profile.clear_zones):
        yield "something is printed in a zone where the vendor prints"


def _sheet_faults(page: pdfium.PdfPage, piece: ManifestRow, number: int, profile: Profile) -> Iterator[str]:
    placement = profile.sheet_mark
    if _has_ink(page, profile.vendor_zone, [placement.zone] if placement else []):
        yield "something is printed in the vendor's zone"
    if placement is None:
        return
    sheet = (number + 1) // 2 if profile.duplex else number
    expected = SheetMark(sequence=piece.sequence, sheet=sheet, sheets=piece.sheets)
    if _read_mark(_picture(page, placement.zone, _MATRIX)) != expected:
        yield "its sheet mark cannot be read, or belongs to another sheet"


def _read_mark(picture: Image.Image) -> SheetMark | None:
    found = zxingcpp.read_barcodes(picture, formats=_DATA_MATRIX)
    try:
        return read_sheet_mark(found[0].text) if len(found) == 1 else None
    except ValueError:
        return None


def _reach(window: Rect, profile: Profile) -> Rect:
    """Return the area of the page that can show in a window when the sheet shifts. The sheet settles at the lower
    left, so the area extends left of and below the window."""
    left = max(0.0, window.left - profile.play_across_in)
    return Rect(
        left=left,
        top=window.top,
        width=window.right - left,
        height=window.height + profile.play_down_in,
    )


def _has_ink(page: pdfium.PdfPage, zone: Rect, allowed: list[Rect]) -> bool:
    """Whether anything is drawn in a zone outside the allowed rectangles."""
    picture = _picture(page, zone, _COARSE)
    # A pixel that lies only partly in the zone is rendered whole; it does not count.
    width, height = (int(side * _COARSE) for side in (zone.width, zone.height))
    picture = picture.crop((0, 0, min(width, picture.width), min(height, picture.height)))
    for rect in allowed:
        corner = ((rect.left - zone.left) * _COARSE, (rect.top - zone.top) * _COARSE)
        size = (rect.width * _COARSE, rect.height * _COARSE)
        left, top = (round(side) for side in corner)
        right, bottom = (round(side + length) for side, length in zip(corner, size, strict=True))
        # A letter's smoothed edge may extend into the next pixel.
        picture.paste(255, (left - 1, top - 1, right + 1, bottom + 1))
    return any(picture.histogram()[:_INK])


def _picture(page: pdfium.PdfPage, zone: Rect, dots_per_inch: int) -> Image.Image:
    """Render a zone in grayscale."""
    width, height = page.get_size()
    left, top = max(zone.left * POINTS_PER_INCH, 0.0), max(zone.top * POINTS_PER_INCH, 0.0)
    right, bottom = width - zone.right * POINTS_PER_INCH, height - zone.bottom * POINTS_PER_INCH
    crop = (left, max(bottom, 0.0), max(right, 0.0), top)
    bitmap = page.render(scale=dots_per_inch / POINTS_PER_INCH, crop=crop, grayscale=True, may_draw_forms=False)
    picture: Image.Image = bitmap.to_pil()
    bitmap.close()
    return picture


def _text_within(text: pdfium.PdfTextPage, zone: Rect) -> str:
    height = 11 * POINTS_PER_INCH
    return str(
        text.get_text_bounded(
            left=zone.left * POINTS_PER_INCH,
            bottom=height - zone.bottom * POINTS_PER_INCH,
            right=zone.right * POINTS_PER_INCH,
            top=height - zone.top * POINTS_PER_INCH,
        )
    )
