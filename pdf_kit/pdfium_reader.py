"""Read any PDF with PDFium. A page takes about three milliseconds."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import zxingcpp

from pdf_kit.geometry import POINTS_PER_INCH, Rect
from pdf_kit.page_text import PageText
from pdf_kit.spacing import find_touching, gap_min
from pdf_kit.text import collapse_whitespace

_SCAN_DPI = 200
_DECIMALS = 4
"""Of baselines in inches: PDFium calculates with single precision."""
_SLACK = 0.5 / POINTS_PER_INCH
"""Inches between runs of one line (see `spacing`): PDFium rounds the widths of glyphs."""
_QR_CODE = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_with_pdfium(document: pdfium.PdfDocument) -> list[PageText]:
    """Every page of an open document. QR codes are scanned from the page's image on first access."""
    return [_PdfiumPage(document[index]) for index in range(len(document))]


class _PdfiumPage:
    """A page as PDFium reads it, character by character."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.width, self.height = page.get_width() / POINTS_PER_INCH, page.get_height() / POINTS_PER_INCH
        self._text = page.get_textpage()
        self.whole = collapse_whitespace(self._text.get_text_range())
        self.links = tuple(_link_urls(page))
        self._page = page

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(scan_qr_codes(self._page))

    def within(self, rect: Rect) -> str:
        return collapse_whitespace(
            self._text.get_text_bounded(
                left=rect.left * POINTS_PER_INCH,
                bottom=(self.height - rect.bottom) * POINTS_PER_INCH,
                right=rect.right * POINTS_PER_INCH,
                top=(self.height - rect.top) * POINTS_PER_INCH,
            )
        )

    def are_blank(self, rects: Sequence[Rect]) -> bool:
        return not any(self.within(rect) for rect in rects)

    def find_touching_texts(self) -> tuple[str, str] | None:
        runs = read_runs(self._page, self._text)
        touching = find_touching(runs)
        return touching and (runs[touching[0]].text, runs[touching[1]].text)


class _Line(NamedTuple):
    baseline: float
    size: float


class PdfiumRun(NamedTuple):
    """A text object of a page. Lengths are in inches from the page's upper left corner."""

    text: str
    start: float
    end: float
    line: _Line
    reach: float
    slack: float = _SLACK


def read_runs(page: pdfium.PdfPage, text: pdfium.PdfTextPage) -> list[PdfiumRun]:
    """The page's text objects in the order of its text, without those that are white space only."""
    indexes_by_object: dict[int, list[int]] = {}
    for index in range(text.count_chars()):
        found = pdfium_c.FPDFText_GetTextObject(text, index)
        if found:
            indexes_by_object.setdefault(ctypes.addressof(found.contents), []).append(index)
    height = page.get_height()
    return [
        run
        for indexes in indexes_by_object.values()
        if (run := _read_run(text, indexes[0], indexes[-1], height)).text.strip()
    ]


def _read_run(text: pdfium.PdfTextPage, first: int, last: int, height: float) -> PdfiumRun:
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetCharOrigin(text, first, x, y)
    pdfium_c.FPDFText_GetMatrix(text, first, matrix)
    size = pdfium_c.FPDFText_GetFontSize(text, first) * abs(matrix.d) / POINTS_PER_INCH
    baseline = round((height - y.value) / POINTS_PER_INCH, _DECIMALS)
    shown = text.get_text_range(first, last - first + 1)
    last_visible = first + max(0, len(shown.rstrip()) - 1)
    return PdfiumRun(
        text=shown,
        start=text.get_charbox(first, loose=True)[0] / POINTS_PER_INCH,
        end=text.get_charbox(last, loose=True)[2] / POINTS_PER_INCH,
        line=_Line(baseline, size),
        reach=text.get_charbox(last_visible, loose=True)[2] / POINTS_PER_INCH + gap_min(size),
    )


def _link_urls(page: pdfium.PdfPage) -> Iterator[str]:
    """The URL of every link annotation; empty for a link without one."""
    position, link = ctypes.c_int(0), pdfium_c.FPDF_LINK()
    while pdfium_c.FPDFLink_Enumerate(page, position, link):
        action = pdfium_c.FPDFLink_GetAction(link)
        length = pdfium_c.FPDFAction_GetURIPath(page.pdf, action, None, 0)
        url = ctypes.create_string_buffer(length)
        pdfium_c.FPDFAction_GetURIPath(page.pdf, action, url, length)
        yield url.value.decode("utf-8", "replace")


def scan_qr_codes(page: pdfium.PdfPage) -> list[str]:
    """Contents of the QR codes that a scanner finds at either of two resolutions: each misses some."""
    image = page.render(scale=_SCAN_DPI / POINTS_PER_INCH, grayscale=True, draw_annots=False).to_pil()
    found = Counter(code.text for code in zxingcpp.read_barcodes(image, formats=_QR_CODE, try_downscale=False))
    found |= Counter(code.text for code in zxingcpp.read_barcodes(image.reduce(2), formats=_QR_CODE))
    return list(found.elements())
