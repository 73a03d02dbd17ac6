"""With `weasyprint_blocks`, the only module that uses WeasyPrint's private modules, written for one pinned version.

It lays out and draws a document, and records for each text its box and its position in the page's content stream.
`tests/rendering/test_weasyprint_adapter.py` fails if a new version changes anything that this module relies on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pydyf
import weasyprint
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.pdf import _w3c_date_to_pdf
from weasyprint.pdf.fonts import Font
from weasyprint.pdf.metadata import DocumentMetadata
from weasyprint.pdf.stream import Stream
from weasyprint.text.fonts import font_features
from weasyprint.text.line_break import get_log_attrs

from statement_builder.rendering.compiled.weasyprint_blocks import Painting, record_painting

PINNED_VERSION = "70.0"
"""The version that this module was written for and is tested with."""


@dataclass(kw_only=True)
class DrawnText:
    """One text box as drawn. `matrix` and `shown` are indexes in the stream's list of operators."""

    stream: Any
    font: Any = None
    size: float = 0.0
    matrix: int = -1
    shown: int = -1
    problem: str = ""


@dataclass(kw_only=True)
class Drawing:
    """A document laid out and drawn but not written: WeasyPrint's own objects."""

    document: Any
    pdf: Any
    texts: dict[int, DrawnText]
    """By the `id()` of the text box."""
    painting: Painting

    @property
    def page_boxes(self) -> list[Any]:
        return [page._page_box for page in self.document.pages]

    @property
    def page_streams(self) -> list[Any]:
        """The content stream of each page."""
        numbers = self.pdf.pages["Kids"][::3]
        return [self._object(self.pdf.objects[number]["Contents"]) for number in numbers]

    def link_annotations(self) -> Iterator[tuple[Any, int, bytes]]:
        """For each link annotation: the element of its box, its object number and its data."""
        for page_box in self.page_boxes:
            for box in _walk_all(page_box):
                if box.link_annotation:
                    yield box.element, box.link_annotation.number, box.link_annotation.data

    def _object(self, reference: bytes) -> Any:
        return self.pdf.objects[int(reference.split()[0])]

    def _font_dictionary(self) -> Any:
        page = self.pdf.objects[self.pdf.pages["Kids"][0]]
        resources = self._object(page["Resources"])
        return self._object(resources["Font"])

    def font_objects(self) -> set[int]:
        """Numbers of all font objects, which are written for each document."""
        numbers: set[int] = set()
        for reference in self._font_dictionary().values():
            font = self._object(reference)
            descendant = self._object(font["DescendantFonts"][0])
            descriptor = self._object(descendant["FontDescriptor"])
            for each in (font, descendant, descriptor, self._object(font["ToUnicode"])):
                numbers.add(each.number)
            numbers.add(self._object(descriptor["FontFile2"]).number)
        return numbers


class _Drawn(Exception):
    """Raised after drawing to stop WeasyPrint from writing the file."""

    def __init__(self, document: Any, pdf: Any) -> None:
        super().__init__()
        self.document = document
        self.pdf = pdf


def _stop(document: Any, pdf: Any) -> None:
    raise _Drawn(document, pdf)


def draw_document(
    tree: Any, *, styles: list[Any], fonts: Any, blocks: Sequence[Any] = (), around: Sequence[Any] = ()
) -> Drawing:
    """Lay out and draw an HTML tree as the plain engine does, and record the position of every text and of the elements
    `blocks`. The elements `around` contain only blocks."""
    document = tree.render(font_config=fonts, stylesheets=styles, pdf_variant="pdf/ua-1")
    with _record_texts() as texts, record_painting(blocks, around) as painting:
        try:
            document.write_pdf(finisher=_stop, pdf_variant="pdf/ua-1")
        except _Drawn as drawn:
            return Drawing(document=drawn.document, pdf=drawn.pdf, texts=texts, painting=painting)
    raise AssertionError("WeasyPrint did not call the finisher")


