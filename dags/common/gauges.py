"""Gauges for the hospital's monitoring: figures only, no ids.

Airflow sends them to StatsD or to OpenTelemetry if its section `[metrics]` says so, beside its own (durations of tasks,
full pools, queued tasks). Without that, they go nowhere. `deploy/grafana.json` shows them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

PREFIX = "statements"
Gauge = tuple[str, float, dict[str, Any]]
"""Name without the prefix, value, and tags."""


def send_gauges(gauges: Iterable[Gauge]) -> None:
    """Send these gauges, if Airflow is configured to send any."""
    from airflow.sdk.observability.stats import gauge  # noqa: PLC0415

    send: Callable[..., None] = gauge
    for name, value, tags in gauges:
        send(f"{PREFIX}.{name}", value, tags=tags)


class StageRates:
    """How fast the stages of one task were. A stage reports how far it is, as `AppContext.progress` takes it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._reported_s = monotonic()
        self._stages: dict[str, tuple[float, float, int]] = {}
        """Stage to when it began, when it reported last, and how much it had done."""

    def report(self, stage: str, done: int) -> None:
        """A stage has done this much. It began when the stage before it reported last, or with the task."""
        begun_s = self._stages[stage][0] if stage in self._stages else self._reported_s
        self._reported_s = self._monotonic()
        self._stages[stage] = (begun_s, self._reported_s, done)

    def list_gauges(self) -> Iterator[Gauge]:
        """Accounts a second in the pull, and shards a second in every other stage."""
        for stage, (begun_s, reported_s, done) in self._stages.items():
            if done and reported_s > begun_s:
                yield "stage.rate", done / (reported_s - begun_s), {"stage": stage}
