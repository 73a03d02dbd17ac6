"""A report as CSV for a spreadsheet or a loader: a header, the rows, and the totals. Amounts are dollars with cents."""

from __future__ import annotations

import csv
import io
from typing import IO

from mail_house.print_files.manifest import escape_formula
from statement_builder.reports.billing_office import Column, ColumnType, Footing, HeadingLine, Report
from statement_builder.reports.billing_office.report import Cell


def write_csv(report: Report, rows: Footing, file: IO[bytes]) -> None:
    """UTF-8, with the titles of the columns. Exact: cents are never a float."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    for line in report.heading:
        writer.writerow([line.label, _write_cell(line, line.value)])
    writer.writerow([column.title for column in report.columns])
    if any(column.number for column in report.columns):
        writer.writerow([column.number for column in report.columns])
    for row in rows:
        writer.writerow([_write_cell(column, value) for column, value in zip(report.columns, row, strict=True)])
    if totals := rows.totals:
        writer.writerow([_write_cell(column, value) for column, value in zip(report.columns, totals, strict=True)])
    text.detach()


def _write_cell(column: Column | HeadingLine, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        if column.type not in {ColumnType.CENTS, ColumnType.PERCENT}:
            return str(value)
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
    return escape_formula(value) if isinstance(value, str) else value.isoformat()
