"""A copy: the archived pages as they are, each with a mark over it that says so.

Nothing is laid out again, so that templates and settings may have changed since: what is not mark is the original's,
and the finished copy is held against it, letter by letter and dot by dot.
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import lru_cache
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium

from pdf_kit.geometry import Rect
from pdf_kit.text_reader import PageText, read_with_pdfium
from statement_builder.rendering.engine import PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.templating import environment

TEMPLATE = "copy/mark.html"
STYLE_SHEETS = ("copy/mark.css",)
MARK = Rect(left=4.75, top=0.1, width=3.65, height=0.29)
"""Where the mark is on every page: above what any document says, right of both windows (copy/mark.css)."""
_PREFIX = "Copy"
_TAGS = re.compile(rb"/\w+\s<</MCID \d+>>\sBDC\n|/Artifact\sBMC\n|EMC\n?")
_POINTS = 72


def make_copy(original: bytes, *, document_id: str, language: str, templates: Path) -> Rendered:
    """The pages of `original`, a finished document, marked as a copy with an id of its own.

    The same two give the same bytes. `DocumentError` where the copy is not the original and the mark, and nothing else.
    """
    with pikepdf.open(io.BytesIO(original)) as pdf:
        marks = _draw_marks(document_id, len(pdf.pages), language, templates)
        with pikepdf.open(io.BytesIO(marks)) as drawn:
            for number, (page, mark) in enumerate(zip(pdf.pages, drawn.pages, strict=True)):
                _put_over(
                    pdf, page, drawn, mark, tag=b"/Artifact <</Type /Pagination>>" if number else _tag(pdf, marks)
                )
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
        pages = len(pdf.pages)
    copy = out.getvalue()
    _require_copy(copy, original, marks)
    return Rendered(pdf=copy, pages=pages, sha256=hashlib.sha256(copy).hexdigest())


def _draw_marks(document_id: str, pages: int, language: str, templates: Path) -> bytes:
    template = environment(templates, language).get_template(TEMPLATE)
    markup = template.render(document_id=document_id, pages=pages, language=language)
    return _engine(templates).print_markup(markup, identifier=document_id).pdf


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates, STYLE_SHEETS)


def _put_over(pdf: pikepdf.Pdf, page: pikepdf.Page, drawn: pikepdf.Pdf, mark: pikepdf.Page, *, tag: bytes) -> None:
    """Draw the mark last, where whatever the page's own operators do to the graphics state is undone."""
    operators = _TAGS.sub(b"", mark.Contents.read_bytes())
    for kind in ("/Font", "/ExtGState"):
        for name, value in mark.resources.get(kind, pikepdf.Dictionary()).items():
            own = f"/{_PREFIX}{name[1:]}"
            operators = re.sub(rb"%b(?=\s)" % re.escape(name.encode("ascii")), own.encode("ascii"), operators)
            if kind not in page.resources:
                page.resources[kind] = pikepdf.Dictionary()
            page.resources[kind][own] = pdf.copy_foreign(value if value.is_indirect else drawn.make_indirect(value))
    page.contents_coalesce()
    drawing = (page.Contents.read_bytes(), tag, operators)
    page.Contents = pdf.make_stream(b"q\n%b\nQ\nq\n%b BDC\n%b\nEMC\nQ\n" % drawing)


def _tag(pdf: pikepdf.Pdf, marks: bytes) -> bytes:
    """Make the first page's mark the first paragraph of the document; on the others it is a running head (PDF/UA)."""
    root, page = pdf.Root.StructTreeRoot, pdf.pages[0]
    body = root.K[0] if isinstance(root.K, pikepdf.Array) else root.K
    numbers = root.ParentTree.Nums
    place = next(n for n in range(0, len(numbers), 2) if numbers[n] == page.obj.StructParents)
    parents = numbers[place + 1]
    number = len(parents)
    with pdfium.PdfDocument(marks) as drawn:
        said = read_with_pdfium(drawn)[0].whole
    tag = pikepdf.Dictionary(
        Type=pikepdf.Name.StructElem, S=pikepdf.Name.P, P=body, Pg=page.obj, K=number, ActualText=said
    )
    own = pdf.make_indirect(tag)
    parents.append(own)
    body.K.insert(0, own)
    return b"/P <</MCID %d>>" % number


def _require_copy(copy: bytes, original: bytes, marks: bytes) -> None:
    with pdfium.PdfDocument(copy) as one, pdfium.PdfDocument(original) as other, pdfium.PdfDocument(marks) as drawn:
        if len(one) != len(other) or len(one) != len(drawn):
            raise _fault("has another number of pages")
        texts = zip(read_with_pdfium(one), read_with_pdfium(other), read_with_pdfium(drawn), strict=True)
        for number, (page, before, mark) in enumerate(texts, start=1):
            _require_words(number, page, before, mark)
        for number, (page_drawn, before_drawn) in enumerate(zip(one, other, strict=True), start=1):
            _require_picture(number, page_drawn, before_drawn)


def _require_words(number: int, page: PageText, before: PageText, mark: PageText) -> None:
    if before.within(MARK):
        raise _fault(f"page {number} has something where the mark goes")
    if _squeezed(page.whole) != _squeezed(before.whole + mark.whole):
        raise _fault(f"page {number} says something else than the original and the mark")
    if _squeezed(page.within(MARK)) != _squeezed(mark.whole):
        raise _fault(f"the mark of page {number} is not where it belongs")


def _require_picture(number: int, page: pdfium.PdfPage, before: pdfium.PdfPage) -> None:
    """Outside of the mark every dot is the original's, and the original is blank where the mark is."""
    drawn, was = (each.render(scale=1, grayscale=True).to_pil() for each in (page, before))
    place = tuple(round(side * _POINTS) for side in (MARK.left, MARK.top, MARK.right, MARK.bottom))
    if was.crop(place).getextrema() != (255, 255):
        raise _fault(f"page {number} has something where the mark goes")
    drawn.paste(255, place)
    if drawn.size != was.size or drawn.tobytes() != was.tobytes():
        raise _fault(f"page {number} does not look as the original does")


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _fault(what: str) -> DocumentError:
    return DocumentError(
        "COPY",
        f"The copy was not made: {what}.",
        "`statements get` writes the original, to hand to the person; report the fault.",
    )
