"""A report of the billing office on a terminal: a table that foots. The files have all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statement_builder.cli.output.console import heading, new_table, out, print_line
from statement_builder.printable import one_line

if TYPE_CHECKING:
    from statement_builder.operations.reports.write import ReportView
    from statement_builder.reports.billing_office import Report


def show_report(report: Report, view: ReportView) -> None:
    """Print what the report says, its first rows, and the totals of all."""
    from statement_builder.operations.reports.formats.cells import cell_text  # noqa: PLC0415
    from statement_builder.reports.billing_office.report import NUMBERS  # noqa: PLC0415

    heading(f"{report.title}, as of {report.as_of}")
    print_line(report.meaning)
    for above in report.heading:
        print_line(f"{above.label}: {cell_text(above, above.value)}")
    table = new_table(show_footer=view.totals is not None)
    for index, column in enumerate(report.columns):
        total = cell_text(column, view.totals[index]) if view.totals else ""
        is_number = column.type in NUMBERS
        table.add_column(column.title, footer=total, justify="right" if is_number else "left", no_wrap=is_number)
    for row in view.rows:
        table.add_row(*(one_line(cell_text(column, value)) for column, value in zip(report.columns, row, strict=True)))
    out.print(table)
    if left := view.row_count - len(view.rows):
        print_line(f"{left:,} more rows: write a file with --csv, --xlsx, or --html.")
    for note in view.notes:
        print_line(note)
