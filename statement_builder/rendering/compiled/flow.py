"""Place blocks on pages as WeasyPrint does, from distances that it chose in other documents.

A block begins a page or follows another one. Blocks that must stay together move to the next page together. A table
with a heading continues on the next page below the same heading. Wherever that does not decide the place beyond doubt,
WeasyPrint lays out the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from statement_builder.rendering.compiled.blocks import UNITS_PER_PIXEL, Block, to_units
from statement_builder.rendering.compiled.segments import Segment, Segments

_DOUBT = UNITS_PER_PIXEL // 20
"""A block that ends this close to the end of the page may fit or not."""


class Place(NamedTuple):
    """A block, its page, and its distance from the top of the page in units."""

    block: int
    page: int
    top: int


Measures = Callable[[bytes], int | None]
"""The distance for a key; None if it is not known."""


class Placed(NamedTuple):
    """A block as WeasyPrint placed it: its page, and top and bottom in CSS pixels."""

    block: int
    page: int
    top: float
    bottom: float


def limit_key(frame: bytes, page: int) -> bytes:
    """Key of where the flow ends on a page."""
    return b"limit %d " % min(page, 1) + frame


def page_start_key(head: bytes) -> bytes:
    """Key of where the flow begins on page 2 and all after it."""
    return b"next " + head


def find_empty_pages(used: Iterable[int]) -> tuple[int, ...]:
    """The pages before the last that have no block: a block begins on a right page, and none is on the left one."""
    pages = set(used)
    return tuple(page for page in range(max(pages)) if page not in pages)


def start_key(segments: Segments, page: int, number: int, block: Block) -> bytes:
    """Key of where a block begins that is the first on its page, or that is not in the flow.

    From page 2 on, that does not depend on its margin: a page break removes it (CSS Fragmentation 3, 5.2). A forced
    break does not.
    """
    top = segments.blocks[number].top
    if block.starts:
        return b"forced " + segments.frame + top
    if not page:
        return b"first " + segments.frame + top
    return b"next " + top if block.is_in_table else page_start_key(segments.head)


def resumed_key(head: bytes) -> bytes:
    """Key of where the heading of a table is that continues from the page before: the table's margin is above its first
    part only."""
    return b"resumed " + head


def is_of_page_1(key: bytes) -> bool:
    """Whether it is the key of where the flow begins or ends on page 1."""
    return key.startswith((b"first ", b"limit 0 "))


def error_key(frame: bytes, above: Segment) -> bytes:
    """Key of how much further a block is from the one above it than `collapsed_margin`: the border of a table, for
    example."""
    return b"error " + frame + above.bottom


def collapsed_margin(above: Block, below: Block) -> int:
    """The distance between two blocks (CSS 2.2, 8.3.1)."""
    margins = (above.below, below.above)
    return max(0, *margins) + min(0, *margins)


def find_measures(segments: Segments, blocks: Sequence[Block], placed: Sequence[Placed]) -> Iterator[tuple[bytes, int]]:
    """The distances that WeasyPrint chose in one document. `placed` is page by page."""
    last: Placed | None = None
    seen: set[int] = set()
    for place in placed:
        segment = segments.blocks[place.block]
        if not segment.is_fixed and last is not None and last.page == place.page:
            gap = to_units(place.top - last.bottom)
            margin = collapsed_margin(blocks[last.block], blocks[place.block])
            yield error_key(segments.frame, segments.blocks[last.block]), gap - margin
        elif place.block in seen:
            yield resumed_key(segments.head), to_units(place.top)
        else:
            yield start_key(segments, place.page, place.block, blocks[place.block]), to_units(place.top)
        seen.add(place.block)
        last = None if segment.is_fixed else place


class _Uncertain(Exception):
    """WeasyPrint must decide."""


def place_blocks(segments: Segments, blocks: Sequence[Block], measures: Measures) -> list[Place] | None:
    """The places of the blocks, page by page. None if WeasyPrint must decide."""
    flow = _Flow(segments, blocks, measures)
    try:
        for run in flow.runs():
            flow.obey_break(run[0])
            if not flow.add(run):
                flow.begin_page(run[0])
                if not flow.add(run):
                    return None
    except _Uncertain:
        return None
    return flow.places


def find_heads(segments: Sequence[Segment]) -> list[int]:
    """For each block the first part of the table or section that it is a part of; itself if it is not."""
    heads: list[int] = []
    for number, segment in enumerate(segments):
        is_first = number == 0 or segment.group < 0 or segment.group != segments[number - 1].group
        heads.append(number if is_first else heads[-1])
    return heads


class _Flow:
    """The blocks placed so far."""

    def __init__(self, segments: Segments, blocks: Sequence[Block], measures: Measures) -> None:
        self._all = segments
        self._segments = segments.blocks
        self._blocks = blocks
        self._measures = measures
        self._heads = find_heads(segments.blocks)
        self.places: list[Place] = []
        self._page = 0
        self._last: Place | None = None
        """The last block of this page's flow."""

    def runs(self) -> list[list[int]]:
        """Blocks that no page break separates, or for which only WeasyPrint knows whether one does."""
        runs: list[list[int]] = []
        for number, segment in enumerate(self._segments):
            is_fixed = not runs or segment.is_fixed or self._segments[number - 1].is_fixed
            if is_fixed or self._blocks[number].starts or not self._joins_previous(number):
                runs.append([number])
            else:
                runs[-1].append(number)
        return runs

    def _joins_previous(self, number: int) -> bool:
        block, previous = self._blocks[number], self._blocks[number - 1]
        if block.keeps_with_previous or previous.keeps_with_next:
            return True
        if self._heads[number] == number:
            return False
        return block.keeps_with_group or previous.is_repeated or self._is_in_bare_table(number)

    def obey_break(self, number: int) -> None:
        """Begin the page that a block must be the first on. The pages before a right one may be empty."""
        starts = self._blocks[number].starts
        if starts and self._last is not None:
            self._page, self._last = self._page + 1, None
            if starts == "right" and self._page % 2:  # counted from 0, and page 1 is a right page
                self._page += 1

    def begin_page(self, number: int) -> None:
        """Begin a page with a block: below its table's heading, if the table has begun on an earlier page."""
        self._page, self._last = self._page + 1, None
        heading = self._heads[number]
        if heading == number or not self._blocks[heading].is_repeated:
            return
        top = self._measure(resumed_key(self._all.head))
        while self._blocks[heading].is_repeated:
            self._last = Place(heading, self._page, top)
            self.places.append(self._last)
            heading += 1
            top, is_known = self._below(self._last, heading)
            if not is_known:
                raise _Uncertain

    def add(self, run: Sequence[int]) -> bool:
        """Place blocks on the current page; False if one certainly does not fit. Raises `_Uncertain`."""
        last = self._last
        places: list[Place] = []
        is_certain = True
        for number in run:
            segment, block = self._segments[number], self._blocks[number]
            if last is None or segment.is_fixed:
                top = self._measure(start_key(self._all, self._page, number, block))
            else:
                top, is_known = self._below(last, number)
                is_certain = is_certain and is_known
            place = Place(number, self._page, top)
            places.append(place)
            if not segment.is_fixed:
                last = place
                room = self._measure(limit_key(self._all.frame, self._page)) - top - block.height - block.overhang
                if room < -_DOUBT and not any(self._may_be_divided(each.block) for each in places):
                    return False
                is_certain = is_certain and room >= _DOUBT
        if not is_certain:
            raise _Uncertain
        self.places += places
        self._last = last
        return True

    def _may_be_divided(self, number: int) -> bool:
        """Whether WeasyPrint may divide this block, or its table or section before it, in a way that is not known."""
        block = self._blocks[number]
        return block.is_divisible or (
            self._heads[number] != number and not block.keeps_with_group and self._is_in_bare_table(number)
        )

    def _is_in_bare_table(self, number: int) -> bool:
        """Whether it is a row of a table without a heading, or within a section."""
        return self._blocks[number].is_in_table and not self._blocks[self._heads[number]].is_repeated

    def _below(self, above: Place, number: int) -> tuple[int, bool]:
        """Where a block below another one begins, or a place that it does not begin above, and whether it is known."""
        top = above.top + self._blocks[above.block].height
        top += collapsed_margin(self._blocks[above.block], self._blocks[number])
        error = self._measures(error_key(self._all.frame, self._segments[above.block]))
        return (top, False) if error is None else (top + error, True)

    def _measure(self, key: bytes) -> int:
        units = self._measures(key)
        if units is None:
            raise _Uncertain
        return units
