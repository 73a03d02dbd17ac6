"""Reports on batches for the billing office, built from the ledger."""

from statement_builder.reports.balancing import (
    Gate,
    check_acknowledged,
    check_close,
    check_gates,
    check_mailed,
    check_portal,
    check_print_files,
    describe_broken_gates,
)
from statement_builder.reports.classes import ClassFigures, count_classes
from statement_builder.reports.control_sheet import ControlSheet
from statement_builder.reports.control_sheet_data import average_cents, build_control_sheet, previous_batches

__all__ = [
    "ClassFigures",
    "ControlSheet",
    "Gate",
    "average_cents",
    "build_control_sheet",
    "check_acknowledged",
    "check_close",
    "check_gates",
    "check_mailed",
    "check_portal",
    "check_print_files",
    "count_classes",
    "describe_broken_gates",
    "previous_batches",
]
