"""The size of the tests: by day they try some of many like cases, and at night (`STATEMENTS_NIGHT=1`) all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

NIGHT = os.environ.get("STATEMENTS_NIGHT", "") not in {"", "0"}
at_night = pytest.mark.skipif(not NIGHT, reason="takes minutes, so it is for the night (tests/night.py)")
"""Mark of a test that repeats, at length, what others test by day."""
_Case = TypeVar("_Case")


def some_of(cases: Sequence[_Case], by_day: int) -> Sequence[_Case]:
    """All cases at night; by day this many of them, evenly spread, the first and the last among them."""
    if NIGHT or len(cases) <= by_day:
        return cases
    last = len(cases) - 1
    return [cases[round(last * each / (by_day - 1))] for each in range(by_day)]
