"""Read any PDF with PDFium. A page takes about three milliseconds."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import zxingcpp

from pdf_kit.geometry import POINTS_PER_INCH, Rect
from pdf_kit.page_text import PageText
from pdf_kit.text import collapse_whitespace

_SCAN_DPI = 200
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
