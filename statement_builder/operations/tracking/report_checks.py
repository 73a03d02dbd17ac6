"""Whether what a vendor reports is possible: dates lie between the hand-off and tomorrow, a day more for time zones,
and only the vendor that holds a piece reports on it. Pure: the ledger's facts are arguments.

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

TIME_ZONES = timedelta(days=1)
"""A vendor's calendar may be a day ahead of the facility's or behind it."""
_NEVER_LEFT = frozenset({DeliveryState.CLAIMED, DeliveryState.FAILED})

LocalDate = Callable[[datetime], date]
"""The date of a moment in the facility's time zone."""


def choose_attempt(attempts: Sequence[Delivery], print_file: str, on: date, local_date: LocalDate) -> Delivery | None:
    """The printed attempt that a report of this date is about: the latest one in `print_file`, or the latest one that
    was handed off by then. A letter that was returned may be on its way again when the report on it arrives twice. The
    name of a print file says which hand-off is meant, so it may be dated a day earlier by a vendor's calendar.

    None if the document was never handed off on paper, or not in this file.
    """
    printed = [each for each in attempts if each.print_file and print_file.lower() in {"", each.print_file.lower()}]
    slack = TIME_ZONES if print_file else timedelta(0)
    handed_off = [each for each in printed if each.state is not DeliveryState.FAILED]
    by_then = [each for each in handed_off if local_date(each.claimed_at) - slack <= on]
    found = by_then or printed
    return found[-1] if found else None


def require_possible_date(
    subject: str,
    event: str,
    on: date,
    *,
    not_before: date,
    since: str,
    today: date,
    slack: timedelta = timedelta(0),
) -> None:
    """`event` happened to `subject` no earlier than `not_before`, which is when `since` happened, and no later than
    tomorrow: a vendor may be in a time zone that is ahead. `slack`: how much earlier the vendor's calendar may be than
    the one of `not_before`."""
    if on < not_before - slack:
        raise DeliveryReportError(
            f"{subject} was {since} on {not_before}, so it cannot have been {event} on {on}. Ask the vendor for the "
            "right date."
        )
    if on > today + TIME_ZONES:
        raise DeliveryReportError(
            f"{subject} cannot have been {event} on {on}: that is in the future. Ask the vendor for the right date."
        )


def require_printed(subject: str, attempts: Sequence[Delivery], *, is_lob: bool) -> None:
    """The vendor that reports on the document had it to print, so that it knows its address."""
    printed = [each for each in attempts if each.print_file and each.state not in _NEVER_LEFT]
    if not printed:
        raise DeliveryReportError(f"{subject} was never handed off on paper. Ask the vendor how it knows of it.")
    if not any((each.vendor == LOB) is is_lob for each in printed):
        require_vendor(subject, printed[-1].vendor, is_lob=is_lob)


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
