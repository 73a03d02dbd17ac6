"""A report as one HTML page that opens without a network: a table, its totals, and a picture where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from statement_builder.operations.reports.formats.cells import cell_text, mark_code
from statement_builder.operations.reports.formats.plot import draw_plots
from statement_builder.printable import one_line
from statement_builder.reports.billing_office import Column, ColumnType, Footing, Report
from statement_builder.reports.billing_office.report import NUMBERS

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
)


def write_html(report: Report, rows: Footing, file: IO[bytes]) -> None:
    """Rows are written as they come. A report with pictures, which has few rows, is read first."""
    known = list(rows) if report.plots else None
    pictures = [Markup(svg) for svg in draw_plots(report, known or ())]  # noqa: S704 - pygal escapes its texts
    page = _ENVIRONMENT.get_template("report.html").generate(
        report=report,
        rows=rows if known is None else known,
        footing=rows,
        pictures=pictures,
        text=cell_text,
        prose=mark_code,
        style=_style_of,
    )
    for part in page:
        file.write(part.encode())


def _style_of(column: Column) -> Markup:
    name = "number" if column.type in NUMBERS else "date" if column.type is ColumnType.DATE else ""
    return Markup(f' class="{name}"' if name else "")  # noqa: S704 - our own words
