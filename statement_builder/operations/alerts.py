"""Which alerts the office has already received: each is sent once, and most again every 24 hours while they last.

An alert is recorded after it is sent. A crash in between sends it twice; no alert is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from statement_builder.operations.tracking.track import TRACKING
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext

REPEAT_AFTER = timedelta(hours=24)
_EARLY_MAX = timedelta(minutes=30)
"""A run starts a little earlier or later each day. Without this, each repetition would wait for the next run."""
_SAME_SERIES = timedelta(hours=36)
"""An alert that was not sent for longer is a new one."""
SENT = "alert sent"
"""The `what` of the event that records it."""


def find_unsent(context: AppContext, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that are new or due again: at the time of day when each was first sent."""
    return [alert for alert in alerts if not _was_sent(context, alert)]


def record_sent(context: AppContext, alerts: Sequence[Alert], *, to: str) -> None:
    """Record that these alerts were sent to `to`, an e-mail address of the office."""
    for alert in alerts:
        context.ledger.events.record(
            TRACKING, _key(alert), what=SENT, why=f"sent to {to}", actor=context.actor, at=context.now()
        )


def _was_sent(context: AppContext, alert: Alert) -> bool:
    sent = [event.at for event in context.ledger.events.for_batch(TRACKING, subject=_key(alert))]
    return bool(sent) and (not alert.repeats or context.now() < _due_again(sent))


def _due_again(sent: Sequence[datetime]) -> datetime:
    """When an alert that was sent at these times, in order, is due again."""
    first = sent[-1]
    for earlier, later in pairwise(reversed(sent)):
        if earlier - later > _SAME_SERIES:
            break
        first = later
    periods = round((sent[-1] - first) / REPEAT_AFTER) + 1
    return first + periods * REPEAT_AFTER - _EARLY_MAX


def _key(alert: Alert) -> str:
    """The identity of an alert: its code and subject. The message may be worded differently the next time."""
    return f"{alert.code} {alert.subject}"[:255]
