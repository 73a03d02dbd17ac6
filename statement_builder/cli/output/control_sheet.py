"""The control sheet on a terminal. The PDF has all of it."""

from __future__ import annotations

from statement_builder.cli.output.console import heading, new_table, out, print_line
from statement_builder.operations.wording import format_dollars, format_state
from statement_builder.reports import ControlSheet


def show_control_sheet(sheet: ControlSheet) -> None:
    """Print the gates, the previous cycles, the decisions to make, and the open items."""
    verdict = "foots" if sheet.foots else "DOES NOT FOOT"
    heading(f"{sheet.batch}, as of {sheet.as_of}: {format_state(sheet.state)}, {verdict}")
    table = new_table()
    for title in ("gate", "verdict"):
        table.add_column(title, no_wrap=True)
    for title in ("documents in", "out", "dollars in", "out"):
        table.add_column(title, justify="right", no_wrap=True)
    for gate in sheet.gates:
        documents = (f"{gate.documents_in:,}", f"{gate.documents_out:,}")
        verdict = "DOES NOT FOOT" if gate.verdict == "broken" else gate.verdict
        table.add_row(gate.name, verdict, *documents, format_dollars(gate.cents_in), format_dollars(gate.cents_out))
    out.print(table)
    table = new_table()
    table.add_column("cycle", no_wrap=True)
    for title in ("pulled", "held", "exceptions", "rendered", "average", "handed off"):
        table.add_column(title, justify="right", no_wrap=True)
    for cycle in sheet.cycles:
        counts = [f"{figure:,}" for figure in (cycle.pulled, cycle.held, cycle.exceptions, cycle.rendered)]
        table.add_row(cycle.batch, *counts, format_dollars(cycle.average_cents), f"{cycle.handed_off:,}")
    out.print(table)
    for question in sheet.questions:
        print_line(f"To decide: {question}")
    for item in sheet.still_open:
        print_line(f"Open: {item.what} To do: {item.to_do}.")
    if seal := sheet.event_seal:
        signed = f"signed with key {seal.key}" if seal.signature else "not signed"
        print_line(f"Event log: sealed at event {seal.event}, SHA-256 {seal.sha256}, {signed}.")
