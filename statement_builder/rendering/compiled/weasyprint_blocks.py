"""Where WeasyPrint painted each block of a document, and its structure elements.

With `weasyprint_adapter`, the only module that uses WeasyPrint's private modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pydyf
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.pdf import tags

_PAINTERS = (
    "set_mask_border",
    "draw_border",
    "draw_table",
    "draw_line",
    "draw_inline_level",
    "draw_replacedbox",
    "draw_stacking_context",
)
_FRAME = (-1, "")
FIXED = "context"
"""The phase in which a positioned element is painted, with all in it."""
MARKER = "marker"
"""The phase in which the markers of a list are painted: they are positioned too, but move with their items."""
_AVOID = frozenset({"avoid", "avoid-page"})
_TO_BYTES = pydyf._to_bytes
_Function = Callable[..., Any]


@dataclass(kw_only=True)
class Span:
    """A block's operators of one phase of painting: backgrounds and borders, lines, markers, or a whole stacking
    context."""

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
    around: frozenset[int]
    """The `id()` of each element that contains only blocks."""
    spans: list[Span] = field(default_factory=list)
    elements: list[tuple[Any, int]] = field(default_factory=list)
    """Structure elements that belong to a block, or with -1 for the block, that contain only blocks."""
    problem: str = ""
    """Why the document cannot be divided; empty if it can be."""

    def owner(self, box: Any) -> int:
        """The block that a box belongs to; -1 for the frame."""
        return -1 if box.element is None else self.owners.get(id(box.element), -1)


@contextmanager
def record_painting(blocks: Sequence[Any], around: Sequence[Any]) -> Iterator[Painting]:
    """Record what WeasyPrint draws of the elements `blocks` while this context is open. The elements `around` contain
    only blocks.

    The first operators of each span set color and font, whatever was set before it. So a span can be moved to another
    document.
    """
    painting = Painting(
        owners={id(each): number for number, block in enumerate(blocks) for each in block.iter()},
        around=frozenset(map(id, around)),
    )
    recorder = _Recorder(painting)
    originals = {name: getattr(draw, name) for name in _PAINTERS}
    to_bytes, build_tree = pydyf._to_bytes, tags._build_box_tree
    for name, original in originals.items():
        setattr(draw, name, partial(getattr(recorder, name), original))
    tags._build_box_tree = partial(recorder.build_box_tree, build_tree)
    try:
        yield painting
    finally:
        for name, original in originals.items():
            setattr(draw, name, original)
        pydyf._to_bytes, tags._build_box_tree = to_bytes, build_tree


class _Recorder:
    """Stands between WeasyPrint's functions. Its methods have their names, and call them."""

    def __init__(self, painting: Painting) -> None:
        self._painting = painting
        self._pending: Span | None = None
        self._pending_box: Any = None
        self._latest: dict[int, tuple[int, str]] = {}
        """What was painted last on each stream."""
        self._rules: list[tuple[int, float, float]] | None = None
        """While a table of blocks is drawn, the first operator of each rule, and where it begins and ends."""

    def set_mask_border(self, original: _Function, stream: Any, box: Any) -> None:
        """WeasyPrint calls this first for each box with a background or border."""
        original(stream, box)
        if self._begin(stream, box, "background"):
            self._pending_box = box

    def draw_border(self, original: _Function, stream: Any, box: Any) -> None:
        """WeasyPrint calls this last for each of them."""
        original(stream, box)
        if self._pending_box is box:
            self._end(stream)

    def draw_table(self, original: _Function, stream: Any, table: Any) -> None:
        rows = [row for group in table.children for row in group.children]
        if self._pending is None and rows and self._painting.owner(rows[0]) >= 0:
            self._draw_rows(original, stream, table, rows)
            return
        is_own, self._pending_box = self._pending_box is table, None
        original(stream, table)
        if is_own:
            self._end(stream)

    def draw_line(self, original: _Function, stream: Any, *line: Any) -> None:
        if self._rules is not None:
            _, y1, _, y2, *_ = line
            # The line is in an artifact and in a group: three operators.
            self._rules.append((len(stream.stream) - 3, y1, y2))
        original(stream, *line)

    def draw_inline_level(
        self, original: _Function, stream: Any, page: Any, box: Any, *rest: Any, **named: Any
    ) -> None:
        is_own = not hasattr(box, "box") and self._begin(stream, box, "line")
        original(stream, page, box, *rest, **named)
        if is_own:
            self._end(stream)

    def draw_replacedbox(self, original: _Function, stream: Any, box: Any) -> None:
        is_own = self._begin(stream, box, "line")
        original(stream, box)
        if is_own:
            self._end(stream)

    def draw_stacking_context(self, original: _Function, stream: Any, context: Any) -> None:
        is_marker = str(context.box.element_tag).endswith("::marker")
        is_own = self._begin(stream, context.box, MARKER if is_marker else FIXED)
        original(stream, context)
        if is_own:
            self._end(stream)

    def build_box_tree(self, original: _Function, box: Any, *rest: Any) -> Iterator[Any]:
        box_itself = box._box if isinstance(box, AbsolutePlaceholder) else box
        owner = self._painting.owner(box_itself)
        is_around = id(box_itself.element) in self._painting.around
        for element in original(box, *rest):
            if owner >= 0 or is_around:
                self._painting.elements.append((element, owner))
            yield element

    def _begin(self, stream: Any, box: Any, phase: str) -> bool:
        """Begin a span unless one is pending or the box belongs to the frame."""
        if self._pending is not None:
            return False
        owner = self._painting.owner(box)
        self._change_painter(stream, (owner, phase) if owner >= 0 else _FRAME)
        if owner >= 0:
            pydyf._to_bytes = _exact_bytes
            self._pending = Span(stream=stream, block=owner, phase=phase, start=len(stream.stream))
        return owner >= 0

    def _change_painter(self, stream: Any, painter: tuple[int, str]) -> None:
        if painter != self._latest.get(id(stream), _FRAME):
            stream._current_color = stream._current_color_stroke = None
            stream._current_alpha = stream._current_alpha_stroke = None
            stream._current_font = stream._old_font = None
        self._latest[id(stream)] = painter

    def _end(self, stream: Any) -> None:
        pydyf._to_bytes = _TO_BYTES
        span, self._pending, self._pending_box = self._pending, None, None
        assert span is not None
        span.end = len(stream.stream)
        spans = self._painting.spans
        if spans and _continues(spans[-1], span):
            spans[-1].end = span.end
        else:
            spans.append(span)

    def _draw_rows(self, original: _Function, stream: Any, table: Any, rows: Sequence[Any]) -> None:
        """Draw a table whose rows are blocks. Its rules, which are all horizontal and do not touch, are drawn row by
        row, each with the row above it."""
        self._change_painter(stream, _FRAME)
        self._rules, pydyf._to_bytes = [], _exact_bytes
        start = len(stream.stream)
        original(stream, table)
        rules, self._rules, pydyf._to_bytes = self._rules, None, _TO_BYTES
        by_row: list[list[Any]] = [[] for _ in rows]
        ends = [*(first for first, _, _ in rules[1:]), len(stream.stream)]
        for (first, y1, y2), end in zip(rules, ends, strict=False):
            if y1 != y2 or stream.stream[first] != "/Artifact":
                self._painting.problem = "a table with other rules than between rows"
            row = sum(each.position_y < y1 for each in rows)
            by_row[max(row - 1, 0)] += stream.stream[first:end]
        if rules and rules[0][0] != start:
            self._painting.problem = "a table with backgrounds"
            return
        del stream.stream[start:]
        for row, operators in zip(rows, by_row, strict=True):
            first = len(stream.stream)
            stream.stream += operators
            owner = self._painting.owner(row)
            self._painting.spans.append(
                Span(stream=stream, block=owner, phase="background", start=first, end=len(stream.stream))
            )


