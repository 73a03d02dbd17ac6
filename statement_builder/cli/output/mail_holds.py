"""The mail holds that the billing office placed in this service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import new_table, out

if TYPE_CHECKING:
    from statement_builder.ledger import MailHold


def show_mail_holds(holds: Sequence[MailHold]) -> None:
    """Print one line per mail hold."""
    if not holds:
        out.print("There is no mail hold.")
        return
    table = new_table()
    for title in ("guarantor", "since", "ends", "placed by", "reason"):
        table.add_column(title, overflow="fold")
    for hold in holds:
        ends = str(hold.ends_on) if hold.ends_on else "when lifted"
        cells = (hold.guarantor_id, str(hold.placed_on), ends, hold.placed_by, hold.reason)
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)