@contextmanager
def _record_texts() -> Iterator[dict[int, DrawnText]]:
    """Record every text that WeasyPrint draws while this context is open."""
    texts: dict[int, DrawnText] = {}
    current: list[DrawnText] = []
    draw_text, set_font_size, add_font, clean = draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean

    def record_text(stream: Any, box: Any, offset_x: float, text_overflow: Any, block_ellipsis: Any) -> None:
        first = max(len(stream.stream) - 1, 0)
        drawn_text = DrawnText(stream=stream)
        current.append(drawn_text)
        draw_text(stream, box, offset_x, text_overflow, block_ellipsis)
        current.pop()
        _find_operators(drawn_text, first)
        texts[id(box)] = drawn_text

    def record_size(stream: Any, name: str, size: float) -> None:
        if current:
            drawn_text = current[-1]
            if drawn_text.size and drawn_text.size != size:
                drawn_text.problem = "several fonts in one text"
            drawn_text.size = size
        set_font_size(stream, name, size)

    def record_font(stream: Any, pango_font: Any) -> Any:
        font, size = add_font(stream, pango_font)
        if current:
            if current[-1].font not in (None, font):
                current[-1].problem = "several fonts in one text"
            current[-1].font = font
        return font, size

    def skip_subsetting(font: Any, to_unicode: Any, hinting: Any) -> None:
        """`font_subsets` makes the subsets."""

    draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean = (
        record_text,
        record_size,
        record_font,
        skip_subsetting,
    )
    try:
        yield texts
    finally:
        draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean = draw_text, set_font_size, add_font, clean


def _find_operators(drawn_text: DrawnText, first: int) -> None:
    operators = drawn_text.stream.stream
    for index in range(first, len(operators)):
        operator = operators[index]
        if isinstance(operator, bytes) and operator.endswith(b" Tm"):
            drawn_text.matrix = index
        elif isinstance(operator, bytes) and operator.endswith(b" TJ"):
            if drawn_text.shown >= 0:
                drawn_text.problem = "text drawn in parts"
            drawn_text.shown = index
        elif isinstance(operator, bytes) and operator.endswith(b" Ts"):
            drawn_text.problem = "text rise"


def operator_bytes(operators: list[Any]) -> bytes:
    """Operators as written in a content stream."""
    return b"\n".join(pydyf._to_bytes(operator) for operator in operators)


_LONG_NUMBER = re.compile(rb"-?\d+\.\d{7,}")


def round_numbers(operators: bytes) -> bytes:
    """Operators with six decimals, as pydyf writes them. `weasyprint_blocks` records more."""
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):f}".rstrip("0").encode("ascii"), operators)


@dataclass(kw_only=True)
class LineText:
    """One text box of a line, as WeasyPrint broke and placed it."""

    box: Any
    element: Any
    generated: bool
    nowrap: bool
    text: str
    """The text that counts for the width."""
    drawn: str
    """Includes the space that WeasyPrint draws at the end of some lines."""


@dataclass(kw_only=True)
class Block:
    """A block with lines of text."""

    page: int
    element: Any
    left: float
    width: float
    align: str
    lines: list[list[LineText]]
    problem: str = ""


def find_blocks(drawing: Drawing) -> tuple[list[Block], str]:
    """Every block with text, in the order of the pages' boxes, and why the layout depends on the words; empty if it
    does not."""
    blocks: list[Block] = []
    problem = ""
    for page, page_box in enumerate(drawing.page_boxes):
        for box in _walk(page_box):
            problem = problem or _flexible_size(box)
            lines = [child for child in getattr(box, "children", ()) if isinstance(child, boxes.LineBox)]
            if lines:
                blocks.append(_block(page, box, lines))
    return blocks, problem


def _walk(box: Any) -> Iterator[Any]:
    """The boxes of a page that are not part of a line, including blocks inside lines."""
    box = box._box if isinstance(box, AbsolutePlaceholder) else box
    if not isinstance(box, boxes.InlineBox | boxes.LineBox | boxes.TextBox):
        yield box
    for child in getattr(box, "children", ()):
        yield from _walk(child)


def _walk_all(box: Any) -> Iterator[Any]:
    """All boxes, in the order in which WeasyPrint searches them for links."""
    yield box
    for child in box.all_children():
        yield from _walk_all(child)


