"""The text of a cell, for people."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from statement_builder.operations.wording import format_dollars
from statement_builder.printable import one_line
from statement_builder.reports.billing_office import Column, ColumnType, HeadingLine
from statement_builder.reports.billing_office.report import Cell

_CODE = re.compile(r"`([^`]+)`")


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


def mark_code(text: str) -> Markup:
    """The text as HTML, with what is between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(one_line(text)))))  # noqa: S704 - escaped before
