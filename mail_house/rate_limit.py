"""Rate limit for requests to a vendor or mail server. Requests are spread evenly."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimiter:
    """At most `per_s` calls of `wait` return per second; 0 means no limit."""

    def __init__(
        self,
        per_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = 1 / per_s if per_s else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next_at = clock()

    def wait(self) -> None:
        now = self._clock()
        if self._next_at > now:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._interval_s
