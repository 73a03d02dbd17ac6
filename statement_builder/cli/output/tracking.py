"""What one `statements track` did and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import indented, out

if TYPE_CHECKING:
    from statement_builder.operations.track import TrackingResult


def show_tracking(result: TrackingResult) -> None:
    """Print the files processed, the batches closed, and what a person must do."""
    if not result.files:
        out.print("No new delivery reports.")
    for file in result.files:
        figures = (
            f"{file.lines:,} lines: {file.news:,} booked, {file.unchanged:,} known, {file.quarantined:,} held back"
        )
        out.print(f"{file.name} ({file.file_type}): {figures}; moved to {file.folder}", markup=False)
    for name in result.unsettled:
        out.print(f"{name} changed a moment ago and may still be written: the next run takes it in.", markup=False)
    for batch_id in result.closed:
        out.print(f"{batch_id} is complete and closed.", markup=False)
    for alert in result.alerts:
        out.print(Text(f"{alert.code}: {alert.message}"))
        indented(f"Runbook: {alert.runbook}")
