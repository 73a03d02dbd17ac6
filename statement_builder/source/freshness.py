"""The freshness gate: a batch never starts on data that is too old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from statement_builder.errors import SourceError

AHEAD_MAX = timedelta(hours=12)
"""How far a feed's time may lie ahead: no further than a date that was taken in another time zone."""


def require_fresh(feeds: Mapping[str, datetime], *, feed: str, now: datetime, max_age_hours: int) -> None:
    """Raise `SourceError` unless `feed` was loaded at most `max_age_hours` hours before `now` (both aware).

    A feed that is not there, or whose time lies ahead, is not fresh: an obstetric notice sent on a guess may reach
    a family that has lost the pregnancy (domain rules, section 6).
    """
    if feed not in feeds:
        raise SourceError(
            f"The feed `{feed}` has no load time in freshness.sql, so nothing may be sent on it. Load it, then re-run"
        )
    age = now - feeds[feed]
    if age < -AHEAD_MAX:
        raise SourceError(f"The feed `{feed}` has a load time in the future. Correct its time zone or clock")
    if age > timedelta(hours=max_age_hours):
        raise SourceError(
            f"The feed `{feed}` is {age.total_seconds() / 3600:.1f} hours old; the limit is {max_age_hours} hours. "
            "Load it again, then re-run"
        )
