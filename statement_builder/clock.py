"""The service's clock. `STATEMENTS_CLOCK` replaces it in rehearsals and tests: an ISO 8601 time with a UTC offset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from statement_builder.errors import ConfigError


def is_replaced(environ: Mapping[str, str]) -> bool:
    """Whether `STATEMENTS_CLOCK` replaces the machine's clock. Only a ledger of a demonstration accepts that."""
    return bool(environ.get("STATEMENTS_CLOCK"))


def open_clock(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """A function that returns the current time, aware and in UTC. ConfigError if `STATEMENTS_CLOCK` is invalid."""
    if not is_replaced(environ):
        return lambda: datetime.now(UTC)
    fixed = environ["STATEMENTS_CLOCK"]
    try:
        moment = datetime.fromisoformat(fixed)
    except ValueError as exc:
        raise ConfigError("STATEMENTS_CLOCK must be an ISO 8601 time such as 2026-11-07T15:00:00Z") from exc
    if moment.tzinfo is None:
        raise ConfigError("STATEMENTS_CLOCK must have a UTC offset, such as 2026-11-07T15:00:00Z")
    return lambda: moment.astimezone(UTC)
