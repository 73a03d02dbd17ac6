"""The only contact with WeasyPrint's private modules, held against one pinned version.

Lays a document out, draws it, and notes for every piece of text which box it came from and where in the page's content
stream it went. `tests/rendering/test_weasyprint_adapter.py` fails on the day that any of this changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
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

PINNED_VERSION = "70.0"
"""What all of this was read from and is tested with."""


@dataclass(kw_only=True)
class DrawnText:
    """One text box as it was drawn. `matrix` and `shown` are places in the stream's list of operators."""

    stream: Any
    font: Any = None
    size: float = 0.0
    matrix: int = -1
    shown: int = -1
    trouble: str = ""


@dataclass(kw_only=True)
class Drawing:
    """A document laid out and drawn, before it is written: WeasyPrint's own objects."""

    document: Any
    pdf: Any
    texts: dict[int, DrawnText]
    """By the identity of the text box."""

    @property
    def page_boxes(self) -> list[Any]:
        return [page._page_box for page in self.document.pages]

    @property
    def page_streams(self) -> list[Any]:
        """The content stream of each page."""
        numbers = self.pdf.pages["Kids"][::3]
        return [self._object(self.pdf.objects[number]["Contents"]) for number in numbers]

    def link_annotations(self) -> Iterator[tuple[Any, int, bytes]]:
        """Every link annotation: the element of its box, its object's number and data."""
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
        """Numbers of all objects that belong to the fonts: they are written anew for each document."""
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
    """Thrown when all is drawn, so that nothing is written: the file is assembled elsewhere."""

    def __init__(self, document: Any, pdf: Any) -> None:
        super().__init__()
        self.document = document
        self.pdf = pdf


def _stop(document: Any, pdf: Any) -> None:
    raise _Drawn(document, pdf)


def draw_document(tree: Any, *, styles: list[Any], fonts: Any) -> Drawing:
    """Lay out and draw an HTML tree as the plain engine does, noting where every text went."""
    document = tree.render(font_config=fonts, stylesheets=styles, pdf_variant="pdf/ua-1")
    with _noting_texts() as texts:
        try:
            document.write_pdf(finisher=_stop, pdf_variant="pdf/ua-1")
        except _Drawn as drawn:
            return Drawing(document=drawn.document, pdf=drawn.pdf, texts=texts)
    raise AssertionError("WeasyPrint did not call the finisher")


@contextmanager
def _noting_texts() -> Iterator[dict[int, DrawnText]]:
    """While this is open, every text that WeasyPrint draws is noted."""
    texts: dict[int, DrawnText] = {}
    current: list[DrawnText] = []
    draw_text, set_font_size, add_font, clean = draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean

    def note_text(stream: Any, box: Any, offset_x: float, text_overflow: Any, block_ellipsis: Any) -> None:
        begin = max(len(stream.stream) - 1, 0)
        note = DrawnText(stream=stream)
        current.append(note)
        draw_text(stream, box, offset_x, text_overflow, block_ellipsis)
        current.pop()
        _find_operators(note, begin)
        texts[id(box)] = note

    def note_size(stream: Any, name: str, size: float) -> None:
        if current:
            note = current[-1]
            if note.size and note.size != size:
                note.trouble = "several fonts in one text"
            note.size = size
        set_font_size(stream, name, size)

    def note_font(stream: Any, pango_font: Any) -> Any:
        font, size = add_font(stream, pango_font)
        if current:
            if current[-1].font not in (None, font):
                current[-1].trouble = "several fonts in one text"
            current[-1].font = font
        return font, size

    def leave_whole(font: Any, to_unicode: Any, hinting: Any) -> None:
        """Fonts are cut elsewhere."""

    draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean = note_text, note_size, note_font, leave_whole
    try:
        yield texts
    finally:
        draw.draw_text, Stream.set_font_size, Stream.add_font, Font.clean = draw_text, set_font_size, add_font, clean


def _find_operators(note: DrawnText, begin: int) -> None:
    operators = note.stream.stream
    for place in range(begin, len(operators)):
        operator = operators[place]
        if isinstance(operator, bytes) and operator.endswith(b" Tm"):
            note.matrix = place
        elif isinstance(operator, bytes) and operator.endswith(b" TJ"):
            if note.shown >= 0:
                note.trouble = "text drawn in parts"
            note.shown = place
        elif isinstance(operator, bytes) and operator.endswith(b" Ts"):
            note.trouble = "text rise"


def operator_bytes(operators: list[Any]) -> bytes:
    """Operators as they are written into a content stream."""
    return b"\n".join(pydyf._to_bytes(operator) for operator in operators)


@dataclass(kw_only=True)
class LineText:
    """One text box of a line: the run it belongs to, as WeasyPrint has broken and placed it."""

    box: Any
    element: Any
    generated: bool
    nowrap: bool
    text: str
    """What counts for the width."""
    drawn: str
    """With the blank that WeasyPrint draws at the end of some lines."""


@dataclass(kw_only=True)
class Block:
    """A block with lines of words in it."""

    page: int
    element: Any
    left: float
    width: float
    align: str
    lines: list[list[LineText]]
    trouble: str = ""


