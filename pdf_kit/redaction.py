"""Remove blocks of text from the pages of a tagged PDF: the text itself, not only its picture.

A block is the structure element that a marker is in, such as the row of a table. Its text is taken out of the page's
content stream, and a black box stands where it was. A finished page is read again: if anything that must not be there
is still there, or anything else has changed, the page is not given out.
"""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from pdf_kit.text import collapse_whitespace

_SHOWS_TEXT = frozenset({"Tj", "TJ"})
_MOVES_AND_SHOWS = frozenset({"'", '"'})
_PADDING = 1.0
"""Points by which a box is larger than the text that it replaces."""
_TOLERANCE = 0.05
"""Points by which a text may seem to have moved, because PDFium calculates with single precision."""
_STRUCTURE_DEPTH_MAX = 100

Place = tuple[int, int]
"""Index of a page, and the number of marked content on it."""


class Text(NamedTuple):
    """What one piece of marked content says, and its box in points: left, bottom, right, top."""

    words: str
    box: tuple[float, float, float, float]


class Redaction(NamedTuple):
    """A redacted file. `withheld` pages must not be given out; they are unchanged in `pdf`."""

    pdf: bytes
    redacted: frozenset[int]
    """Indexes of the pages from which something was removed."""
    withheld: frozenset[int]
    """Indexes of the pages that could not be redacted safely."""


class _Element(NamedTuple):
    kind: str
    parent: int | None


def redact(pdf: bytes, *, hidden: Sequence[str], kept: Sequence[str], forbidden: Sequence[str]) -> Redaction:
    """Remove every block with a marker in `hidden`. A block never includes one in `kept`.

    `forbidden`: texts that must not remain on any page. A file without structure has all its pages withheld.
    """
    before = _read_texts(pdf)
    with pikepdf.open(io.BytesIO(pdf)) as file:
        elements, leaves = _read_structure(file)
        doomed = _find_blocks(elements, leaves, before, hidden, kept)
        by_page: dict[int, list[Place]] = {}
        for place in doomed:
            by_page.setdefault(place[0], []).append(place)
        for index, places in by_page.items():
            _remove(file, index, {number for _, number in places}, [before[place].box for place in places])
        out = io.BytesIO()
        file.save(out, deterministic_id=True)
        page_count = len(file.pages)
    redacted = out.getvalue()
    after = _read_texts(redacted)
    remaining = _read_pages(redacted)
    withheld = {
        index
        for index in range(page_count)
        if not leaves
        or any(_says(remaining[index], each) for each in (*forbidden, *hidden))
        or not _is_otherwise_same(index, before, after, doomed)
    }
    return Redaction(redacted, frozenset(by_page) - withheld, frozenset(withheld))


def _says(text: str, marker: str) -> bool:
    """Whether a text has a marker as words of its own."""
    words = re.escape(collapse_whitespace(marker))
    return bool(words) and re.search(rf"(?<!\w){words}(?!\w)", text) is not None


def _read_texts(pdf: bytes) -> dict[Place, Text]:
    """The text of every piece of marked content."""
    found: dict[Place, Text] = {}
    with pdfium.PdfDocument(pdf) as document:
        for index in range(len(document)):
            page = document[index]
            text_page = page.get_textpage()
            for each in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT]):
                number = pdfium_c.FPDFPageObj_GetMarkedContentID(each.raw)
                if number >= 0:
                    piece = Text(_text_of(each, text_page), each.get_bounds())
                    place = (index, number)
                    found[place] = _join(found[place], piece) if place in found else piece
    return found


