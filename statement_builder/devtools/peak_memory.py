"""How much memory this process and all that it started take together."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType

import psutil

_LOOK_S = 0.5
"""Seconds between two looks. One takes 6 ms for five processes: half a percent of two processors."""


class PeakMemory:
    """The most that was taken while this context was entered, as seen twice a second, on Linux.

    A page that several processes share counts once, in parts (proportional set size): workers are forks of each other.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._owner = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self.bytes = self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            self.bytes = max(self.bytes, self._look())

    def _look(self) -> int:
        taken = 0
        for process in (self._owner, *self._owner.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it has ended since it was found
                taken += process.memory_full_info().pss
        return taken