def _continues(previous: Span, span: Span) -> bool:
    return (previous.stream, previous.block, previous.phase, previous.end) == (
        span.stream,
        span.block,
        span.phase,
        span.start,
    )


def _exact_bytes(item: Any) -> Any:
    """As pydyf, but with twelve decimals instead of six: see `weasyprint_adapter.round_numbers`."""
    if isinstance(item, float) and not item.is_integer():
        return f"{item:.12f}".rstrip("0").encode("ascii")
    return _TO_BYTES(item)


@dataclass(kw_only=True)
class BlockBox:
    """A block as laid out on one page, in CSS pixels from the top of the page."""

    block: int
    page: int
    top: float
    bottom: float
    above: float
    """Its margin, with those of other elements that it collapses with."""
    below: float
    overhang: float
    """The border of a table below its last row, which is not in the row."""
    is_divisible: bool
    """A page break within it is allowed."""
    keeps_with_group: bool
    """No page break is allowed within the table or section that it is a part of."""
    is_repeated: bool
    """A heading row, which WeasyPrint draws on each page of its table."""
    keeps_with_previous: bool
    keeps_with_next: bool
    starts: str
    """See `blocks.Block.starts`."""
    upper_edge: bytes
    """The borders that a row's cells ask for, from which the table chooses: empty if there are none."""
    lower_edge: bytes


