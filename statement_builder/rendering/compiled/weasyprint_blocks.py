"""Where WeasyPrint painted each block of a document, and its structure elements. With `weasyprint_adapter`, the only module
that uses WeasyPrint's private modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pydyf
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.pdf import tags

_FRAME = (-1, "")


@dataclass(kw_only=True)
class Span:
    """A block's operators of one phase of painting: backgrounds and borders, lines, or a whole stacking context."""

    stream: Any
    block: int
    phase: str
    start: int
    end: int = -1


@dataclass(kw_only=True)
class Painting:
    """What was recorded while a document was drawn."""

    owners: Mapping[int, int]
    """Block by the `id()` of an element in it."""
    spans: list[Span] = field(default_factory=list)
    elements: list[tuple[Any, int]] = field(default_factory=list)
    """Structure elements that belong to a block."""

    def owner(self, box: Any) -> int:
        """The block that a box belongs to; -1 for the frame."""
        return -1 if box.element is None else self.owners.get(id(box.element), -1)


@contextmanager
def record_painting(blocks: Sequence[Any]) -> Iterator[Painting]:
    """Record what WeasyPrint draws of the elements `blocks` while this context is open.

    The first operators of each span set color and font, whatever was set before it. So a span can be moved to another
    document.
    """
    painting = Painting(owners={id(each): number for number, block in enumerate(blocks) for each in block.iter()})
    names = (
        "set_mask_border",
        "draw_border",
        "draw_table",
        "draw_inline_level",
        "draw_replacedbox",
        "draw_stacking_context",
    )
    originals = {name: getattr(draw, name) for name in names}
    to_bytes, build_tree = pydyf._to_bytes, tags._build_box_tree
    pending: list[Span] = []
    pending_box: list[Any] = []
    latest: dict[int, tuple[int, str]] = {}

    def begin(stream: Any, box: Any, phase: str) -> bool:
        """Begin a span unless one is pending or the box belongs to the frame."""
        if pending:
            return False
        owner = painting.owner(box)
        painter = (owner, phase) if owner >= 0 else _FRAME
        if painter != latest.get(id(stream), _FRAME):
            _forget_state(stream)
        latest[id(stream)] = painter
        if owner >= 0:
            pydyf._to_bytes = _exact_bytes
            pending.append(Span(stream=stream, block=owner, phase=phase, start=len(stream.stream)))
        return owner >= 0

    def end(stream: Any) -> None:
        pydyf._to_bytes = to_bytes
        span = pending.pop()
        span.end = len(stream.stream)
        previous = painting.spans[-1] if painting.spans else span
        if (previous.stream, previous.block, previous.phase, previous.end) == (
            stream,
            span.block,
            span.phase,
            span.start,
        ):
            previous.end = span.end
        else:
            painting.spans.append(span)

    def set_mask_border(stream: Any, box: Any) -> None:
        originals["set_mask_border"](stream, box)
        if begin(stream, box, "background"):
            pending_box.append(box)

    def draw_border(stream: Any, box: Any) -> None:
        originals["draw_border"](stream, box)
        if pending_box == [box]:
            pending_box.clear()
            end(stream)

    def draw_table(stream: Any, table: Any) -> None:
        is_own = pending_box == [table]
        pending_box.clear()
        originals["draw_table"](stream, table)
        if is_own:
            end(stream)

    def draw_inline_level(stream: Any, page: Any, box: Any, *rest: Any, **named: Any) -> None:
        is_own = not hasattr(box, "box") and begin(stream, box, "line")
        originals["draw_inline_level"](stream, page, box, *rest, **named)
        if is_own:
            end(stream)

    def draw_replacedbox(stream: Any, box: Any) -> None:
        is_own = begin(stream, box, "line")
        originals["draw_replacedbox"](stream, box)
        if is_own:
            end(stream)

    def draw_stacking_context(stream: Any, context: Any) -> None:
        is_own = begin(stream, context.box, "context")
        originals["draw_stacking_context"](stream, context)
        if is_own:
            end(stream)

    def build_box_tree(box: Any, *rest: Any) -> Iterator[Any]:
        inner = box._box if isinstance(box, AbsolutePlaceholder) else box
        owner = painting.owner(inner)
        for element in build_tree(box, *rest):
            if owner >= 0:
                painting.elements.append((element, owner))
            yield element

    replacements = (
        set_mask_border,
        draw_border,
        draw_table,
        draw_inline_level,
        draw_replacedbox,
        draw_stacking_context,
    )
    for replacement in replacements:
        setattr(draw, replacement.__name__, replacement)
    tags._build_box_tree = build_box_tree
    try:
        yield painting
    finally:
        for name, original in originals.items():
            setattr(draw, name, original)
        pydyf._to_bytes, tags._build_box_tree = to_bytes, build_tree


