"""Gauges for the hospital's monitoring: what waits for a person, and where the batches are. Figures only, no ids.

Airflow sends them to StatsD or to OpenTelemetry if its section `[metrics]` says so, beside its own (durations of tasks,
full pools, queued tasks). Without that, they go nowhere. `deploy/grafana.json` shows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from statement_builder.ledger import BatchState
from statement_builder.operations.console.today import WAITING_CODES, Today, read_today
from statement_builder.pipeline.context import AppContext

PREFIX = "statements"


def report_gauges(context: AppContext) -> None:
    """Send the gauges of this moment."""
    from airflow.sdk.observability.stats import gauge  # noqa: PLC0415

    send: Callable[..., None] = gauge
    for name, value, tags in list_gauges(read_today(context, of_everybody=True)):
        send(f"{PREFIX}.{name}", value, tags=tags)


def list_gauges(today: Today) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Name, value, and tags of each gauge. What does not wait is 0, so that an alert ends."""
    waiting: Counter[str] = Counter()
    for each in today.waiting:
        waiting[each.code] += each.count
    for code in WAITING_CODES:
        yield "waiting", waiting[code], {"code": code}
    states = Counter(row.summary.state for row in today.batches)
    for state in BatchState:
        yield "batches", states[state.value], {"state": state.value}
    yield "month.documents", today.month.documents, {}
    yield "month.print", today.month.print, {}
    yield "month.email", today.month.email, {}