def find_block_boxes(drawing: Any, count: int) -> list[BlockBox] | None:
    """The boxes of the blocks, page by page: one of each block, and one more of a heading row wherever its table
    continues. None if a block has no box, or is divided, or has a forced page break after it."""
    painting = drawing.painting
    found: dict[tuple[int, int], BlockBox] = {}
    seen: set[int] = set()
    begun: set[int] = set()
    """The `id()` of the elements around the blocks so far."""
    for page, page_box in enumerate(drawing.page_boxes):
        for path in _block_paths(page_box, painting):
            box = path[-1]
            owner = painting.owner(box)
            around = [each for each in path[:-1] if each.element is not None and id(each.element) in painting.around]
            first_in = [each for each in around if id(each.element) not in begun]
            begun.update(id(each.element) for each in around)
            before = {each.style["break_before"] for each in first_in} | _breaks(box, "before", 0)
            after = _breaks(box, "after", -1)
            outside = {each.style["break_after"] for each in path[:-1]}
            outside |= {each.style["break_before"] for each in path[:-1] if each not in around}
            starts = before - {"auto", *_AVOID}
            if not after <= {"auto", *_AVOID} or outside - {"auto"} or not _is_known_start(starts):
                return None
            is_repeated = any(isinstance(each, boxes.TableRowGroupBox) and each.is_header for each in path)
            if (owner, page) in found or (owner in seen and not is_repeated):
                return None
            seen.add(owner)
            keeps_with_group = any(each.style["break_inside"] != "auto" for each in around)
            found[owner, page] = BlockBox(
                block=owner,
                page=page,
                top=box.border_box_y(),
                bottom=box.border_box_y() + box.border_height(),
                above=_margin(path, around, "top"),
                below=_margin(path, around, "bottom"),
                overhang=_overhang(path),
                is_divisible=_is_divisible(box) and not keeps_with_group,
                keeps_with_group=keeps_with_group,
                is_repeated=is_repeated,
                keeps_with_previous=bool(before & _AVOID) and not starts,
                keeps_with_next=after != {"auto"},
                starts=next(iter(starts), ""),
                upper_edge=_edge(box, "top"),
                lower_edge=_edge(box, "bottom"),
            )
    return sorted(found.values(), key=lambda box: (box.page, box.block)) if len(seen) == count else None


def _is_known_start(starts: set[str]) -> bool:
    return len(starts) <= 1 and starts <= {"page", "right"}


def _breaks(box: Any, side: str, index: int) -> set[str]:
    """What a box asks for before or after it, as do its first or last child and so on (CSS Fragmentation 3, 3.1)."""
    values = {box.style[f"break_{side}"]}
    while (children := getattr(box, "children", None)) and isinstance(children[index], boxes.BlockLevelBox):
        box = children[index]
        values.add(box.style[f"break_{side}"])
    return values


