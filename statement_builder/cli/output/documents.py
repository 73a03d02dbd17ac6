"""Documents: what was sent, and every attempt to deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from statement_builder.cli.output.console import (
    heading,
    indented,
    new_table,
    out,
    print_line,
)
from statement_builder.operations.wording import format_dollars, format_state

if TYPE_CHECKING:
    from statement_builder.billing.clocks import Clock
    from statement_builder.operations.queries import ReissueRow
    from statement_builder.operations.summaries import DocumentSummary


def show_documents(text: str, documents: Sequence[DocumentSummary]) -> None:
    """Print the documents that `statements find` found for `text`."""
    if not documents:
        print_line(f"No document was found for {text}.")
    _show_clocks(next((document.clocks for document in documents if document.clocks), ()))
    for document in documents:
        pages = f"{document.pages} page{'' if document.pages == 1 else 's'}"
        level = f", level {document.level}" if document.level else ""
        amount = format_dollars(document.amount_cents)
        heading(document.document_id)
        lines = [
            f"{document.batch_id}{level}, guarantor {document.guarantor_id}, {amount}, {pages}",
            f"accounts {', '.join(document.accounts)}" if document.accounts else "",
            f"state: {format_state(document.state)}",
            f"opened on the portal on {document.viewed_on}" if document.viewed_on else "",
            *describe_links(document),
            *(
                f"attempt {each.attempt}: {each.channel} {each.state} {each.at:%Y-%m-%dT%H:%M} {each.print_file}"
                for each in document.deliveries
            ),
        ]
        for line in filter(None, lines):
            indented(line.rstrip())


def _show_clocks(clocks: Sequence[Clock]) -> None:
    """One row per legal clock of the account that was searched for."""
    if not clocks:
        return
    table = new_table()
    for title in ("clock", "account", "started", "ends", "citation"):
        table.add_column(title)
    for clock in clocks:
        table.add_row(clock.clock, clock.account, f"{clock.started_on}", f"{clock.ends_on}", clock.citation)
    out.print(table)


def describe_links(document: DocumentSummary | ReissueRow) -> list[str]:
    """How a document relates to its original and to its correction."""
    links = []
    if document.revision_of:
        links.append(f"{'a copy of' if document.is_copy else 'corrects and replaces'} {document.revision_of}")
    if document.replaced_by:
        links.append(f"REPLACED by {document.replaced_by}: use that one")
    return links
