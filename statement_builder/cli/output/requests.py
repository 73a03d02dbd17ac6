"""The requests that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import new_table, out

if TYPE_CHECKING:
    from statement_builder.ledger import RecordedRequest


def show_requests(requests: Sequence[RecordedRequest], today: date) -> None:
    """Print one line per request, with its age in days."""
    if not requests:
        out.print("No recorded request waits for an answer.")
        return
    table = new_table()
    for title in ("request", "kind", "account", "format", "asked on", "days", "review"):
        table.add_column(title, overflow="fold")
    for each in requests:
        age = str((today - each.asked_on).days)
        cells = (each.request_id, each.kind, each.account_number, each.format, each.asked_on.isoformat(), age)
        review = " ".join(str(part) for part in (each.reviewed_on, each.obstacle, each.expected_on) if part)
        table.add_row(*(Text(cell) for cell in (*cells, review)))
    out.print(table)
