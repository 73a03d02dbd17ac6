"""Calendar arithmetic for billing: months, gaps, and business days. No clock."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache

PAPER_DAYS = 7
"""Days before a date when the paper that gives it must start, to be read in time: two to be printed, up to five in the
mail."""
_SATURDAY = 5


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later (earlier if negative), or that month's last day if it is shorter."""
    years, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    month = month0 + 1
    return date(years, month, min(day.day, calendar.monthrange(years, month)[1]))


def last_of_month(day: date) -> date:
    """The last day of the date's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_before(day: date) -> date:
    """The first day within a month before `day`: one day after the same day of the previous month.

    If the previous month has no such day, its last day: `day` then never falls between two month-end cycles.
    """
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day + 1, last.day))


def birthday(birth_on: date, years: int) -> date:
    """The day a person reaches an age. Somebody born on February 29 reaches it on March 1 of a common year."""
    month_start = add_months(birth_on.replace(day=1), 12 * years)
    return month_start + timedelta(days=birth_on.day - 1)


def whole_months(start: date, end: date) -> int:
    """Whole calendar months between two dates. 0 if `end` is before `start`."""
    months = max(0, (end.year - start.year) * 12 + end.month - start.month)
    return months - 1 if months and add_months(start, months) > end else months


def next_business_day(day: date) -> date:
    """`day`, or the next day that is not a weekend or a federal holiday (5 USC 6103)."""
    while day.weekday() >= _SATURDAY or day in _federal_holidays(day.year):
        day += timedelta(days=1)
    return day


def add_business_days(day: date, days: int) -> date:
    """The business day that is `days` business days after `day`; `day` itself if `days` is 0."""
    for _ in range(days):
        day = next_business_day(day + timedelta(days=1))
    return day


def due_date(issued_on: date, days: int) -> date:
    """`days` after the document's date, or the next business day."""
    return next_business_day(issued_on + timedelta(days=days))


@lru_cache(maxsize=32)
def _federal_holidays(year: int) -> frozenset[date]:
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    fixed.append(date(year + 1, 1, 1))  # observed on December 31 if it is a Saturday
    floating = [
        _nth_weekday(year, 1, 0, 3),
        _nth_weekday(year, 2, 0, 3),
        _last_monday_of_may(year),
        _nth_weekday(year, 9, 0, 1),
        _nth_weekday(year, 10, 0, 2),
        _nth_weekday(year, 11, 3, 4),
    ]
    return frozenset(floating) | frozenset(_observed(day) for day in fixed)


def _observed(day: date) -> date:
    """A Saturday holiday is observed on Friday, a Sunday holiday on Monday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
