"""Processor time and elapsed time by stage, for benchmarks and progress reports."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple


class Spent(NamedTuple):
    """What a stage took, in seconds. What is not processor time was spent waiting: for a disk, a server, or a turn."""

    processor_s: float = 0.0
    elapsed_s: float = 0.0

    def plus(self, processor_s: float, elapsed_s: float) -> Spent:
        return Spent(self.processor_s + processor_s, self.elapsed_s + elapsed_s)


class Stopwatch:
    """Time by stage, in one thread. The time of a nested stage counts only for that stage.

    `with watch("fill"): ...` measures a stage.
    """

    def __init__(self) -> None:
        self.spent: defaultdict[str, Spent] = defaultdict(Spent)
        self._stages: list[str] = []
        self._next = ""
        self._since = Spent()

    def __call__(self, stage: str) -> Stopwatch:
        self._next = stage
        return self

    def __enter__(self) -> None:
        self._charge_current_stage()
        self._stages.append(self._next)

    def __exit__(self, *exc_info: object) -> None:
        self._charge_current_stage()
        self._stages.pop()

    def _charge_current_stage(self) -> None:
        now = Spent(time.thread_time(), time.monotonic())
        if self._stages:
            stage, since = self._stages[-1], self._since
            self.spent[stage] = self.spent[stage].plus(
                now.processor_s - since.processor_s, now.elapsed_s - since.elapsed_s
            )
        self._since = now

    def add(self, spent: Mapping[str, Spent]) -> None:
        """Add the time that another process measured."""
        for stage, each in spent.items():
            self.spent[stage] = self.spent[stage].plus(*each)

    def take(self) -> dict[str, Spent]:
        """The time measured so far. Resets the stopwatch."""
        spent, self.spent = dict(self.spent), defaultdict(Spent)
        return spent
