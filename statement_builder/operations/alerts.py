"""Who has been told of what waits for a person: each alert once, and again every day that it lasts.

Told first, written down after: whoever dies in between tells it twice, and nothing goes untold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from statement_builder.operations.track import TRACKING, Alert
from statement_builder.pipeline.context import AppContext

TELL_AGAIN_AFTER = timedelta(hours=24)
TOLD = "told"


def find_untold(context: AppContext, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that nobody was told of since this time yesterday."""
    return [alert for alert in alerts if not _is_told(context, alert)]


def record_told(context: AppContext, alerts: Sequence[Alert], *, whom: str) -> None:
    """Write down that `whom` was told of these alerts."""
    for alert in alerts:
        context.ledger.events.record(
            TRACKING, _name(alert), what=TOLD, why=f"told {whom}", actor=context.actor, at=context.now()
        )


def _is_told(context: AppContext, alert: Alert) -> bool:
    last = context.ledger.events.for_batch(TRACKING, subject=_name(alert))[-1:]
    return any(context.now() - event.at < TELL_AGAIN_AFTER for event in last)


def _name(alert: Alert) -> str:
    """What tells one alert from another. One without a subject is told by its words."""
    return f"{alert.code} {alert.subject or hashlib.sha256(alert.message.encode()).hexdigest()[:16]}"[:255]
