"""The freshness check: a batch never starts on stale data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

from statement_builder.errors import SourceError

FUTURE_MAX = timedelta(hours=12)
"""How far in the future a load time may be, to allow for a time zone error."""


def require_fresh(feeds: Mapping[str, datetime], *, feed: str, now: datetime, max_age_hours: int) -> None:
    """Raise `SourceError` unless `feed` was loaded at most `max_age_hours` hours before `now` (times are aware).

    A feed that is missing or has a future load time is not fresh: an obstetric notice based on stale data may reach a
    family that has lost the pregnancy.
    """
    if feed not in feeds:
        raise SourceError(
            f"Feed `{feed}` has no load time in freshness.sql, or its loaded_at is no time, so it cannot be used. "
            "Load it, then run this again"
        )
    age = now - feeds[feed]
    if age < -FUTURE_MAX:
        raise SourceError(f"Feed `{feed}` has a load time in the future. Correct its time zone or clock")
    if age > timedelta(hours=max_age_hours):
        raise SourceError(
            f"Feed `{feed}` is {_format_age(age)} old; the limit is {max_age_hours} hours. Load it, then run this again"
        )


def _format_age(age: timedelta) -> str:
    """Hours and minutes, rounded up, so that an age above the limit never reads as the limit: `36 hours 1 minute`."""
    hours, minutes = divmod(ceil(age / timedelta(minutes=1)), 60)
    parts = ((hours, "hour"), (minutes, "minute"))
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)
