"""A report as a workbook: one sheet, row by row, so that its length does not matter for memory."""

from __future__ import annotations

from datetime import date
from typing import IO, Any

import xlsxwriter

from statement_builder.errors import ConfigError
from statement_builder.reports.billing_office import Column, ColumnType, Footing, HeadingLine, Report, Row
from statement_builder.reports.billing_office.report import Cell

ROWS_MAX = 1_048_576
"""What a sheet can have."""
_FORMATS = {
    ColumnType.CENTS: "$#,##0.00;-$#,##0.00",
    ColumnType.COUNT: "#,##0",
    ColumnType.PERCENT: "0.00%",
    ColumnType.DATE: "yyyy-mm-dd",
}
_WIDTHS = {ColumnType.CENTS: 16, ColumnType.COUNT: 12, ColumnType.PERCENT: 10, ColumnType.DATE: 12}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


def write_xlsx(report: Report, rows: Footing, file: IO[bytes]) -> None:
    """Amounts are dollars. The totals are formulas that a spreadsheet recalculates, with our own sums as their values.

    `ConfigError` if a sheet cannot have the report.
    """
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        styles = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        bold = {kind: book.add_format({"num_format": code, "bold": True, "top": 1}) for kind, code in _FORMATS.items()}
        heading = book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"})
        title = book.add_format({"bold": True, "font_size": 14})
        sheet = book.add_worksheet(report.name[:31])
        for index, column in enumerate(report.columns):
            sheet.set_column(index, index, _WIDTHS.get(column.type, 24))
        sheet.write_string(0, 0, f"{report.title}, as of {report.as_of}", title)
        sheet.write_string(1, 0, report.meaning)
        first = 3 + len(report.heading)
        for offset, above in enumerate(report.heading):
            sheet.write_string(3 + offset, 0, above.label, heading)
            _write_cell(sheet, (3 + offset, 1), above, above.value, styles.get(above.type))
        for index, column in enumerate(report.columns):
            sheet.write_string(first, index, column.title, heading)
        if any(column.number for column in report.columns):
            first += 1
            for index, column in enumerate(report.columns):
                sheet.write_string(first, index, column.number, heading)
        sheet.freeze_panes(first + 1, 0)
        line = first
        for row in rows:
            line += 1
            if line >= ROWS_MAX - 20:
                raise ConfigError(f"The report {report.name} has more rows than a sheet can have. Use --csv.")
            for index, (column, value) in enumerate(zip(report.columns, row, strict=True)):
                _write_cell(sheet, (line, index), column, value, styles.get(column.type))
        if totals := rows.totals:
            _write_totals(sheet, report, totals, (first + 1, line + 1), bold)
        for offset, note in enumerate(report.notes):
            sheet.write_string(line + 3 + offset, 0, note)


def _write_cell(sheet: Any, place: tuple[int, int], column: Column | HeadingLine, value: Cell, style: Any) -> None:
    line, index = place
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(line, index, value)
    elif isinstance(value, date):
        sheet.write_datetime(line, index, value, style)
    else:
        sheet.write_number(line, index, _number(column, value), style)


def _write_totals(sheet: Any, report: Report, totals: Row, lines: tuple[int, int], bold: Any) -> None:
    """`lines`: the first one that is summed, and the one of the totals."""
    first, line = lines
    for index, (column, value) in enumerate(zip(report.columns, totals, strict=True)):
        if isinstance(value, str):
            sheet.write_string(line, index, value, bold[ColumnType.COUNT])
        elif isinstance(value, int) and line > first:
            name = xlsxwriter.utility.xl_col_to_name(index)
            formula = f"=SUM({name}{first + 1}:{name}{line})"
            sheet.write_formula(line, index, formula, bold[column.type], _number(column, value))


def _number(column: Column | HeadingLine, value: int) -> float:
    """Dollars, or a share of 1: what a spreadsheet has no exact type for. 15 digits are exact to the cent."""
    if column.type is ColumnType.CENTS:
        return value / 100
    return value / 10_000 if column.type is ColumnType.PERCENT else value
