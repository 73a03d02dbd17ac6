"""A report as a page shows it: its first rows, its totals, and its plots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from msgspec.structs import replace as replace_fields

from statement_builder.billing.model import Record
from statement_builder.operations.reports.registry import ReportDefinition, ReportRequest
from statement_builder.operations.reports.write import run_report
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.billing_office import Column, Footing, Report, Row

ROWS_SHOWN_MAX = 500
"""A page shows no more; a file has all."""
_OUR_TEXTS = frozenset({"level", "reason", "state", "title", "what_ends", "what_to_do"})
"""The columns whose texts are the service's own. The others have data of the bill, which stays as it is."""


class ScreenReport(Record, kw_only=True):
    """The first rows of a report, with sums and plots of all of them."""

    title: str
    meaning: str
    as_of: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row | None
    row_count: int
    notes: tuple[str, ...]
    plots: tuple[str, ...]
    """SVG without scripts."""


def read_screen_report(
    context: AppContext,
    definition: ReportDefinition,
    request: ReportRequest,
    *,
    purpose: str = "",
    say: Callable[[str], str] = str,
) -> ScreenReport:
    """Read the report. Everybody whom one of its rows names is in the access log before this returns, also those on no
    row that is shown. Raises what reading the accounts raises.

    `say` puts a text of the service into the reader's language: titles, notes, and texts in rows, also of the plots.
    """
    from statement_builder.operations.reports.formats.plot import ROWS_TITLE, PlotSums  # noqa: PLC0415 - slow to import

    def read(original: Report, rows: Footing) -> ScreenReport:
        report = _say_titles(original, say)
        said = [index for index, column in enumerate(report.columns) if column.name in _OUR_TEXTS]
        plots = [PlotSums(report, plot, rows_title=say(ROWS_TITLE)) for plot in report.plots]
        shown: list[Row] = []
        for original_row in rows:
            row = _say_cells(original_row, said, say)
            if len(shown) < ROWS_SHOWN_MAX:
                shown.append(row)
            for plot in plots:
                plot.add(row)
        return ScreenReport(
            title=report.title,
            meaning=report.meaning,
            as_of=report.as_of.isoformat(),
            columns=report.columns,
            rows=tuple(shown),
            totals=_say_cells(rows.totals, [0], say) if rows.totals else None,
            row_count=rows.count,
            notes=tuple(map(say, report.notes)),
            plots=tuple(svg for plot in plots if (svg := plot.draw())),
        )

    _, screen = run_report(context, definition, request, read, purpose)
    return screen


def _say_titles(report: Report, say: Callable[[str], str]) -> Report:
    return replace(
        report,
        title=say(report.title),
        meaning=say(report.meaning),
        columns=tuple(replace_fields(each, title=say(each.title)) for each in report.columns),
        plots=tuple(replace_fields(each, title=say(each.title)) for each in report.plots),
    )


def _say_cells(row: Row, places: list[int], say: Callable[[str], str]) -> Row:
    """The row with the cells at these places in the reader's language, where they are texts."""
    return tuple(say(cell) if index in places and isinstance(cell, str) else cell for index, cell in enumerate(row))
