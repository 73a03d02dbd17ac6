"""What a purge did, and the legal holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import indented, new_table, out, say

if TYPE_CHECKING:
    from statement_builder.ledger import LegalHold
    from statement_builder.operations.retention.purge import PurgeReport

_LOCKED_SHOWN_MAX = 20


def show_purge(report: PurgeReport) -> None:
    """Print what was deleted per batch, and what stays and why."""
    verb = "would be purged" if report.dry_run else "purged"
    if not report.batches:
        say(f"No batch is as of a day before {report.before}.")
    for each in report.batches:
        earlier = f", {each.purged_before:,} purged before" if each.purged_before else ""
        say(f"{each.batch_id}: {each.shards:,} shards and {each.files:,} files {verb}{earlier}")
        for group in each.kept:
            indented(f"{group.shards:,} {'shard stays' if group.shards == 1 else 'shards stay'}: {group.reason}")
    say(f"Expired links {verb}: {report.links:,}. Processed reports {verb}: {report.inbox_files:,}.")
    if report.inbox_kept:
        indented(f"Processed reports stay: {report.inbox_kept}")
    for line in report.locked[:_LOCKED_SHOWN_MAX]:
        say(f"{line}.")
    if len(report.locked) > _LOCKED_SHOWN_MAX:
        say(f"… and {len(report.locked) - _LOCKED_SHOWN_MAX:,} more; --json lists all.")


def show_legal_holds(holds: Sequence[LegalHold]) -> None:
    """Print one line per legal hold."""
    if not holds:
        out.print("There is no legal hold.")
        return
    table = new_table()
    for title in ("subject", "placed by", "placed at", "reason"):
        table.add_column(title, overflow="fold")
    for hold in holds:
        table.add_row(
            *(
                Text(cell)
                for cell in (hold.subject, hold.placed_by, f"{hold.placed_at:%Y-%m-%d %H:%M} UTC", hold.reason)
            )
        )
    out.print(table)
