"""Pictures of PDF pages, for a browser that shows no PDF inside a page."""

from __future__ import annotations

import threading
from io import BytesIO

import pypdfium2 as pdfium

DOTS_PER_INCH = 110
PREVIEW_DOTS_PER_INCH = 60
_POINTS_PER_INCH = 72
_lock = threading.Lock()
"""PDFium must not be called by two threads at once."""


def count_pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    with _lock, pdfium.PdfDocument(pdf) as document:
        return len(document)


def draw_page(pdf: bytes, number: int, *, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
    """One page, counted from 1, as a PNG. IndexError if there is no such page."""
    with _lock, pdfium.PdfDocument(pdf) as document:
        if not 1 <= number <= len(document):
            raise IndexError(number)
        image = document[number - 1].render(scale=dots_per_inch / _POINTS_PER_INCH, grayscale=False).to_pil()
    file = BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()