def _forget_state(stream: Any) -> None:
    stream._current_color = stream._current_color_stroke = None
    stream._current_alpha = stream._current_alpha_stroke = None
    stream._current_font = stream._old_font = None


def _exact_bytes(item: Any, convert: Any = pydyf._to_bytes) -> Any:
    """As pydyf, but with twelve decimals instead of six: see `weasyprint_adapter.round_numbers`."""
    if isinstance(item, float) and not item.is_integer():
        return f"{item:.12f}".rstrip("0").encode("ascii")
    return convert(item)


@dataclass(kw_only=True)
class BlockBox:
    """A block as laid out, in CSS pixels from the top of the page."""

    page: int
    top: float
    bottom: float
    is_divisible: bool
    """A page break within it is allowed."""
    keeps_with_previous: bool
    keeps_with_next: bool


def find_block_boxes(drawing: Any, painting: Painting, count: int) -> list[BlockBox] | None:
    """The box of each block; None if one has no box, or several, or a forced page break."""
    found: dict[int, BlockBox] = {}
    for page, page_box in enumerate(drawing.page_boxes):
        for box in _principal_boxes(page_box, painting):
            owner = painting.owner(box)
            style = box.style
            before, after = style["break_before"], style["break_after"]
            if owner in found or not {before, after} <= {"auto", "avoid", "avoid-page"}:
                return None
            found[owner] = BlockBox(
                page=page,
                top=box.border_box_y(),
                bottom=box.border_box_y() + box.border_height(),
                is_divisible=style["break_inside"] == "auto" and not _has_only_lines(box),
                keeps_with_previous=before != "auto",
                keeps_with_next=after != "auto",
            )
    return [found[number] for number in range(count)] if len(found) == count else None


def _principal_boxes(box: Any, painting: Painting) -> Iterator[Any]:
    """The outermost box of each block on a page."""
    box = box._box if isinstance(box, AbsolutePlaceholder) else box
    if painting.owner(box) >= 0:
        yield box
    else:
        for child in getattr(box, "children", ()):
            yield from _principal_boxes(child, painting)


def _has_only_lines(box: Any) -> bool:
    """Lines alone stay together: see `orphans` in the style sheet."""
    children = box.children
    return box.style["orphans"] > len(children) and all(isinstance(child, boxes.LineBox) for child in children)


def page_limits(drawing: Any) -> list[float]:
    """For each page where its flow ends, above the footnotes, in CSS pixels."""
    limits = []
    for page_box in drawing.page_boxes:
        areas = [child for child in page_box.children if isinstance(child, boxes.FootnoteAreaBox)]
        limits.append(page_box.content_box_y() + page_box.height - sum(area.margin_height() for area in areas))
    return limits


def is_positioned(drawing: Any, painting: Painting, block: int) -> bool:
    """Whether the position and size of a block's box are fixed by its style, so that it changes no other."""
    for page_box in drawing.page_boxes:
        for box in _principal_boxes(page_box, painting):
            if painting.owner(box) == block:
                style = box.style
                return style["position"] == "absolute" and all(
                    style[each] != "auto" for each in ("top", "left", "width")
                )
    return False
