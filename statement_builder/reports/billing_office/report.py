"""What a report is: titled columns, rows that may be a stream, totals that foot, and what to do about it.

A report is a pure function of rows that the ledger or the billing system returned. Nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from statement_builder.billing.model import Record

Cell = str | int | date | None
Row = tuple[Cell, ...]


class ColumnType(StrEnum):
    """What the cells of a column are, and how each format writes them. Any cell may be None: there is no value."""

    TEXT = "text"
    COUNT = "count"
    CENTS = "cents"
    PERCENT = "percent"
    """In hundredths of a percent: 1234 is 12.34 %."""
    DATE = "date"
    GUARANTOR = "guarantor"
    """A guarantor or recipient id. To see the cell is to see data of that person."""
    DOCUMENT = "document"
    """A document id, of which the same is true."""


NUMBERS = frozenset({ColumnType.COUNT, ColumnType.CENTS, ColumnType.PERCENT})


class Column(Record, kw_only=True):
    name: str
    """Its key in JSON. It ends with the unit: `_cents`."""
    title: str
    type: ColumnType = ColumnType.TEXT
    adds_up: bool = False
    """Whether the last line has the sum of the column."""
    number: str = ""
    """What a government form calls the column, below its title. Empty: it has no form."""


class HeadingLine(Record, kw_only=True):
    """A line above the table of a government form."""

    label: str
    value: str | int | date | None
    """Integers are cents. None: left empty."""

    @property
    def type(self) -> ColumnType:
        is_cents = isinstance(self.value, int)
        return ColumnType.CENTS if is_cents else ColumnType.DATE if isinstance(self.value, date) else ColumnType.TEXT


class Plot(Record, kw_only=True):
    """One picture of a report: a bar for each value of the column `label`, with a part for each column of `parts`."""

    title: str
    label: str
    """The column that names the bars. Rows with the same label are added up."""
    parts: tuple[str, ...]
    """Empty: the number of rows."""
    is_stacked: bool = True
    by_month: bool = False
    """A trend: the bars are the months of the first column, which has dates or batch ids, without a gap."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report as of a date. `rows` can be read once; `notes` are complete when they have been read."""

    name: str
    title: str
    meaning: str
    """What the report says, and what to do about it."""
    as_of: date
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    notes: list[str] = field(default_factory=list)
    """What the reader must know besides: what is left out, and whether the figures tie."""
    plots: tuple[Plot, ...] = ()
    heading: tuple[HeadingLine, ...] = ()
    """The lines above the table, on a government form."""
    people: list[str] = field(default_factory=list)
    """The guarantors of the rows, complete when they have been read, where no column names them."""


class Footing:
    """The rows of a report, and their sums as far as they have been read."""

    def __init__(self, report: Report) -> None:
        self._columns = report.columns
        self._rows = report.rows
        self._sums = [0] * len(report.columns)
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        adding = [index for index, column in enumerate(self._columns) if column.adds_up]
        for row in self._rows:
            self.count += 1
            for index in adding:
                value = row[index]
                self._sums[index] += value if isinstance(value, int) else 0
            yield row

    @property
    def totals(self) -> Row | None:
        """The last line: `Total` and the sums, None in columns without one. None if no column adds up."""
        if not any(column.adds_up for column in self._columns):
            return None
        sums: list[Cell] = [
            each if column.adds_up else None for column, each in zip(self._columns, self._sums, strict=True)
        ]
        if not self._columns[0].adds_up:
            sums[0] = "Total"
        return tuple(sums)


def share(part: int, whole: int) -> int | None:
    """`part` of `whole` in hundredths of a percent, rounded half up. None of nothing."""
    return (20_000 * part + whole) // (2 * whole) if whole else None
