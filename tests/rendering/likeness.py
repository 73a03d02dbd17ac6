"""Compare two PDFs of one document as a reader, a screen reader and a printer would."""

from __future__ import annotations

import io
import re
import subprocess
from typing import Any

import pikepdf
import pypdfium2 as pdfium
from PIL import ImageChops

PIXEL_TOLERANCE = 8
"""Gray levels of 255. Both files round coordinates, but add them in another order, so the last digit can differ, and
with it the smoothing of an edge."""
RESOLUTIONS_DPI = (150, 167)
"""What is drawn differently is different in each of them. An edge between two samples of a pixel can be smoothed
differently in one."""


def differences(one: bytes, other: bytes) -> list[str]:
    """The aspects in which the files differ; empty if none."""
    found = [] if _layout_text(one) == _layout_text(other) else ["text with its layout"]
    with pdfium.PdfDocument(one) as first, pdfium.PdfDocument(other) as second:
        if len(first) != len(second):
            return [*found, "number of pages"]
        for number, (page, other_page) in enumerate(zip(first, second, strict=True), start=1):
            if page.get_textpage().get_text_range() != other_page.get_textpage().get_text_range():
                found.append(f"text of page {number}")
            if all(_pixel_difference(page, other_page, dpi) > PIXEL_TOLERANCE for dpi in RESOLUTIONS_DPI):
                found.append(f"picture of page {number}")
    with pikepdf.open(io.BytesIO(one)) as first, pikepdf.open(io.BytesIO(other)) as second:
        found += ["syntax of the file"] if first.check_pdf_syntax() else []
        found += [name for name, read in _PARTS.items() if read(first) != read(second)]
    return found


def _layout_text(pdf: bytes) -> bytes:
    """The text line by line. How many spaces a gap gets can depend on the last digit of a coordinate."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(rb" {2,}", b"  ", done.stdout)


def _pixel_difference(page: pdfium.PdfPage, other_page: pdfium.PdfPage, dpi: int) -> int:
    pictures = [each.render(scale=dpi / 72).to_pil().convert("L") for each in (page, other_page)]
    _, brightest = ImageChops.difference(*pictures).getextrema()
    assert not isinstance(brightest, tuple)
    return int(brightest)


def _structure(pdf: pikepdf.Pdf) -> Any:
    """The structure tree in reading order: kind, attributes, page and marked content of each element.

    The names of header cells begin with a number that is different in each file, and here with their table's position.
    """
    tables: dict[str, int] = {}

    def rename(text: str) -> str:
        return re.sub(r"\b(\d+)(?=-\d+-\d+\b)", lambda name: f"table {tables.setdefault(name[1], len(tables))}", text)

    pages = {page.objgen: number for number, page in enumerate(pdf.pages)}

    def read(element: Any) -> Any:
        if isinstance(element, int):
            return element
        if isinstance(element, pikepdf.Array):
            return [read(each) for each in element]
        attributes = {key: rename(str(element[key])) for key in ("/S", "/Alt", "/ID", "/A", "/Type") if key in element}
        page = pages.get(element.Pg.objgen) if "/Pg" in element else None
        return attributes, page, read(element.K) if "/K" in element else None

    return read(pdf.Root.StructTreeRoot.K)


def _metadata(pdf: pikepdf.Pdf) -> Any:
    catalog = {
        key: str(value) for key, value in pdf.Root.items() if key in {"/Lang", "/MarkInfo", "/ViewerPreferences"}
    }
    attributes = {key: str(value) for key, value in pdf.docinfo.items()}
    return attributes, catalog, pdf.Root.Metadata.read_bytes(), bytes(pdf.trailer.ID[0])


def _links(pdf: pikepdf.Pdf) -> Any:
    return [[str(link.get("/A")) + str(link.get("/Rect")) for link in page.get("/Annots", ())] for page in pdf.pages]


_ARTIFACT = [("BMC", ["/Artifact"]), ("EMC", [])]


def _marked_content(pdf: pikepdf.Pdf) -> Any:
    """Marked content and artifacts, in drawing order.

    Consecutive artifacts count as one, since a table's rules may be written together or separately.
    """
    pages = []
    for page in pdf.pages:
        marks: list[tuple[str, list[str]]] = []
        for instruction in pikepdf.parse_content_stream(page):
            if str(instruction.operator) in {"BDC", "BMC", "EMC"}:
                marks.append((str(instruction.operator), [str(operand) for operand in instruction.operands]))
            if marks[-2:] == marks[-4:-2] == _ARTIFACT:
                del marks[-2:]
        pages.append(marks)
    return pages


_PARTS = {"structure": _structure, "metadata": _metadata, "links": _links, "marked content": _marked_content}
