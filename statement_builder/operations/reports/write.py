"""Run a report of the billing office: choose its dates, record who sees whom, and only then hand it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import IO, TypeVar

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import AccessSubject
from statement_builder.operations.access import record_access, subject
from statement_builder.operations.queries import private_file
from statement_builder.operations.reports.accounts import require_statement_batch
from statement_builder.operations.reports.exhibits import ExhibitRequest
from statement_builder.operations.reports.formats import Format, write_format
from statement_builder.operations.reports.registry import ReportDefinition, ReportRequest
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.billing_office import Column, ColumnType, Footing, HeadingLine, Report, Row
from statement_builder.reports.billing_office.report import Cell
from statement_builder.source import read_refusing

_Result = TypeVar("_Result")

PERIOD_DAYS = 365
"""How far back the ledger is counted, unless the operator says since when."""
CLOCK_DAYS = 30
"""How far ahead clocks are looked for, unless the operator says otherwise."""


class ReportFile(Record, kw_only=True):
    """One report, complete or the part that a terminal shows. The keys of its JSON."""

    name: str
    title: str
    meaning: str
    """What the report says, and what to do about it."""
    as_of: date
    heading: tuple[HeadingLine, ...]
    """Label and value of the lines above the table. Empty unless the report is a government form."""
    columns: tuple[Column, ...]
    """Name, title, type, whether its sum is in `totals`, and its number on a government form."""
    rows: tuple[dict[str, Cell], ...]
    """One object for each row, by the names of the columns. Amounts are cents, and shares hundredths of a percent."""
    totals: dict[str, Cell] | None
    """The sums by the names of the columns; null in columns without one."""
    notes: tuple[str, ...]
    """What is left out, and whether the figures tie."""


class ReportView(Record, kw_only=True):
    """The first rows of a report, its totals, and how many rows it has."""

    report_title: str
    rows: tuple[Row, ...]
    totals: Row | None
    row_count: int
    notes: tuple[str, ...]


def make_request(
    context: AppContext,
    *,
    as_of: date | None = None,
    since: date | None = None,
    days: int | None = None,
    batch_id: str | None = None,
    exhibit: ExhibitRequest | None = None,
) -> ReportRequest:
    """The dates of a report: those that were given, else the batch's day or today, and a year back. `ConfigError` for
    a batch that did not pull every account, for a day in the future, and for two days of balances."""
    batch = require_statement_batch(context, batch_id) if batch_id else None
    if batch and as_of and as_of != batch.as_of:
        raise ConfigError(f"{batch.batch_id} is as of {batch.as_of}: leave --as-of out.")
    day = batch.as_of if batch else as_of or context.today()
    if day > context.today():
        raise ConfigError(f"--as-of {day} is in the future; today is {context.today()}.")
    first = since or day - timedelta(days=PERIOD_DAYS)
    if first > day:
        raise ConfigError(f"--since {first} is after {day}, the day of the report.")
    return ReportRequest(
        as_of=day,
        since=first,
        days=CLOCK_DAYS if days is None else days,
        batch=batch,
        exhibit=exhibit or ExhibitRequest(),
    )


def show_report(
    context: AppContext, definition: ReportDefinition, request: ReportRequest, *, rows_max: int, purpose: str = ""
) -> tuple[Report, ReportView]:
    """The report with its first rows. The view is recorded. Raises what reading the accounts raises."""

    def read(report: Report, rows: Footing) -> ReportView:
        shown = [row for number, row in enumerate(rows) if number < rows_max]
        return ReportView(
            report_title=report.title,
            rows=tuple(shown),
            totals=rows.totals,
            row_count=rows.count,
            notes=tuple(report.notes),
        )

    return run_report(context, definition, request, read, purpose)


def write_report(
    context: AppContext,
    definition: ReportDefinition,
    request: ReportRequest,
    kind: Format,
    target: Path | IO[bytes],
    *,
    purpose: str = "",
) -> int:
    """Write the report to a file that only its owner can read, or to an open one that the caller shows when this has
    returned. Returns the number of rows.

    The file is there only if the view is recorded. Raises what reading the accounts raises.
    """
    with private_file(target) if isinstance(target, Path) else nullcontext(target) as file:

        def write(report: Report, rows: Footing) -> int:
            file.seek(0)
            file.truncate()  # an earlier attempt found a guarantor whose rows are at two places
            write_format(report, rows, kind, file)
            return rows.count

        _, count = run_report(context, definition, request, write, purpose)
    return count


def run_report(
    context: AppContext,
    definition: ReportDefinition,
    request: ReportRequest,
    use: Callable[[Report, Footing], _Result],
    purpose: str,
) -> tuple[Report, _Result]:
    """`use` the report, again without the guarantors whose rows are at two places, and record who was in it."""

    def run_once(refused: frozenset[int]) -> tuple[Report, _Result]:
        report = definition.open(context, replace(request, refused=refused))
        rows = _WatchedRows(report)
        result = use(report, rows)
        batch_id = request.batch.batch_id if request.batch else ""
        record_access(context, f"report {definition.name}", rows.subjects, batch_id=batch_id, purpose=purpose)
        return report, result

    return read_refusing(run_once)


class _WatchedRows(Footing):
    """The rows, and everybody whom they name."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        types = [column.type for column in report.columns]
        self._guarantor = types.index(ColumnType.GUARANTOR) if ColumnType.GUARANTOR in types else None
        self._document = types.index(ColumnType.DOCUMENT) if ColumnType.DOCUMENT in types else None
        self._people = report.people
        self._found: dict[AccessSubject, None] = {}

    @property
    def subjects(self) -> list[AccessSubject]:
        return list(dict.fromkeys([*self._found, *map(subject, self._people)]))

    def __iter__(self) -> Iterator[Row]:
        for row in super().__iter__():
            guarantor = "" if self._guarantor is None else str(row[self._guarantor] or "")
            document = "" if self._document is None else str(row[self._document] or "")
            if guarantor or document:
                self._found[subject(guarantor, document)] = None
            yield row