def _flexible_size(box: Any) -> str:
    """Why this box's width or position could depend on its words; empty if it cannot."""
    style = box.style
    reason = ""
    if style["float"] in {"left", "right"}:
        reason = "float"
    elif isinstance(box, boxes.InlineBlockBox | boxes.InlineFlexBox | boxes.InlineGridBox | boxes.GridContainerBox):
        reason = "inline block or grid"
    elif isinstance(box, boxes.TableBox) and (style["table_layout"] != "fixed" or style["width"] == "auto"):
        reason = "table without table-layout: fixed and a width"
    elif style["position"] in {"absolute", "fixed"} and style["width"] == "auto" and "::" not in box.element_tag:
        reason = "absolute position without a width"
    elif isinstance(box, boxes.FlexContainerBox) and any(
        child.style["width"] == "auto" or child.style["flex_grow"] for child in box.children
    ):
        reason = "flex item without a width"
    elif isinstance(box, boxes.MarginBox) and box.children and style["width"] == "auto":
        reason = "page margin box without a width"
    elif style["column_count"] != "auto" or style["column_width"] != "auto":
        reason = "columns"
    elif style["direction"] != "ltr" or style["transform"]:
        reason = "direction or transform"
    return f"{reason} ({_describe(box.element)})" if reason else ""


def _describe(element: Any) -> str:
    """The element's opening tag, such as `<div class="pair">`, for the template's author. `None` is a page."""
    if element is None or not hasattr(element, "tag"):
        return "page"
    name = element.get("class")
    return f'<{element.tag} class="{name}">' if name else f"<{element.tag}>"


def _block(page: int, box: Any, lines: list[Any]) -> Block:
    block = Block(
        page=page,
        element=box.element,
        left=box.content_box_x(),
        width=box.width,
        align=_align(lines[0].style),
        lines=[list(_line_texts(line)) for line in lines],
    )
    problems = [_inline_problem(inside) for line in lines for inside in _inside(line)]
    if any(line.text_overflow != "clip" or line.block_ellipsis != "none" for line in lines):
        problems.append("ellipsis")
    if box.style["text_indent"].value:
        problems.append("text indent")
    if not block.align:
        problems.append("text alignment")
    block.problem = next((f"{problem} ({_describe(box.element)})" for problem in problems if problem), "")
    return block


def _align(style: Any) -> str:
    if style["text_align_last"] not in {"auto", style["text_align_all"]}:
        return ""
    return {"start": "left", "left": "left", "end": "right", "right": "right", "center": "center"}.get(
        style["text_align_all"], ""
    )


def _inside(box: Any) -> Iterator[Any]:
    for child in box.children:
        child = child._box if isinstance(child, AbsolutePlaceholder) else child  # noqa: PLW2901
        yield child
        if isinstance(child, boxes.InlineBox):
            yield from _inside(child)


def _inline_problem(box: Any) -> str:
    """Why something in a line other than text would move or grow with the words; empty if nothing would."""
    style = box.style
    if isinstance(box, boxes.TextBox):
        supported = {
            "letter_spacing": "normal",
            "word_spacing": 0,
            "text_transform": "none",
            "text_decoration_line": "none",
            "visibility": "visible",
            "font_language_override": "normal",
            "font_variation_settings": "normal",
            "font_variant_caps": "normal",
        }
        unsupported = [name for name, value in supported.items() if style[name] != value]
        if style["white_space"] not in {"normal", "nowrap"}:
            unsupported.append("white_space")
        if style["hyphens"] not in {"none", "manual"}:
            unsupported.append("hyphens")
        return unsupported[0].replace("_", " ") if unsupported else ""
    if not isinstance(box, boxes.InlineBox):
        return "a block or picture within text" if box.is_in_normal_flow() else ""
    sides = [f"{kind}_{side}" for kind in ("margin", "padding") for side in ("left", "right")]
    if any(getattr(box, side) for side in sides) or box.border_left_width or box.border_right_width:
        return "inline element with margin, padding or border"
    background = style["background_color"]
    if background == "currentcolor" or background.alpha or style["position"] != "static":
        return "inline element with background or position"
    return "vertical alignment" if style["vertical_align"] != "baseline" else ""


def _line_texts(line: Any) -> Iterator[LineText]:
    for box in _inside(line):
        if isinstance(box, boxes.TextBox):
            yield LineText(
                box=box,
                element=box.element,
                generated="::" in (box.element_tag or ""),
                nowrap=box.style["white_space"] == "nowrap",
                text=box.text,
                drawn=box.pango_layout.text if box.text else "",
            )


@lru_cache(maxsize=20_000)
def break_points(text: str, language: str) -> tuple[int, ...]:
    """Positions in a text before which Pango, and so WeasyPrint, may break a line."""
    if len(text) < 2:
        return ()
    attributes = get_log_attrs(text, language)
    return tuple(index for index in range(1, len(text)) if attributes[index].is_line_break)


