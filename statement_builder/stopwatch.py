"""Processor time by stage, for benchmarks and progress reports."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping


class Stopwatch:
    """Seconds of processor time by stage, in one thread. The time of a nested stage counts only for that stage.

    `with watch("fill"): ...` measures a stage.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self._clock = clock
        self._stages: list[str] = []
        self._next = ""
        self._since = 0.0

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
        now = self._clock()
        if self._stages:
            self.spent_s[self._stages[-1]] += now - self._since
        self._since = now

    def add(self, spent_s: Mapping[str, float]) -> None:
        """Add the time that another process measured."""
        for stage, seconds in spent_s.items():
            self.spent_s[stage] += seconds

    def take(self) -> dict[str, float]:
        """The time measured so far. Resets the stopwatch."""
        spent, self.spent_s = dict(self.spent_s), defaultdict(float)
        return spent
