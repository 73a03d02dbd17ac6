"""When the office is told that a claim must be presented soon."""

from __future__ import annotations

from datetime import date

ALERT_DAYS = (30, 14, 7)
"""Days before the deadline. Each is told once."""


def find_alert_day(deadline_on: date, today: date) -> int | None:
    """Of `ALERT_DAYS`, the one that today falls under: the smallest that is not less than the days left. None: it is
    too early, or the deadline has passed."""
    left = (deadline_on - today).days
    return min((days for days in ALERT_DAYS if left <= days), default=None) if left >= 0 else None
