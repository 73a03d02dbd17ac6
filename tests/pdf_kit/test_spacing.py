"""Texts that touch are found whatever their order; texts of one line that continue are not."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdf_kit.spacing import Spacing, find_touching, gap_min, rounding_of

POINT = 1 / 72


class Line(NamedTuple):
    baseline: float
    size: float


class Run(NamedTuple):
    start: float
    end: float
    line: Line
    reach: float
    slack: float


def run(start: float, width: float, baseline: float = 100, size: float = 10, characters: int = 5) -> Run:
    """A run with these lengths in points."""
    start, end, size = start * POINT, (start + width) * POINT, size * POINT
    return Run(start, end, Line(baseline * POINT, size), end + gap_min(size), rounding_of(characters, size))


CASES = [
    pytest.param([run(0, 50), run(52, 50)], False, id="a-word-space-apart"),
    pytest.param([run(0, 50), run(51, 50)], True, id="nearer-than-a-word-space"),
    pytest.param([run(0, 50), run(49, 50)], True, id="overlap"),
    pytest.param([run(0, 50), run(0, 50)], True, id="one-on-the-other"),
    pytest.param([run(0, 50), run(30, 50, baseline=104)], True, id="a-third-of-a-line-lower"),
    pytest.param([run(0, 50), run(0, 50, baseline=110)], False, id="the-next-line"),
    pytest.param([run(0, 50), run(50.5, 50, baseline=104)], True, id="beside-and-lower"),
    pytest.param([run(0, 50), run(53, 50, baseline=104)], False, id="apart-and-lower"),
    pytest.param([run(0, 90), run(20, 9), run(80, 9)], True, id="within-a-longer-one"),
    pytest.param([run(0, 50, size=25), run(20, 50, baseline=90, size=8)], True, id="within-a-large-letter"),
]


@pytest.mark.parametrize(("runs", "touches"), CASES)
def test_find_touching(runs: list[Run], touches: bool) -> None:
    for order in permutations(runs):
        assert (find_touching(order) is not None) is touches


def test_find_touching__a_line_that_continues_in_another_style() -> None:
    runs = [run(0, 50), run(50.03, 20), run(70, 30)]
    assert find_touching(runs) is None
    assert find_touching([runs[0], run(0, 9, baseline=200), *runs[1:]]) is not None, "not drawn one after the other"


def test_find_touching__the_rounded_widths_of_a_long_word_add_up() -> None:
    """22 glyphs of 18 points, each up to half a thousandth of the size too wide."""
    after = run(49.85, 20, size=18)
    assert find_touching([run(0, 50, size=18, characters=22), after]) is None
    assert find_touching([run(0, 50, size=18, characters=3), after]) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 30), st.sampled_from([100, 104, 112])), min_size=2, max_size=6
    ),
    st.lists(st.integers(1, 40), min_size=6, max_size=6),
)
def test_spacing__never_accepts_what_touches(places: list[tuple[int, int, int]], widths: list[int]) -> None:
    first = [run(5 * start, width, baseline) for start, width, baseline in places]
    other = [run(5 * start, width, baseline) for (start, _, baseline), width in zip(places, widths, strict=False)]
    if find_touching(first) is not None:
        return
    spacing = Spacing(first)
    assert spacing.holds(first)
    if spacing.holds(other):
        assert find_touching(other) is None
    assert not spacing.holds([run(5 * start, width, baseline + 1) for start, width, baseline in places])
