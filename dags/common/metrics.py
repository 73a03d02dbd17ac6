"""Gauges of what waits for a person, of the batches and how old they are, and of gates that do not foot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from common.gauges import Gauge, send_gauges
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.console.today import WAITING_CODES, Today, read_today
from statement_builder.pipeline.context import AppContext


def report_gauges(context: AppContext) -> None:
    """Send the gauges of this moment."""
    today = read_today(context, of_everybody=True)
    send_gauges(list_gauges(today, context.ledger.batches.all(), context.now()))


def list_gauges(today: Today, batches: Sequence[Batch], now: datetime) -> Iterator[Gauge]:
    """Each gauge. What does not wait is 0, so that an alert ends."""
    waiting: Counter[str] = Counter()
    for each in today.waiting:
        waiting[each.code] += each.count
    for code in WAITING_CODES:
        yield "waiting", waiting[code], {"code": code}
    opened = {state: [each.opened_at for each in batches if each.state is state] for state in BatchState}
    for state, times in opened.items():
        yield "batches", len(times), {"state": state.value}
        if state is not BatchState.CLOSED:
            oldest_s = max(((now - each).total_seconds() for each in times), default=0.0)
            yield "batches.oldest_hours", round(oldest_s / 3600, 1), {"state": state.value}
    yield "gates.broken", sum(row.summary.foots is False for row in today.batches), {}
    yield "month.documents", today.month.documents, {}
    yield "month.print", today.month.print, {}
    yield "month.email", today.month.email, {}