def find_blocks(drawing: Drawing) -> tuple[list[Block], str]:
    """Every block with words, in the order of the pages' boxes, and what makes the layout depend on the words."""
    blocks: list[Block] = []
    trouble = ""
    for page, page_box in enumerate(drawing.page_boxes):
        for box in _walk(page_box):
            trouble = trouble or _flexible(box)
            lines = [child for child in getattr(box, "children", ()) if isinstance(child, boxes.LineBox)]
            if lines:
                blocks.append(_block(page, box, lines))
    return blocks, trouble


def _walk(box: Any) -> Iterator[Any]:
    """The boxes of a page that are no part of a line, and those inside lines that are blocks of their own."""
    box = box._box if isinstance(box, AbsolutePlaceholder) else box
    if not isinstance(box, boxes.InlineBox | boxes.LineBox | boxes.TextBox):
        yield box
    for child in getattr(box, "children", ()):
        yield from _walk(child)


def _walk_all(box: Any) -> Iterator[Any]:
    """All boxes, as WeasyPrint looks for links in them."""
    yield box
    for child in box.all_children():
        yield from _walk_all(child)


def _flexible(box: Any) -> str:
    """Why this box's width or place could depend on the words in it; empty if it cannot."""
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
    """`<div class="pair">`: for the template's author. `None` stands for a page."""
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
    troubles = [_inline_trouble(inside) for line in lines for inside in _inside(line)]
    if any(line.text_overflow != "clip" or line.block_ellipsis != "none" for line in lines):
        troubles.append("ellipsis")
    if box.style["text_indent"].value:
        troubles.append("text indent")
    if not block.align:
        troubles.append("text alignment")
    block.trouble = next((f"{trouble} ({_describe(box.element)})" for trouble in troubles if trouble), "")
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


def _inline_trouble(box: Any) -> str:
    """What in a line would have to move or grow with the words, beside the words."""
    style = box.style
    if isinstance(box, boxes.TextBox):
        usual = {
            "letter_spacing": "normal",
            "word_spacing": 0,
            "text_transform": "none",
            "text_decoration_line": "none",
            "visibility": "visible",
            "font_language_override": "normal",
            "font_variation_settings": "normal",
            "font_variant_caps": "normal",
        }
        unusual = [name for name, value in usual.items() if style[name] != value]
        if style["white_space"] not in {"normal", "nowrap"}:
            unusual.append("white_space")
        if style["hyphens"] not in {"none", "manual"}:
            unusual.append("hyphens")
        return unusual[0].replace("_", " ") if unusual else ""
    if not isinstance(box, boxes.InlineBox):
        return "a block or picture among words" if box.is_in_normal_flow() else ""
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
    """Where a line may end within a text, as Pango and so WeasyPrint see it: before which of its characters."""
    if len(text) < 2:
        return ()
    attributes = get_log_attrs(text, language)
    return tuple(place for place in range(1, len(text)) if attributes[place].is_line_break)


def is_font_of(font: Any, file: bytes) -> bool:
    """Whether a font was read from this file: its tables that say what it draws are the same."""
    return _table_of(font.file_content, b"glyf") == _table_of(file, b"glyf")


def _table_of(font: bytes, tag: bytes) -> bytes:
    count = int.from_bytes(font[4:6], "big")
    for entry in range(12, 12 + 16 * count, 16):
        if font[entry : entry + 4] == tag:
            offset, length = int.from_bytes(font[entry + 8 : entry + 12]), int.from_bytes(font[entry + 12 : entry + 16])
            return font[offset : offset + length]
    return b""


def font_choice(box: Any) -> tuple[Any, ...]:
    """What, of a text box's style, decides the font file."""
    style = box.style
    return (style["font_family"], style["font_weight"], style["font_style"], style["font_stretch"])


def font_scale(box: Any) -> int:
    """The font's size in 1/1024 CSS pixels."""
    return int(box.style["font_size"] * 1024)


def shaping_features(box: Any) -> tuple[tuple[str, int], ...]:
    """OpenType features that the style asks for."""
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
    """Streams (as written) and other objects (their data) that are the same in every document of a layout.

    `links` are numbers of annotations that are not.
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


_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+")
"""Characters that WeasyPrint leaves as they are."""


def link_string(address: str) -> bytes:
    """An address as a string of PDF. `ValueError` for one in which WeasyPrint would replace characters."""
    if not _PLAIN_ADDRESS.fullmatch(address):
        raise ValueError("characters that do not belong into an address")
    return bytes(pydyf.String(address).data)


def metadata_number(drawing: Drawing) -> int:
    return int(drawing.pdf.catalog["Metadata"].split()[0])


def font_numbers(drawing: Drawing, font: Any) -> tuple[int, int, int, int, int]:
    """Numbers of a font's objects: font, descendant, descriptor, character map, file."""
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
    """Whether the document says nothing of itself but title, dates and language."""
    said = drawing.document.metadata
    return (
        not (said.authors or said.description or said.keywords or said.generator or said.attachments or said.custom)
        and not said.xmp_metadata
    )


@lru_cache(maxsize=64)
def describe_document(title: str, created: str, modified: str) -> tuple[bytes, bytes]:
    """The document's information dictionary, and its XMP packet: the same that WeasyPrint writes."""
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
