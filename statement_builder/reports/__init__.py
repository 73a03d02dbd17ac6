"""What a billing office reads about its batches: drawn up from the ledger, printed with the project's own means."""

from statement_builder.reports.balancing import (
    Gate,
    check_acknowledged,
    check_close,
    check_gates,
    check_mailed,
    check_print_files,
    name_broken,
)
from statement_builder.reports.classes import ClassFigures, count_classes
from statement_builder.reports.control_sheet import ControlSheet
from statement_builder.reports.control_sheet_data import average_cents, draw_up_control_sheet, earlier_batches

__all__ = [
    "ClassFigures",
    "ControlSheet",
    "Gate",
    "average_cents",
    "check_acknowledged",
    "check_close",
    "check_gates",
    "check_mailed",
    "check_print_files",
    "count_classes",
    "draw_up_control_sheet",
    "earlier_batches",
    "name_broken",
]
