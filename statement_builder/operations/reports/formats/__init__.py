"""The files that a report can be: CSV, a workbook, a page, or JSON. Each writes row by row."""

from __future__ import annotations

from enum import StrEnum
from typing import IO

from statement_builder.reports.billing_office import Footing, Report


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    JSON = "json"


def write_format(report: Report, rows: Footing, kind: Format, file: IO[bytes]) -> None:
    """Write the report to an open file. `rows` are those of the report, and may be seen by the caller on their way."""
    if kind is Format.XLSX:
        from statement_builder.operations.reports.formats.xlsx_file import write_xlsx  # noqa: PLC0415 - slow to import

        write_xlsx(report, rows, file)
    elif kind is Format.HTML:
        from statement_builder.operations.reports.formats.html_file import write_html  # noqa: PLC0415

        write_html(report, rows, file)
    elif kind is Format.CSV:
        from statement_builder.operations.reports.formats.csv_file import write_csv  # noqa: PLC0415

        write_csv(report, rows, file)
    else:
        from statement_builder.operations.reports.formats.json_file import write_json  # noqa: PLC0415

        write_json(report, rows, file)
