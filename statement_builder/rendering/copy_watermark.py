"""Make a copy of an archived document: the original pages, each with a watermark.

Pages are not laid out again, so later changes to templates and settings have no effect. The finished copy is compared
with the original, letter by letter and pixel by pixel.
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import lru_cache
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium

from pdf_kit.geometry import POINTS_PER_INCH, Rect
from pdf_kit.page_text import PageText
from pdf_kit.pdfium_reader import read_with_pdfium
from pdf_kit.text import remove_whitespace
from statement_builder.rendering.engine import PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.overlay import body_element, overlay, parents_of_page
from statement_builder.rendering.templating import environment

TEMPLATE = "copy_watermark/watermark.html"
STYLE_SHEETS = ("copy_watermark/watermark.css",)
WATERMARK_AREA = Rect(left=4.75, top=0.17, width=3.65, height=0.27)
"""The watermark's area on every page: above all text, right of both windows (copy_watermark/watermark.css)."""
_PREFIX = "Copy"
_TAGS = re.compile(rb"/\w+\s<</MCID \d+>>\sBDC\n|/Artifact\sBMC\n|EMC\n?")


def make_copy(original: bytes, *, document_id: str, language: str, templates: Path) -> Rendered:
    """Mark the pages of `original`, a finished document, as a copy with its own document id.

    The same original and id give the same bytes. Raises `DocumentError` unless the copy is exactly the original and the
    watermark.
    """
    with pikepdf.open(io.BytesIO(original)) as pdf:
        watermarks = _draw_watermarks(document_id, len(pdf.pages), language, templates)
        with pikepdf.open(io.BytesIO(watermarks)) as drawn:
            for index, (page, watermark) in enumerate(zip(pdf.pages, drawn.pages, strict=True)):
                tag = b"/Artifact <</Type /Pagination>>" if index else _add_paragraph_tag(pdf, watermarks)
                operators = b"%b BDC\n%b\nEMC" % (tag, _TAGS.sub(b"", watermark.Contents.read_bytes()))
                overlay(pdf, page, drawn, watermark, operators=operators, prefix=_PREFIX)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
        pages = len(pdf.pages)
    copy = out.getvalue()
    _require_copy(copy, original, watermarks)
    return Rendered(pdf=copy, pages=pages, sha256=hashlib.sha256(copy).hexdigest())


def _draw_watermarks(document_id: str, pages: int, language: str, templates: Path) -> bytes:
    template = environment(templates, language).get_template(TEMPLATE)
    markup = template.render(document_id=document_id, pages=pages, language=language)
    return _engine(templates).print_markup(markup, identifier=document_id).pdf


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates, STYLE_SHEETS)


def _add_paragraph_tag(pdf: pikepdf.Pdf, watermarks: bytes) -> bytes:
    """Tag the first page's watermark as the document's first paragraph (PDF/UA). On later pages it is an artifact."""
    page = pdf.pages[0]
    body, parents = body_element(pdf), parents_of_page(pdf, page)
    number = len(parents)
    with pdfium.PdfDocument(watermarks) as drawn:
        text = read_with_pdfium(drawn)[0].whole
    tag = pikepdf.Dictionary(
        Type=pikepdf.Name.StructElem, S=pikepdf.Name.P, P=body, Pg=page.obj, K=number, ActualText=text
    )
    element = pdf.make_indirect(tag)
    parents.append(element)
    body.K.insert(0, element)
    return b"/P <</MCID %d>>" % number


def _require_copy(copy: bytes, original: bytes, watermarks: bytes) -> None:
    with pdfium.PdfDocument(copy) as new, pdfium.PdfDocument(original) as old, pdfium.PdfDocument(watermarks) as drawn:
        if len(new) != len(old) or len(new) != len(drawn):
            raise _error("the number of pages differs")
        texts = zip(read_with_pdfium(new), read_with_pdfium(old), read_with_pdfium(drawn), strict=True)
        for number, (page, original_page, watermark) in enumerate(texts, start=1):
            _require_same_text(number, page, original_page, watermark)
        for number, (page_drawn, original_drawn) in enumerate(zip(new, old, strict=True), start=1):
            _require_same_image(number, page_drawn, original_drawn)


def _require_same_text(number: int, page: PageText, original: PageText, watermark: PageText) -> None:
    if original.within(WATERMARK_AREA):
        raise _error(f"page {number} has something in the watermark's area")
    if remove_whitespace(page.whole) != remove_whitespace(original.whole + watermark.whole):
        raise _error(f"the text of page {number} is not the original's and the watermark's")
    if remove_whitespace(page.within(WATERMARK_AREA)) != remove_whitespace(watermark.whole):
        raise _error(f"the watermark of page {number} is outside its area")


def _require_same_image(number: int, page: pdfium.PdfPage, original: pdfium.PdfPage) -> None:
    """Outside the watermark's area every pixel is the original's, and the original is blank within it."""
    image, original_image = (each.render(scale=1, grayscale=True).to_pil() for each in (page, original))
    area = WATERMARK_AREA
    box = tuple(round(side * POINTS_PER_INCH) for side in (area.left, area.top, area.right, area.bottom))
    if original_image.crop(box).getextrema() != (255, 255):
        raise _error(f"page {number} has something in the watermark's area")
    image.paste(255, box)
    if image.size != original_image.size or image.tobytes() != original_image.tobytes():
        raise _error(f"page {number} does not look like the original")


def _error(problem: str) -> DocumentError:
    return DocumentError(
        "COPY",
        f"The copy was not made: {problem}.",
        "Use `statements get` to write the original and hand it over, and report this error.",
    )
