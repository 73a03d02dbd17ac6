"""Who looked at a guarantor's data, and to whom it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import heading, new_table, out
from statement_builder.operations.wording import format_state

if TYPE_CHECKING:
    from statement_builder.operations.access import AccessReport


def show_access(report: AccessReport) -> None:
    """Print the views and the disclosures, oldest first. Times are UTC."""
    heading(f"Guarantor {report.guarantor_id}, since {report.since}")
    views = new_table(title="Views and exports", title_justify="left")
    for title in ("when", "who", "command", "batch", "purpose", "documents"):
        views.add_column(title, overflow="fold")
    for view in report.views:
        documents = " ".join(view.document_ids)
        cells = (f"{view.at:%Y-%m-%d %H:%M}", view.actor, view.what, view.batch_id, view.purpose, documents)
        views.add_row(*map(Text, cells))
    out.print(views if report.views else "No view on record.")
    sent = new_table(title="Disclosures", title_justify="left")
    for title in ("when", "document", "by", "to", "print file", "state"):
        sent.add_column(title, overflow="fold")
    for row in report.disclosures:
        cells = (
            f"{row.at:%Y-%m-%d %H:%M}",
            row.document_id,
            row.channel.value,
            row.recipient,
            row.print_file,
            format_state(row.state),
        )
        sent.add_row(*map(Text, cells))
    out.print(sent if report.disclosures else "No disclosure on record.")
