"""The one clock. `STATEMENTS_CLOCK` stands in for it in rehearsals and tests: an ISO time in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from statement_builder.errors import ConfigError


def open_clock(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """A function that gives the time now, aware and in UTC. `ConfigError` when the stand-in is no time."""
    standing = environ.get("STATEMENTS_CLOCK")
    if not standing:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(standing)
    except ValueError as exc:
        raise ConfigError("STATEMENTS_CLOCK has to be an ISO time such as 2026-11-07T15:00:00Z") from exc
    if moment.tzinfo is None:
        raise ConfigError("STATEMENTS_CLOCK needs its offset from UTC, such as 2026-11-07T15:00:00Z")
    return lambda: moment.astimezone(UTC)
