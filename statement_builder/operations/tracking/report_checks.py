"""Whether what a vendor reports is possible: dates lie between the hand-off and tomorrow, and only the vendor that
holds a piece reports on it. Pure: the ledger's facts are arguments.

All raise `DeliveryReportError` in a clerk's words. Legal clocks count from these dates (26 CFR 1.501(r)-6(c)): a typing
error would move one by years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from statement_builder.errors import DeliveryReportError
from statement_builder.ledger import Delivery, DeliveryState

LOB = "lob"
MOVED_DAYS_MAX = 5 * 366
"""The postal service keeps a change of address for 48 months."""
MOVES_DAYS_MAX = 180
"""A move can be announced ahead."""

LocalDate = Callable[[datetime], date]
"""The date of a moment in the facility's time zone."""


def choose_attempt(attempts: Sequence[Delivery], print_file: str, on: date, local_date: LocalDate) -> Delivery | None:
    """The printed attempt that a report of this date is about: the latest one in `print_file`, or the latest one that
    was handed off by then. A letter that was returned may be on its way again when the report on it arrives twice.

    None if the document was never handed off on paper, or not in this file.
    """
    printed = [each for each in attempts if each.print_file and print_file.lower() in {"", each.print_file.lower()}]
    by_then = [each for each in printed if each.state is not DeliveryState.FAILED and local_date(each.claimed_at) <= on]
    found = by_then or printed
    return found[-1] if found else None


def require_possible_date(subject: str, event: str, on: date, *, not_before: date, since: str, today: date) -> None:
    """`event` happened to `subject` no earlier than `not_before`, which is when `since` happened, and no later than
    tomorrow: a vendor may be in a time zone that is ahead."""
    if on < not_before:
        raise DeliveryReportError(
            f"{subject} was {since} on {not_before}, so it cannot have been {event} on {on}. Ask the vendor for the "
            "right date."
        )
    if on > today + timedelta(days=1):
        raise DeliveryReportError(
            f"{subject} cannot have been {event} on {on}: that is in the future. Ask the vendor for the right date."
        )


def require_possible_move(subject: str, on: date, *, today: date) -> None:
    """A change of address took effect in the years that the postal service keeps it, or will within months."""
    if not today - timedelta(days=MOVED_DAYS_MAX) <= on <= today + timedelta(days=MOVES_DAYS_MAX):
        raise DeliveryReportError(
            f"{subject}: a move on {on} is not possible: the postal service reports moves of the last four years. Ask "
            "the vendor for the right date."
        )


def require_vendor(subject: str, vendor: str, *, is_lob: bool) -> None:
    """Lob's events are about letters at Lob, and files of a print vendor are about pieces of that vendor."""
    if (vendor == LOB) is not is_lob:
        raise DeliveryReportError(
            f"{subject} was handed to another vendor ({vendor}) than the one that reports on it. Ask the vendor how it "
            "knows of the piece."
        )
