"""Who has been told of what waits for a person: each alert once, and again every day that it lasts.

Told first, written down after: whoever dies in between tells it twice, and nothing goes untold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from statement_builder.batch.service import Service
from statement_builder.batch.track import TRACKING, Alert

TELL_AGAIN_AFTER = timedelta(hours=24)
TOLD = "told"


def find_untold(service: Service, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that nobody was told of since this time yesterday."""
    return [alert for alert in alerts if not _is_told(service, alert)]


def record_told(service: Service, alerts: Sequence[Alert], *, whom: str) -> None:
    """Write down that `whom` was told of these alerts."""
    for alert in alerts:
        service.ledger.note(
            TRACKING, _name(alert), what=TOLD, why=f"told {whom}", actor=service.actor, at=service.now()
        )


def _is_told(service: Service, alert: Alert) -> bool:
    last = service.ledger.events(TRACKING, subject=_name(alert))[-1:]
    return any(service.now() - event.at < TELL_AGAIN_AFTER for event in last)


def _name(alert: Alert) -> str:
    """What tells one alert from another. One without a subject is told by its words."""
    return f"{alert.code} {alert.subject or hashlib.sha256(alert.message.encode()).hexdigest()[:16]}"[:255]
