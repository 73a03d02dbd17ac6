"""The service's clock. `STATEMENTS_CLOCK` replaces it in rehearsals and tests: an ISO 8601 time with a UTC offset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from statement_builder.errors import ConfigError


def open_clock(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """A function that returns the current time, aware and in UTC. ConfigError if `STATEMENTS_CLOCK` is invalid."""
    fixed = environ.get("STATEMENTS_CLOCK")
    if not fixed:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(fixed)
    except ValueError as exc:
        raise ConfigError("STATEMENTS_CLOCK must be an ISO 8601 time such as 2026-11-07T15:00:00Z") from exc
    if moment.tzinfo is None:
        raise ConfigError("STATEMENTS_CLOCK must have a UTC offset, such as 2026-11-07T15:00:00Z")
    return lambda: moment.astimezone(UTC)
