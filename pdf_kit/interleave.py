"""Run many similar jobs in lockstep: step one of each, then step two of each, and so on.

The code and tables of a step then stay in the processor's cache from one document to the next, which makes a batch a
fifth faster than one document after the other.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

GROUP_SIZE = 64
"""Documents to interleave. More is not faster and keeps more intermediate results in memory."""

Result = TypeVar("Result")
Job = Generator[None, None, Result]
"""The work for one document: yields between steps and returns the result. An error stops all jobs, so a job must catch
the errors of its own document."""


def interleave(jobs: Iterable[Job[Result]]) -> list[Result]:
    """Run all jobs in lockstep. Returns their results in the order of the jobs."""
    results: dict[int, Result] = {}
    running = list(enumerate(jobs))
    count = len(running)
    while running:
        unfinished = []
        for index, job in running:
            try:
                next(job)
            except StopIteration as end:
                results[index] = end.value
            else:
                unfinished.append((index, job))
        running = unfinished
    return [results[index] for index in range(count)]
