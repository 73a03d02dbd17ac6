"""Batches as tables: one as a control sheet that foots, many as a list, one in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.table import Table

from statement_builder.cli.output.console import new_table, out, print_line
from statement_builder.cli.output.documents import describe_links
from statement_builder.operations.wording import FIGURE_LABELS, format_dollars, format_state
from statement_builder.policy.hold_codes import HOLD_CODES

if TYPE_CHECKING:
    from statement_builder.operations.dry_run import RerunPlan
    from statement_builder.operations.show import BatchDetails
    from statement_builder.operations.summaries import BatchSummary

_INDENTED = frozenset({"selected", "held", "exceptions", "print", "email", "mailed", "rejected", "bounced"})
"""Parts of the figure above them."""
_SECTION_ENDS = frozenset({"pulled", "exceptions", "errors", "email"})
_HIDDEN_IF_ZERO = frozenset(
    {"errors", "withheld", "uncertain", "rejected", "bounced", "unread", "returned", "due_again", "extra"}
)
_VENDOR_REPORTS = frozenset({"acknowledged", "mailed"})
"""Shown only if they differ from `handed_off`. They are equal for a vendor that reports nothing."""


def show_batches(summaries: Sequence[BatchSummary]) -> None:
    """Print a control sheet per batch, in documents and dollars, side by side if they fit."""
    names = [name for name in FIGURE_LABELS if any(_is_shown(name, each.counts) for each in summaries)]
    out.print(Columns([_control_sheet(summary, names) for summary in summaries], padding=(0, 3)))
    for summary in summaries:
        _show_rejection(summary)


def _show_rejection(summary: BatchSummary) -> None:
    if rejected := summary.rejected:
        out.print(
            f"{summary.batch_id}: REJECTED by {rejected.by} on {rejected.at:%Y-%m-%d %H:%M} UTC: {rejected.why}",
            markup=False,
        )


def _is_shown(name: str, counts: Mapping[str, int]) -> bool:
    if name in _VENDOR_REPORTS:
        return counts[name] != counts["handed_off"]
    return name not in _HIDDEN_IF_ZERO or counts[name] > 0


def _control_sheet(summary: BatchSummary, names: Sequence[str]) -> Table:
    trial = f", first {summary.limit}" if summary.limit else ""
    title = f"{summary.batch_id}, as of {summary.as_of}{trial}"
    table = new_table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("documents", justify="right")
    table.add_column("dollars", justify="right")
    for name in names:
        figures = (f"{summary.counts[name]:,}", format_dollars(summary.cents[name]))
        label = f"{'  ' if name in _INDENTED else ''}{FIGURE_LABELS[name]}"
        table.add_row(label, *figures, end_section=name in _SECTION_ENDS)
    table.add_row("state", format_state(summary.state), "")
    table.add_row("foots", _yes_no(summary.foots), "")
    return table


def _yes_no(foots: bool | None) -> str:
    return {True: "yes", False: "NO", None: "-"}[foots]


def show_holds(holds: Mapping[str, int]) -> None:
    """Print the number of held accounts per hold code, with the code's title."""
    if not holds:
        return
    table = new_table(title="Held accounts by reason (an account can have several)", title_justify="left")
    table.title_style = "bold"
    table.add_column("hold")
    table.add_column("accounts", justify="right")
    table.add_column("reason", overflow="fold")
    for code, count in sorted(holds.items(), key=lambda pair: (-pair[1], pair[0])):
        table.add_row(code, f"{count:,}", HOLD_CODES[code].title if code in HOLD_CODES else "")
    out.print(table)


def list_batches(summaries: Sequence[BatchSummary]) -> None:
    """Print one line per batch: its state and figures, and then what to run next."""
    if not summaries:
        out.print("No batch yet. `statements run statement --cycle 2026-11` starts one.")
        return
    table = new_table()
    for heading in ("batch", "as of", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("pulled", "handed off", "dollars"):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in summaries:
        figures = [f"{summary.counts[name]:,}" for name in ("pulled", "handed_off")]
        dollars = format_dollars(summary.cents["handed_off"])
        table.add_row(summary.batch_id, f"{summary.as_of}", format_state(summary.state), *figures, dollars)
    out.print(table)
    for summary in summaries:
        _show_rejection(summary)
        if summary.next_step:
            print_line(f"{summary.batch_id}: {summary.next_step}")


def show_details(batch: BatchDetails) -> None:
    """Print the print files of one batch and everything in it that needs an operator, then what to run next."""
    for file in batch.print_files:
        figures = f"{file.documents:,} documents, {file.pages:,} pages, {file.sheets:,} sheets"
        print_line(f"{file.name}: {figures}, {format_dollars(file.cents)}, {file.state}")
    for row in batch.work_queue:
        print_line(f"{row.document_id or row.file}: {row.code}: {row.message}")
        print_line(f"    To do: {row.fix}")
    for reissue in batch.reissues:
        print_line(f"{reissue.document_id} {describe_links(reissue)[0]}: {format_state(reissue.state)}")
    for hand_off in batch.unresolved:
        what = hand_off.print_file or hand_off.document_id
        print_line(f"{what} ({hand_off.channel}, attempt {hand_off.attempt}): outcome unknown.")
        print_line(f"    {hand_off.evidence}")
        print_line(f'    statements resolve {hand_off.document_id} --sent (or --not-sent) --reason "…"')
    for question in batch.questions:
        print_line(f"To decide: {question}")
    if batch.next_step:
        print_line(f"Next: {batch.next_step}")


def show_rerun_plan(plan: RerunPlan) -> None:
    """Print what a rerun would do."""
    if not plan.steps:
        out.print(f"{plan.batch_id} is finished; a rerun does nothing.")
        return
    out.print(f"A rerun of {plan.batch_id} would:")
    for step in plan.steps:
        print_line(f"  {step}")