def is_font_of(font: Any, file: bytes) -> bool:
    """Whether a font was read from this file: their glyph tables are the same."""
    return _table_of(font.file_content, b"glyf") == _table_of(file, b"glyf")


def _table_of(font: bytes, tag: bytes) -> bytes:
    count = int.from_bytes(font[4:6], "big")
    for entry in range(12, 12 + 16 * count, 16):
        if font[entry : entry + 4] == tag:
            offset, length = int.from_bytes(font[entry + 8 : entry + 12]), int.from_bytes(font[entry + 12 : entry + 16])
            return font[offset : offset + length]
    return b""


def font_choice(box: Any) -> tuple[Any, ...]:
    """The properties of a text box's style that select the font file."""
    style = box.style
    return (style["font_family"], style["font_weight"], style["font_style"], style["font_stretch"])


def font_scale(box: Any) -> int:
    """Font size in 1/1024 CSS pixels."""
    return int(box.style["font_size"] * 1024)


def shaping_features(box: Any) -> tuple[tuple[str, int], ...]:
    """OpenType features that the style requests."""
    style = box.style
    names = ("kerning", "variant_ligatures", "variant_position", "variant_caps", "variant_numeric")
    rest = ("variant_alternates", "variant_east_asian", "feature_settings")
    features = font_features(*(style[f"font_{name}"] for name in (*names, *rest)))
    return tuple(sorted(features.items()))


def language_of(box: Any) -> str:
    return str(box.style["lang"] or "en")


def static_objects(
    drawing: Drawing, links: Set[int] = frozenset()
) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    """Streams (as written) and other objects (their data) that all documents of a layout share.

    `links` are the numbers of annotations to leave out, since their URLs differ.
    """
    varying = {stream.number for stream in drawing.page_streams} | drawing.font_objects()
    varying |= links
    varying.add(metadata_number(drawing))
    streams, others = [], []
    for each in drawing.pdf.objects:
        if each.free == "f" or each.number in varying:
            continue
        if each.compressible:
            others.append((each.number, each.data))
        else:
            streams.append((each.number, each.indirect))
    return streams, others


_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+")
"""URLs that WeasyPrint writes unchanged."""


def link_string(url: str) -> bytes:
    """A URL as a PDF string. Raises `ValueError` for a URL in which WeasyPrint would replace characters."""
    if not _PLAIN_URL.fullmatch(url):
        raise ValueError("The URL has characters that must be escaped")
    return bytes(pydyf.String(url).data)


def metadata_number(drawing: Drawing) -> int:
    return int(drawing.pdf.catalog["Metadata"].split()[0])


def font_numbers(drawing: Drawing, font: Any) -> tuple[int, int, int, int, int]:
    """Numbers of a font's objects: font, descendant, descriptor, character map, program."""
    outer = drawing._object(drawing._font_dictionary()[font.hash])
    descendant = drawing._object(outer["DescendantFonts"][0])
    descriptor = drawing._object(descendant["FontDescriptor"])
    return (
        outer.number,
        descendant.number,
        descriptor.number,
        int(outer["ToUnicode"].split()[0]),
        int(descriptor["FontFile2"].split()[0]),
    )


def has_plain_metadata(drawing: Drawing) -> bool:
    """Whether the document has no metadata other than title, dates and language."""
    metadata = drawing.document.metadata
    return (
        not (
            metadata.authors
            or metadata.description
            or metadata.keywords
            or metadata.generator
            or metadata.attachments
            or metadata.custom
        )
        and not metadata.xmp_metadata
    )


@lru_cache(maxsize=64)
def describe_document(title: str, created: str, modified: str) -> tuple[bytes, bytes]:
    """The document's information dictionary and XMP packet, as WeasyPrint writes them."""
    info = pydyf.Dictionary({"Producer": pydyf.String(f"WeasyPrint {weasyprint.VERSION}")})
    if title:
        info["Title"] = pydyf.String(title)
    if created:
        info["CreationDate"] = pydyf.String(_w3c_date_to_pdf(created, "created"))
    if modified:
        info["ModDate"] = pydyf.String(_w3c_date_to_pdf(modified, "modified"))
    scratch = pydyf.PDF()
    metadata = DocumentMetadata(title=title or None, created=created or None, modified=modified or None)
    metadata.include_in_pdf(scratch, "ua", 1, conformance=None, compress=True)
    return info.data, scratch.objects[-1].data
