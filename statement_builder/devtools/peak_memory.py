"""The peak memory of this process and its children together."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType

import psutil

_SAMPLE_INTERVAL_S = 0.5
"""One sample of five processes takes 6 ms, which is half a percent of two processors."""


class PeakMemory:
    """Measures peak memory, in `bytes`, while it is entered. Samples twice a second; Linux only.

    Uses proportional set size, which divides a shared page among its processes, because workers are forks.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._owner = psutil.Process()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> PeakMemory:
        self.bytes = self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_SAMPLE_INTERVAL_S):
            self.bytes = max(self.bytes, self._sample())

    def _sample(self) -> int:
        total = 0
        for process in (self._owner, *self._owner.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it ended after it was listed
                total += process.memory_full_info().pss
        return total
