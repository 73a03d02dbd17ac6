"""Which alerts the office has already received: each is sent once, and again every 24 hours while it lasts.

An alert is recorded after it is sent. A crash in between sends it twice; no alert is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from statement_builder.operations.track import TRACKING
from statement_builder.operations.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext

REPEAT_AFTER = timedelta(hours=24)
SENT = "alert sent"
"""The `what` of the event that records it."""


def find_unsent(context: AppContext, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that were not sent in the last 24 hours."""
    return [alert for alert in alerts if not _was_sent(context, alert)]


def record_sent(context: AppContext, alerts: Sequence[Alert], *, to: str) -> None:
    """Record that these alerts were sent to `to`, an e-mail address of the office."""
    for alert in alerts:
        context.ledger.events.record(
            TRACKING, _key(alert), what=SENT, why=f"sent to {to}", actor=context.actor, at=context.now()
        )


def _was_sent(context: AppContext, alert: Alert) -> bool:
    last = context.ledger.events.for_batch(TRACKING, subject=_key(alert))[-1:]
    return any(context.now() - event.at < REPEAT_AFTER for event in last)


def _key(alert: Alert) -> str:
    """The identity of an alert: its code and subject. The message may be worded differently the next time."""
    return f"{alert.code} {alert.subject}"[:255]
