"""A report as a page shows it: its first rows, its totals, and its plots."""

from __future__ import annotations

from statement_builder.billing.model import Record
from statement_builder.operations.reports.registry import ReportDefinition, ReportRequest
from statement_builder.operations.reports.write import run_report
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.billing_office import Column, Footing, Report, Row

ROWS_SHOWN_MAX = 500
"""A page shows no more; a file has all."""


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
    context: AppContext, definition: ReportDefinition, request: ReportRequest, *, purpose: str = ""
) -> ScreenReport:
    """Read the report. Everybody whom one of its rows names is in the access log before this returns, also those on no
    row that is shown. Raises what reading the accounts raises."""
    from statement_builder.operations.reports.formats.plot import PlotSums  # noqa: PLC0415 - slow to import

    def read(report: Report, rows: Footing) -> ScreenReport:
        plots = [PlotSums(report, plot) for plot in report.plots]
        shown: list[Row] = []
        for row in rows:
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
            totals=rows.totals,
            row_count=rows.count,
            notes=tuple(report.notes),
            plots=tuple(svg for plot in plots if (svg := plot.draw())),
        )

    _, screen = run_report(context, definition, request, read, purpose)
    return screen
