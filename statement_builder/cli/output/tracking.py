"""What one `statements track` did and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statement_builder.cli.output.console import indented, out, print_line

if TYPE_CHECKING:
    from statement_builder.operations.tracking.track import TrackingResult


def show_tracking(result: TrackingResult) -> None:
    """Print the files processed, the batches closed, and what a person must do."""
    if not result.files:
        out.print("No new delivery reports.")
    for file in result.files:
        lines = "1 line" if file.lines == 1 else f"{file.lines:,} lines"
        figures = f"{lines}: {file.news:,} booked, {file.unchanged:,} known, {file.quarantined:,} held back"
        print_line(f"{file.name} ({file.file_type}): {figures}; moved to {file.folder}")
    for name in result.unsettled:
        print_line(
            f"{name} changed a moment ago or is dated in the future, so it may still be written: the next run "
            "takes it in if it has not changed."
        )
    for batch_id in result.closed:
        print_line(f"{batch_id} is complete and closed.")
    for alert in result.alerts:
        print_line(f"{alert.code}: {alert.message}")
        indented(f"Runbook: {alert.runbook}")