def _text_of(each: Any, text_page: Any) -> str:
    size = pdfium_c.FPDFTextObj_GetText(each.raw, text_page.raw, None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDFTextObj_GetText(each.raw, text_page.raw, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")


def _join(first: Text, second: Text) -> Text:
    left, bottom, right, top = first.box
    box = (
        min(left, second.box[0]),
        min(bottom, second.box[1]),
        max(right, second.box[2]),
        max(top, second.box[3]),
    )
    return Text(f"{first.words} {second.words}", box)


def _read_pages(pdf: bytes) -> list[str]:
    with pdfium.PdfDocument(pdf) as document:
        return [collapse_whitespace(page.get_textpage().get_text_range()) for page in document]


def _read_structure(file: pikepdf.Pdf) -> tuple[list[_Element], dict[Place, int]]:
    """Every structure element, parents first, and the element of each piece of marked content."""
    elements: list[_Element] = []
    leaves: dict[Place, int] = {}
    root = file.Root.get("/StructTreeRoot")
    if root is None:
        return elements, leaves
    pages = {page.obj.objgen: index for index, page in enumerate(file.pages)}

    def walk(node: Any, parent: int | None, page: int | None, depth: int) -> None:
        if depth > _STRUCTURE_DEPTH_MAX:
            return
        if isinstance(node, pikepdf.Array):
            for each in node:
                walk(each, parent, page, depth + 1)
        elif isinstance(node, int):
            if page is not None and parent is not None:
                leaves[page, node] = parent
        elif isinstance(node, pikepdf.Dictionary):
            page = pages.get(node.Pg.objgen) if "/Pg" in node else page
            if "/MCID" in node:
                walk(int(node.MCID), parent, page, depth + 1)
            elif node.get("/Type") != "/OBJR":
                elements.append(_Element(str(node.get("/S", "")), parent))
                walk(node.get("/K", pikepdf.Array()), len(elements) - 1, page, depth + 1)

    walk(root.get("/K", pikepdf.Array()), None, None, 0)
    return elements, leaves


def _find_blocks(
    elements: Sequence[_Element],
    leaves: Mapping[Place, int],
    texts: Mapping[Place, Text],
    hidden: Sequence[str],
    kept: Sequence[str],
) -> set[Place]:
    """The marked content of every block with a hidden marker."""
    places: dict[int, list[Place]] = {}
    for place, element in leaves.items():
        for each in _with_ancestors(elements, element):
            places.setdefault(each, []).append(place)
    words = {
        element: collapse_whitespace(" ".join(texts[place].words for place in mine if place in texts))
        for element, mine in places.items()
    }
    markers = {
        element: frozenset(each for each in (*hidden, *kept) if each in text and _says(text, each))
        for element, text in words.items()
    }
    doomed: set[Place] = set()
    for marker in hidden:
        lowest = [each for each, found in markers.items() if marker in found]
        parents = {elements[each].parent for each in lowest}
        for each in lowest:
            if each not in parents:
                doomed.update(places[_climb(elements, markers, each, marker)])
    return {place for place in doomed if place in texts}


def _climb(elements: Sequence[_Element], markers: Mapping[int, frozenset[str]], start: int, marker: str) -> int:
    """The largest element around `start` that has no other marker: a row of a table, or what stands for one."""
    block = start
    while elements[block].kind not in {"/TR", "/LI"}:
        parent = elements[block].parent
        if parent is None or elements[parent].kind == "/Document" or markers[parent] != {marker}:
            break
        block = parent
    return block


def _with_ancestors(elements: Sequence[_Element], element: int | None) -> Iterator[int]:
    while element is not None:
        yield element
        element = elements[element].parent


def _remove(file: pikepdf.Pdf, index: int, numbers: set[int], boxes: Sequence[tuple[float, ...]]) -> None:
    """Take the text of these pieces of marked content out of a page, and draw a box over each."""
    page = file.pages[index]
    page.contents_coalesce()
    kept: list[Any] = []
    stack: list[bool] = []
    for instruction in pikepdf.parse_content_stream(page):
        operands, operator = instruction.operands, instruction.operator
        name = str(operator)
        if name in {"BDC", "BMC"}:
            stack.append(_is_numbered(operands, numbers))
        elif name == "EMC" and stack:
            stack.pop()
        if any(stack):
            if name in _SHOWS_TEXT:
                continue
            if name in _MOVES_AND_SHOWS:
                kept.append(([], pikepdf.Operator("T*")))
                continue
            if name == "BDC" and stack[-1]:  # without a text that stands for what was removed
                kept.append(([operands[0], pikepdf.Dictionary(MCID=operands[1].MCID)], operator))
                continue
        kept.append((operands, operator))
    drawn = b"".join(
        b"%.2f %.2f %.2f %.2f re f\n"
        % (left - _PADDING, bottom - _PADDING, right - left + 2 * _PADDING, top - bottom + 2 * _PADDING)
        for left, bottom, right, top in boxes
    )
    page.Contents = file.make_stream(
        b"q\n%b\nQ\nq /Artifact BMC 0 0 0 rg\n%bEMC Q\n" % (pikepdf.unparse_content_stream(kept), drawn)
    )


def _is_numbered(operands: Any, numbers: set[int]) -> bool:
    properties = operands[1] if len(operands) > 1 else None
    return isinstance(properties, pikepdf.Dictionary) and properties.get("/MCID") in numbers


def _is_otherwise_same(
    index: int, before: Mapping[Place, Text], after: Mapping[Place, Text], doomed: set[Place]
) -> bool:
    """Whether every text of a page that was to stay is as it was, at its place, and nothing of the others is left."""
    expected = {place: text for place, text in before.items() if place[0] == index and place not in doomed}
    found = {place: text for place, text in after.items() if place[0] == index}
    return expected.keys() == found.keys() and all(
        text.words == found[place].words
        and all(abs(one - other) < _TOLERANCE for one, other in zip(text.box, found[place].box, strict=True))
        for place, text in expected.items()
    )
