"""Find runs of text that touch or overlap, from their advance widths and baselines.

Two runs of one baseline need a gap of 0.15 em. A word space of the documents' font is 0.2 em, so runs that are nearer
read as one word: `$1.00$2.00`. Runs on other baselines must not share height between baseline and capitals, or between
baseline and descenders, where they share width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise, starmap
from operator import attrgetter, itemgetter, le
from typing import Any, NamedTuple, Protocol

from pdf_kit.geometry import POINTS_PER_INCH

GAP_MIN = 0.15
"""Font sizes of the run on the left."""
_CAPITALS, _DESCENDERS = 0.66, 0.2
"""Font sizes above and below the baseline that count as the run's height."""
_ROUNDING_PER_GLYPH = 0.0005
"""Font sizes: a PDF states the advance width of a glyph in whole thousandths."""
_ROUNDING_OF_START = 0.05 / POINTS_PER_INCH

_START, _REACH, _LINE = attrgetter("start"), attrgetter("reach"), attrgetter("line")


class Line(Protocol):
    """A baseline and the font size on it, in inches. Equal for runs of one line."""

    @property
    def baseline(self) -> float: ...

    @property
    def size(self) -> float: ...


class TextRun(Protocol):
    """A run of text on one baseline. All lengths are in inches from the page's upper left corner."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float:
        """`start` plus the advance width."""

    @property
    def reach(self) -> float:
        """Where the next run can start: the end without spaces, plus `gap_min(size)`."""

    @property
    def slack(self) -> float:
        """The inches by which rounding can move `end`, where a line continues in another style: see `rounding_of`."""

    @property
    def line(self) -> Line: ...


def rounding_of(characters: int, size: float) -> float:
    """The inches by which a run's advance width can differ from where the run after it starts."""
    return _ROUNDING_OF_START + _ROUNDING_PER_GLYPH * size * characters


def gap_min(size: float) -> float:
    """The gap that a run of this font size needs on its right."""
    return GAP_MIN * size


def find_touching(runs: Sequence[TextRun]) -> tuple[int, int] | None:
    """Indexes of two runs, in drawing order, that touch or overlap; None if there are none.

    Runs that follow one another, with at most their `slack` between or over them, are one line.
    """
    for left, right in _neighbors(runs):
        if runs[left].reach > runs[right].start and not _is_joined(runs, left, right):
            return left, right
    return None


def _is_joined(runs: Sequence[TextRun], left: int, right: int) -> bool:
    """Whether one line continues from the left run to the right run."""
    one, other = runs[left], runs[right]
    return right == left + 1 and one.line.baseline == other.line.baseline and abs(other.start - one.end) <= one.slack


class _Height(NamedTuple):
    """All runs of one baseline and size, from left to right."""

    top: float
    bottom: float
    indexes: list[int]


def _neighbors(runs: Sequence[TextRun]) -> Iterator[tuple[int, int]]:
    """Each run with the next run to its right that shares height with it: if these do not touch, none do."""
    indexes_by_line: dict[tuple[float, float], list[int]] = {}
    for index, run in enumerate(runs):
        indexes_by_line.setdefault((run.line.baseline, run.line.size), []).append(index)
    heights = sorted(
        _Height(baseline - _CAPITALS * size, baseline + _DESCENDERS * size, indexes)
        for (baseline, size), indexes in indexes_by_line.items()
    )
    for number, height in enumerate(heights):
        yield from pairwise(sorted(height.indexes, key=lambda index: runs[index].start))
        for below in heights[number + 1 :]:
            if below.top >= height.bottom:
                break
            yield from pairwise(sorted(height.indexes + below.indexes, key=lambda index: runs[index].start))


class Spacing:
    """An arrangement of runs without touching ones. It proves quickly that other runs on the same lines do not touch.

    Documents of one layout differ only in the widths of their runs.
    """

    def __init__(self, runs: Sequence[TextRun]) -> None:
        """`runs` must not touch."""
        pairs = list(dict.fromkeys(_neighbors(runs)))
        self._lines = list(map(_LINE, runs))
        self._joined = [pair for pair in pairs if _is_joined(runs, *pair)]
        apart = [pair for pair in pairs if not _is_joined(runs, *pair)]
        self._lefts = _getter([left for left, _ in apart])
        self._rights = _getter([right for _, right in apart])

    def holds(self, runs: Sequence[TextRun]) -> bool:
        """Whether the runs are on the same lines, in the same order, and do not touch. False if that is not certain."""
        return (
            list(map(_LINE, runs)) == self._lines
            and all(map(le, map(_REACH, self._lefts(runs)), map(_START, self._rights(runs))))
            and all(starmap(partial(_is_joined, runs), self._joined))
        )


def _getter(indexes: list[int]) -> Callable[[Sequence[TextRun]], Sequence[TextRun]]:
    """Takes the runs at these indexes."""
    if len(indexes) > 1:
        getter: Any = itemgetter(*indexes)
        return getter  # type: ignore[no-any-return]
    return lambda runs: [runs[index] for index in indexes]
