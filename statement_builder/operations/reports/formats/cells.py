"""The text of a cell, for people."""

from __future__ import annotations

from statement_builder.operations.wording import format_dollars
from statement_builder.reports.billing_office import Column, ColumnType, HeadingLine
from statement_builder.reports.billing_office.report import Cell


def cell_text(column: Column | HeadingLine, value: Cell) -> str:
    """`-$1,234.56`, `1,234`, `12.34 %`, `2026-11-07`, or the text. Empty if there is no value."""
    if value is None:
        return ""
    if isinstance(value, int):
        if column.type is ColumnType.CENTS:
            return format_dollars(value)
        if column.type is ColumnType.PERCENT:
            return f"{value // 100}.{value % 100:02} %"
        return f"{value:,}"
    return value if isinstance(value, str) else value.isoformat()
