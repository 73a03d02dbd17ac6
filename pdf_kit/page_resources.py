"""What a page dictionary refers to: contents, fonts, links and graphics states (ISO 32000-1, 7.7.3).

Reads pages in the form that WeasyPrint writes. Raises `UnsupportedPdf` for any other form.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pdf_kit.pdf_file import PdfFile, UnsupportedPdf, find


class FontResource(NamedTuple):
    """A font as a page names it: two of its dictionaries, and the object numbers of its character map and program."""

    name: bytes
    outer: bytes
    descendant: bytes
    character_map: int
    program: int


class PageResources(NamedTuple):
    """What the file's object streams contain for one page. Sizes are in points."""

    width: float
    height: float
    contents: int
    """Object number of the content stream."""
    fonts: tuple[FontResource, ...]
    links: tuple[int, ...]
    """Object numbers of the page's annotations."""
    states: bytes
    """The page's graphics states: opacities, by the names that operators use."""


def read_page_resources(file: PdfFile, page: bytes) -> PageResources:
    """Read one page dictionary. `UnsupportedPdf`, ValueError or LookupError for a page in another form."""
    x, y, width, height = map(float, find(_MEDIA_BOX, page).split())
    if x or y or b"/Rotate" in page or b"/UserUnit" in page or b"/CropBox" in page:
        raise UnsupportedPdf("page box")
    resources = file.object(int(find(_RESOURCES, page)))
    dictionary = file.object(int(find(_FONTS, resources)))
    fonts = tuple(_read_font(file, name, int(number)) for name, number in _NAMED.findall(dictionary))
    annotations = find(_ANNOTATIONS, page) if b"/Annots" in page else b""
    links = tuple([int(number) for number in _REFERENCE.findall(annotations)])
    return PageResources(width, height, file.contents(page), fonts, links, find(_STATES, resources))


def read_link_url(annotation: bytes) -> str:
    """The target URL of a link annotation. `UnsupportedPdf` for other annotations, and for a link whose description
    is not its URL."""
    found = _LINK.fullmatch(annotation)
    if found is None or found[1] != found[2]:
        raise UnsupportedPdf("annotation")
    return _ESCAPED.sub(rb"\1", found[1][1:-1]).decode("ascii")


def _read_font(file: PdfFile, name: bytes, number: int) -> FontResource:
    outer = file.object(number)
    descendant = file.object(int(find(_DESCENDANT, outer)))
    descriptor = file.object(int(find(_DESCRIPTOR, descendant)))
    return FontResource(name, outer, descendant, int(find(_TO_UNICODE, outer)), int(find(_FONT_FILE, descriptor)))


_ANNOTATIONS = re.compile(rb"/Annots \[([^\]]*)\]")
_REFERENCE = re.compile(rb"(\d+) 0 R")
_LINK = re.compile(
    rb"<</Type /Annot/Subtype /Link/Rect \[[-\d. ]*\]/BS <</W 0>>/Contents (\((?:[^()\\]|\\[()\\])*\))"
    rb"/A <</Type /Action/S /URI/URI (\((?:[^()\\]|\\[()\\])*\))>>/StructParent \d+>>"
)
_ESCAPED = re.compile(rb"\\(.)")
_MEDIA_BOX = re.compile(rb"/MediaBox \[([^\]]*)\]")
_RESOURCES = re.compile(rb"/Resources (\d+) 0 R")
_STATES = re.compile(rb"/ExtGState <<((?:/[^\s<>()\[\]{}/%]+ <<(?:/(?:CA|ca) [\d.]+)+>>)*)>>")
_FONTS = re.compile(rb"/Font (\d+) 0 R")
_NAMED = re.compile(rb"/(\S+) (\d+) 0 R")
_DESCENDANT = re.compile(rb"/DescendantFonts \[(\d+) 0 R\]")
_DESCRIPTOR = re.compile(rb"/FontDescriptor (\d+) 0 R")
_TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
_FONT_FILE = re.compile(rb"/FontFile2 (\d+) 0 R")