def _block_paths(box: Any, painting: Painting, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The outermost box of each block on a page, after the boxes around it."""
    box = box._box if isinstance(box, AbsolutePlaceholder) else box
    path = (*path, box)
    if painting.owner(box) >= 0:
        yield path
    else:
        for child in getattr(box, "children", ()):
            yield from _block_paths(child, painting, path)


def _edge(box: Any, side: str) -> bytes:
    if not isinstance(box, boxes.TableRowBox):
        return b""
    borders = [
        (
            getattr(each, "colspan", 0),
            *(str(each.style[f"border_{side}_{name}"]) for name in ("style", "width", "color")),
        )
        for each in (box, *box.children)
    ]
    return repr(borders).encode() if any(style != "none" for _, style, *_ in borders) else b""


def _is_divisible(box: Any) -> bool:
    """Whether a page break is allowed within a box: between two of its lines or blocks, or within one of them."""
    if box.style["break_inside"] != "auto":
        return False
    children = [child for child in box.children if not isinstance(child, AbsolutePlaceholder)]
    if all(isinstance(child, boxes.LineBox) for child in children):
        return bool(box.style["orphans"] <= len(children))  # lines alone stay together: see the style sheet
    return len(children) > 1 or any(map(_is_divisible, children))


def _margin(path: Sequence[Any], around: Sequence[Any], side: str) -> float:
    """A block's margin, collapsed with those of its first or last descendants and of the elements of which it is the
    first or last (CSS 2.2, 8.3.1). Rows of a table have none, except for the table's at its ends."""
    index = 0 if side == "top" else -1
    margins = []
    chain = list(path[len(path) - 1 - len(around) :])
    while len(chain) > 1 and _is_end(chain[-2], chain[-1], index):
        chain.pop()
    box = chain[-1]
    while True:
        if not isinstance(box, boxes.TableRowBox | boxes.TableRowGroupBox | boxes.TableBox) or box.is_table_wrapper:
            margins.append(_pixels(box.style[f"margin_{side}"]))
        children = [child for child in getattr(box, "children", ()) if not isinstance(child, AbsolutePlaceholder)]
        if (
            box.is_table_wrapper
            or not children
            or not isinstance(children[index], boxes.BlockBox)
            or getattr(box, f"padding_{side}")
            or getattr(box, f"border_{side}_width")
        ):
            return max(0.0, *margins) + min(0.0, *margins) if len(margins) > 1 else sum(margins)
        box = children[index]


def _overhang(path: Sequence[Any]) -> float:
    if len(path) < 3 or not isinstance(path[-3], boxes.TableBox):
        return 0.0
    table, group, row = path[-3:]
    return float(table.border_bottom_width) if _is_end(table, group, -1) and _is_end(group, row, -1) else 0.0


def _is_end(around: Any, box: Any, index: int) -> bool:
    """Whether a box is the first or last in the one around it. On a page, another may be if that one continues."""
    if around.element is not box.element:
        children = [child for child in around.element if child.tag not in {"colgroup", "caption"}]
        if children[index] is not box.element:
            return False
    return around.children[index] is box


def _pixels(length: Any) -> float:
    return float(length.value) if getattr(length, "unit", "") == "px" else 0.0


def page_limits(drawing: Any) -> list[float]:
    """For each page where its flow ends, above the footnotes, in CSS pixels."""
    limits = []
    for page_box in drawing.page_boxes:
        areas = [child for child in page_box.children if isinstance(child, boxes.FootnoteAreaBox)]
        limits.append(page_box.content_box_y() + page_box.height - sum(area.margin_height() for area in areas))
    return limits


def page_starts(drawing: Any) -> list[float]:
    """For each page where its flow begins, in CSS pixels."""
    return [page_box.content_box_y() for page_box in drawing.page_boxes]


def is_positioned(drawing: Any, block: int) -> bool:
    """Whether the position and size of a block's box are fixed by its style, so that it changes no other."""
    for page_box in drawing.page_boxes:
        for *_, box in _block_paths(page_box, drawing.painting):
            if drawing.painting.owner(box) == block:
                style = box.style
                return style["position"] == "absolute" and all(
                    style[each] != "auto" for each in ("top", "left", "width")
                )
    return False
