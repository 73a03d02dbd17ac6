"""Two PDFs of one document: is a reader, a screen reader or a printer able to tell them apart?"""

from __future__ import annotations

import io
import subprocess
from typing import Any

import pikepdf
import pypdfium2 as pdfium
from PIL import ImageChops

PIXEL_TOLERANCE = 8
"""Of 255 grey levels at 150 dpi. Coordinates are rounded to a millionth of a point in both, but added up in another
order: the last digit can differ, and with it one level of an edge's smoothing."""


def differences(one: bytes, other: bytes) -> list[str]:
    """What is not alike; empty if nothing."""
    found = [] if _layout_text(one) == _layout_text(other) else ["text with its layout"]
    with pdfium.PdfDocument(one) as first, pdfium.PdfDocument(other) as second:
        if len(first) != len(second):
            return [*found, "number of pages"]
        for number, (page, twin) in enumerate(zip(first, second, strict=True), start=1):
            if page.get_textpage().get_text_range() != twin.get_textpage().get_text_range():
                found.append(f"text of page {number}")
            if _pixel_difference(page, twin) > PIXEL_TOLERANCE:
                found.append(f"picture of page {number}")
    with pikepdf.open(io.BytesIO(one)) as first, pikepdf.open(io.BytesIO(other)) as second:
        found += ["soundness of the file"] if first.check_pdf_syntax() else []
        found += [name for name, read in _PARTS.items() if read(first) != read(second)]
    return found


def _layout_text(pdf: bytes) -> bytes:
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout


def _pixel_difference(page: pdfium.PdfPage, twin: pdfium.PdfPage) -> int:
    pictures = [each.render(scale=150 / 72).to_pil().convert("L") for each in (page, twin)]
    return int(ImageChops.difference(*pictures).getextrema()[1])


def _structure(pdf: pikepdf.Pdf) -> Any:
    """The tree of tags: kind, attributes, page and marked content of each element, in reading order."""
    pages = {page.objgen: number for number, page in enumerate(pdf.pages)}

    def read(element: Any) -> Any:
        if isinstance(element, int):
            return element
        if isinstance(element, pikepdf.Array):
            return [read(each) for each in element]
        said = {key: str(element[key]) for key in ("/S", "/Alt", "/A", "/Type") if key in element}
        page = pages.get(element.Pg.objgen) if "/Pg" in element else None
        return said, page, read(element.K) if "/K" in element else None

    return read(pdf.Root.StructTreeRoot.K)


def _metadata(pdf: pikepdf.Pdf) -> Any:
    catalogue = {
        key: str(value) for key, value in pdf.Root.items() if key in {"/Lang", "/MarkInfo", "/ViewerPreferences"}
    }
    said = {key: str(value) for key, value in pdf.docinfo.items()}
    return said, catalogue, pdf.Root.Metadata.read_bytes(), bytes(pdf.trailer.ID[0])


def _links(pdf: pikepdf.Pdf) -> Any:
    return [[str(link.get("/A")) + str(link.get("/Rect")) for link in page.get("/Annots", ())] for page in pdf.pages]


_ARTEFACT = [("BMC", ["/Artifact"]), ("EMC", [])]


def _marked_content(pdf: pikepdf.Pdf) -> Any:
    """Which content is marked as what, and what is an artefact, in the order of drawing.

    Artefacts that follow each other are one to a reader: a table's rules may be written together or apart.
    """
    pages = []
    for page in pdf.pages:
        marks: list[tuple[str, list[str]]] = []
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) in {"BDC", "BMC", "EMC"}:
                marks.append((str(operator), [str(operand) for operand in operands]))
            if marks[-2:] == marks[-4:-2] == _ARTEFACT:
                del marks[-2:]
        pages.append(marks)
    return pages


_PARTS = {"structure": _structure, "metadata": _metadata, "links": _links, "marked content": _marked_content}
