"""Pictures of PDF pages, for a browser that shows no PDF inside a page."""

from __future__ import annotations

import threading
from io import BytesIO

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter

DOTS_PER_INCH = 110
PREVIEW_DOTS_PER_INCH = 60
_POINTS_PER_INCH = 72
_SAME_MAX = 24
"""Two pixels that differ by less are the same to an eye."""
_IS_INK = [255] * 250 + [0] * 6
_lock = threading.Lock()
"""PDFium must not be called by two threads at once."""


def count_pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    with _lock, pdfium.PdfDocument(pdf) as document:
        return len(document)


def draw_page(pdf: bytes, number: int, *, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
    """One page, counted from 1, as a PNG. IndexError if there is no such page."""
    return _write_png(_draw(pdf, number, dots_per_inch))


def draw_changes(before: bytes, after: bytes, number: int, *, dots_per_inch: int = PREVIEW_DOTS_PER_INCH) -> bytes:
    """The page of `after` in gray, with what is not as in `before` in red, as a PNG. IndexError if neither has it."""
    old, new = (_draw_or_blank(pdf, number, dots_per_inch) for pdf in (before, after))
    if old is None and new is None:
        raise IndexError(number)
    known = [image for image in (old, new) if image is not None]
    size = (max(image.width for image in known), max(image.height for image in known))
    old_page, new_page = (_on_paper(image, size) for image in (old, new))
    changed = ImageChops.difference(old_page, new_page).point([0] * _SAME_MAX + [255] * (256 - _SAME_MAX))
    changed = changed.filter(ImageFilter.MaxFilter(3))
    ink = ImageChops.darker(old_page, new_page)
    lit = Image.composite(Image.merge("RGB", (Image.new("L", size, 255), ink, ink)), _tint(size), ink.point(_IS_INK))
    return _write_png(Image.composite(lit, new_page.point(_fade).convert("RGB"), changed))


def has_changes(before: bytes, after: bytes) -> bool:
    """Whether any page looks different."""
    pages = max(count_pages(before), count_pages(after))
    for number in range(1, pages + 1):
        old, new = (_draw_or_blank(pdf, number, PREVIEW_DOTS_PER_INCH) for pdf in (before, after))
        if old is None or new is None or old.size != new.size or ImageChops.difference(old, new).getbbox():
            return True
    return False


def _draw_or_blank(pdf: bytes, number: int, dots_per_inch: int) -> Image.Image | None:
    """The page in gray; None if there is no such page."""
    try:
        return _draw(pdf, number, dots_per_inch).convert("L")
    except IndexError:
        return None


def _on_paper(image: Image.Image | None, size: tuple[int, int]) -> Image.Image:
    page = Image.new("L", size, 255)
    if image is not None:
        page.paste(image, (0, 0))
    return page


def _tint(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (255, 200, 200))


def _fade(level: int) -> int:
    """Ink that did not change is lighter, so that the changes stand out."""
    return 255 - (255 - level) // 2


def _draw(pdf: bytes, number: int, dots_per_inch: int) -> Image.Image:
    with _lock, pdfium.PdfDocument(pdf) as document:
        if not 1 <= number <= len(document):
            raise IndexError(number)
        image: Image.Image = document[number - 1].render(scale=dots_per_inch / _POINTS_PER_INCH).to_pil()
    return image


def _write_png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()
