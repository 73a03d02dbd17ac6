"""What the listings of a Medicare cost report (CMS-2552-10) share. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.model import Record


class CostReportPeriod(Record, kw_only=True):
    """The fiscal year of one cost report."""

    first_on: date
    last_on: date

    def includes(self, day: date | None) -> bool:
        return day is not None and self.first_on <= day <= self.last_on


class Finding(Record, kw_only=True):
    """Why a row may not be claimed as it is, and what to do about it."""

    code: str
    reason: str
    what_to_do: str
    citation: str


class ColumnNumber(Record, kw_only=True):
    """The number of one column in the version of the CMS template that the hospital files."""

    exhibit: str
    """`2A`, `3B`, or `3C`."""
    label: str
    """The column's label on the exhibit."""
    number: str
    """Its number, such as `15a`."""


def last_period(today: date, last_month: int) -> CostReportPeriod:
    """The fiscal year that ended last before `today`. `last_month`: 1 to 12, the month in which it ends."""
    year = today.year if today.month > last_month else today.year - 1
    last_on = _first_of_next(year, last_month) - timedelta(days=1)
    return CostReportPeriod(first_on=_first_of_next(year - 1, last_month), last_on=last_on)


def _first_of_next(year: int, month: int) -> date:
    return date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
