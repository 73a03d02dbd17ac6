"""What payroll was told, and what it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statement_builder.cli.output.console import indented, out, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statement_builder.operations.payroll.collect import CollectedAnswers
    from statement_builder.operations.payroll.send import SentDeductions
    from statement_builder.operations.tracking.tracking_alerts import Alert


def show_sent_deductions(result: SentDeductions) -> None:
    """Print the files that were delivered, and what was not sent."""
    if not result.files:
        out.print("Nothing changed: no file for payroll.")
    for name in result.files:
        print_line(f"{name} is delivered to payroll.")
    if result.files:
        out.print("1 change" if result.rows == 1 else f"{result.rows:,} changes")
    _show_alerts(result.alerts)


def show_collected_answers(result: CollectedAnswers) -> None:
    """Print the files that were read, and what payroll took."""
    if not result.files:
        out.print("No new answers from payroll.")
    for file in result.files:
        figures = f"{file.news:,} booked, {file.unchanged:,} known, {file.quarantined:,} held back"
        print_line(f"{file.name} ({file.file_type}): {figures}; moved to {file.folder}")
    if result.files:
        out.print(f"{result.taken:,} taken, {result.missed:,} missed")
    _show_alerts(result.alerts)


def _show_alerts(alerts: Iterable[Alert]) -> None:
    for alert in alerts:
        print_line(f"{alert.code}: {alert.message}")
        indented(f"Runbook: {alert.runbook}")
