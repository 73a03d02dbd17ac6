"""Place blocks on pages as WeasyPrint does, from distances that it chose in other documents.

A block begins a page or follows another one. Blocks that must stay together move to the next page together. Wherever that does
not decide the place beyond doubt, WeasyPrint lays out the document.
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


def gap_key(previous: Segment, segment: Segment) -> bytes:
    """Key of the distance between two blocks of a page."""
    return b"gap " + previous.bottom + segment.top


def find_measures(frame: bytes, segments: Sequence[Segment], placed: Sequence[Placed]) -> Iterator[tuple[bytes, int]]:
    """The distances that WeasyPrint chose in one document."""
    previous: tuple[Segment, Placed] | None = None
    for segment, place in zip(segments, placed, strict=True):
        if not segment.is_fixed and previous is not None and previous[1].page == place.page:
            yield gap_key(previous[0], segment), to_units(place.top - previous[1].bottom)
        else:
            yield start_key(frame, place.page, segment), to_units(place.top)
        previous = None if segment.is_fixed else (segment, place)


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
            and (block.keeps_with_previous or blocks[number - 1].keeps_with_next)
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
                above = places[-1] if places else self.places[last]
                gap = self._measures(gap_key(self._segments[last], segment))
                is_certain = is_certain and gap is not None
                top = above.top + self._blocks[last].height + (gap or 0)
            room = self._measure(limit_key(self._frame, self._page)) - top - block.height
            if room < -_DOUBT and not segment.is_fixed and not block.is_divisible:
                return False  # whatever the gap: margins are not negative
            is_certain = is_certain and (room >= _DOUBT or segment.is_fixed)
            places.append(Place(self._page, top))
            last = last if segment.is_fixed else number
        if not is_certain:
            raise _Uncertain
        self.places += places
        self._last = last
        return True

    def _measure(self, key: bytes) -> int:
        units = self._measures(key)
        if units is None:
            raise _Uncertain
        return units
