"""Place blocks on pages as WeasyPrint does, from distances that it chose in other documents.

A block begins a page or follows another one. Blocks that must stay together move to the next page together. Wherever that
does not decide the place beyond doubt, WeasyPrint lays out the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from statement_builder.rendering.compiled.blocks import UNITS_PER_PIXEL, Block, to_units
from statement_builder.rendering.compiled.segments import Segment

_DOUBT = UNITS_PER_PIXEL // 20
"""A block that ends this close to the end of the page may fit or not."""


class Place(NamedTuple):
    """A page, and the distance from its top in units."""

    page: int
    top: int


Measures = Callable[[bytes], int | None]
"""The distance for a key; None if it is not known."""


class Placed(NamedTuple):
    """A block as WeasyPrint placed it: page, and top and bottom in CSS pixels."""

    page: int
    top: float
    bottom: float


def limit_key(frame: bytes, page: int) -> bytes:
    """Key of where the flow ends on a page."""
    return b"limit %d " % min(page, 1) + frame


def start_key(frame: bytes, page: int, segment: Segment) -> bytes:
    """Key of where a block begins that is the first on its page, or that is not in the flow."""
    return (b"next " if page else b"first " + frame) + segment.top


def error_key(frame: bytes, above: Segment) -> bytes:
    """Key of how much further a block is from the one above it than `collapsed_margin`: the border of a table, for
    example."""
    return b"error " + frame + above.bottom


def collapsed_margin(above: Block, below: Block) -> int:
    """The distance between two blocks (CSS 2.2, 8.3.1)."""
    margins = (above.below, below.above)
    return max(0, *margins) + min(0, *margins)


def find_measures(
    frame: bytes, segments: Sequence[Segment], blocks: Sequence[Block], placed: Sequence[Placed]
) -> Iterator[tuple[bytes, int]]:
    """The distances that WeasyPrint chose in one document."""
    last: int | None = None
    for number, (segment, place) in enumerate(zip(segments, placed, strict=True)):
        if not segment.is_fixed and last is not None and placed[last].page == place.page:
            gap = to_units(place.top - placed[last].bottom)
            yield error_key(frame, segments[last]), gap - collapsed_margin(blocks[last], blocks[number])
        else:
            yield start_key(frame, place.page, segment), to_units(place.top)
        last = None if segment.is_fixed else number


class _Uncertain(Exception):
    """WeasyPrint must decide."""


def place_blocks(
    frame: bytes, segments: Sequence[Segment], blocks: Sequence[Block], measures: Measures
) -> list[Place] | None:
    """The place of each block. None if WeasyPrint must decide."""
    flow = _Flow(frame, segments, blocks, measures)
    try:
        for group in _groups(segments, blocks):
            if not flow.add(group):
                flow.begin_page()
                if not flow.add(group):
                    return None
    except _Uncertain:
        return None
    return flow.places


def _groups(segments: Sequence[Segment], blocks: Sequence[Block]) -> list[list[int]]:
    """Blocks that no page break may separate."""
    groups: list[list[int]] = []
    for number, (segment, block) in enumerate(zip(segments, blocks, strict=True)):
        if (
            groups
            and not segment.is_fixed
            and not segments[number - 1].is_fixed
            and (
                block.keeps_with_previous
                or blocks[number - 1].keeps_with_next
                or (segment.group >= 0 and segment.group == segments[number - 1].group)
            )
        ):
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


class _Flow:
    """The blocks placed so far."""

    def __init__(self, frame: bytes, segments: Sequence[Segment], blocks: Sequence[Block], measures: Measures) -> None:
        self._frame = frame
        self._segments = segments
        self._blocks = blocks
        self._measures = measures
        self.places: list[Place] = []
        self._page = 0
        self._last: int | None = None
        """The last block of this page's flow."""

    def begin_page(self) -> None:
        self._page, self._last = self._page + 1, None

    def add(self, group: Sequence[int]) -> bool:
        """Place blocks on the current page; False if one certainly does not fit. Raises `_Uncertain`."""
        last = self._last
        places: list[Place] = []
        is_certain = True
        for number in group:
            segment, block = self._segments[number], self._blocks[number]
            if last is None or segment.is_fixed:
                top = self._measure(start_key(self._frame, self._page, segment))
            else:
                previous = places[-1] if places else self.places[last]
                gap, is_known = self._gap(last, number)
                top = previous.top + self._blocks[last].height + gap
                is_certain = is_certain and is_known
            room = self._measure(limit_key(self._frame, self._page)) - top - block.height
            if room < -_DOUBT and not segment.is_fixed and not block.is_divisible:
                return False
            is_certain = is_certain and (room >= _DOUBT or segment.is_fixed)
            places.append(Place(self._page, top))
            last = last if segment.is_fixed else number
        if not is_certain:
            raise _Uncertain
        self.places += places
        self._last = last
        return True

    def _gap(self, above: int, below: int) -> tuple[int, bool]:
        """The distance between two blocks, or at least a distance that it is not less than, and whether it is known."""
        margin = collapsed_margin(self._blocks[above], self._blocks[below])
        key = error_key(self._frame, self._segments[above])
        error = self._measures(key)
        return (margin, False) if error is None else (margin + error, True)

    def _measure(self, key: bytes) -> int:
        units = self._measures(key)
        if units is None:
            raise _Uncertain
        return units
