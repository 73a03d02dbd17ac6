"""What the command line shows a person: tables that foot, progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.columns import Columns
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.reports import ControlSheet
from statement_builder.source import CheckReport

if TYPE_CHECKING:
    from statement_builder.operations.track import Tracked

_LABELS = {
    "pulled": "pulled",
    "selected": "  selected",
    "held": "  held",
    "exceptions": "  exceptions",
    "rendered": "rendered",
    "errors": "errors",
    "print": "  print",
    "email": "  e-mail",
    "handed_off": "handed off",
    "withheld": "withheld late",
    "uncertain": "uncertain",
    "acknowledged": "acknowledged",
    "mailed": "  mailed",
    "rejected": "  rejected",
    "bounced": "  bounced",
    "returned": "of those mailed, returned",
    "due_again": "due to go again",
    "extra": "copies, corrections",
}
_SECTION_ENDS = frozenset({"pulled", "exceptions", "errors", "email"})
_SHOWN_WHERE_ANY = frozenset(
    {"errors", "withheld", "uncertain", "rejected", "bounced", "returned", "due_again", "extra"}
)
_ANSWERS = frozenset({"acknowledged", "mailed"})
"""Shown where they differ from what was handed off: a vendor who reports nothing is not waited for."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """One JSON value on standard output, and nothing else there."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def format_dollars(cents: int) -> str:
    """`-$1,234.56`, for the operator's screen; what patients read is formatted by the templates."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def say(sentence: str) -> None:
    """What was done, on one line: an id in it can be copied whole."""
    out.print(sentence, markup=False, soft_wrap=True)


def show_batches(summaries: Sequence[Mapping[str, Any]]) -> None:
    """For each batch a control sheet that a clerk can add up, in documents and in dollars; side by side if they fit."""
    names = [name for name in _LABELS if any(_is_shown(name, each["counts"]) for each in summaries)]
    out.print(Columns([_control_sheet(summary, names) for summary in summaries], padding=(0, 3)))


def _is_shown(name: str, counts: Mapping[str, int]) -> bool:
    if name in _ANSWERS:
        return counts[name] != counts["handed_off"]
    return name not in _SHOWN_WHERE_ANY or counts[name] > 0


def _control_sheet(summary: Mapping[str, Any], names: Sequence[str]) -> Table:
    trial = f", first {summary['limit']}" if summary["limit"] else ""
    title = f"{summary['batch']}, as of {summary['as_of']}{trial}"
    table = _table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("documents", justify="right")
    table.add_column("dollars", justify="right")
    for name in names:
        figures = (f"{summary['counts'][name]:,}", format_dollars(summary["cents"][name]))
        table.add_row(_LABELS[name], *figures, end_section=name in _SECTION_ENDS)
    table.add_row("state", summary["state"].replace("_", " "), "")
    table.add_row("foots", _yes_no(summary["foots"]), "")
    return table


def show_holds(holds: Mapping[str, int]) -> None:
    """How many candidates each hold reason was found on, with what the reason means."""
    if not holds:
        return
    table = _table(title="Held, by reason (one account can have several)", title_justify="left", title_style="bold")
    table.add_column("hold")
    table.add_column("times", justify="right")
    table.add_column("what it is", overflow="fold")
    for code, count in sorted(holds.items(), key=lambda pair: (-pair[1], pair[0])):
        table.add_row(code, f"{count:,}", HOLD_CODES[code].title if code in HOLD_CODES else "")
    out.print(table)


def _table(**options: Any) -> Table:
    return Table(box=SIMPLE, header_style="bold", pad_edge=False, show_edge=False, **options)


def _yes_no(foots: bool | None) -> str:
    return {True: "yes", False: "NO", None: "-"}[foots]


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A moving bar on a terminal while the block runs; elsewhere one plain line when a step is through."""
    if not err.is_terminal:
        yield _say_when_done
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total or None)


def _say_when_done(step: str, done: int, total: int) -> None:
    if total and done >= total:
        err.print(f"{step}: {done:,}")


def list_batches(summaries: Sequence[Mapping[str, Any]]) -> None:
    """A few words a batch: where it stands and what to do next."""
    if not summaries:
        out.print("No batch yet. `statements run statement --cycle 2026-11` starts one.")
        return
    table = _table()
    for heading in ("batch", "as of", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("pulled", "handed off", "dollars"):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in summaries:
        figures = [f"{summary['counts'][name]:,}" for name in ("pulled", "handed_off")]
        dollars = format_dollars(summary["cents"]["handed_off"])
        state = summary["state"].replace("_", " ")
        table.add_row(summary["batch"], summary["as_of"], state, *figures, dollars)
    out.print(table)
    for summary in summaries:
        if summary["next"]:
            out.print(f"{summary['batch']}: {summary['next']}", markup=False)


def show_hand_offs(summary: Mapping[str, Any]) -> None:
    """Print files and open hand-offs of one batch, then what to do next."""
    for row in summary["print_files"]:
        figures = f"{row['documents']:,} documents, {row['pages']:,} pages, {row['sheets']:,} sheets"
        out.print(f"{row['name']}: {figures}, {format_dollars(row['cents'])}, {row['state']}", markup=False)
    for row in summary["came_back"]:
        out.print(f"{row['document'] or row['file']}: {row['code']}: {row['message']}", markup=False)
        out.print(f"    To do: {row['fix']}", markup=False)
    for row in summary["extras"]:
        out.print(f"{row['document']} {_links(row)[0]}: {row['state'].replace('_', ' ')}", markup=False)
    for row in summary["open_hand_offs"]:
        what = row["print_file"] or row["document"]
        out.print(f"{what} ({row['channel']}, attempt {row['attempt']}) may or may not have left.", markup=False)
        out.print(f"    {row['evidence']}", markup=False)
        out.print(f'    statements resolve {row["document"]} --sent (or --not-sent) --reason "…"', markup=False)
    for question in summary["questions"]:
        out.print(f"To decide: {question}", markup=False)
    if summary["next"]:
        out.print(f"Next: {summary['next']}", markup=False)


def show_control_sheet(sheet: ControlSheet) -> None:
    """The control sheet in short: gates, ways out, the last cycles, what is open. The PDF has all of it."""
    verdict = "foots" if sheet.foots else "DOES NOT FOOT"
    out.print(Text(f"{sheet.batch}, as of {sheet.as_of}: {sheet.state.replace('_', ' ')}, {verdict}", style="bold"))
    table = _table()
    for heading in ("gate", "verdict"):
        table.add_column(heading, no_wrap=True)
    for heading in ("documents in", "out", "dollars in", "out"):
        table.add_column(heading, justify="right", no_wrap=True)
    for gate in sheet.gates:
        documents = (f"{gate.documents_in:,}", f"{gate.documents_out:,}")
        verdict = "DOES NOT FOOT" if gate.verdict == "broken" else gate.verdict
        table.add_row(gate.name, verdict, *documents, format_dollars(gate.cents_in), format_dollars(gate.cents_out))
    out.print(table)
    table = _table()
    table.add_column("cycle", no_wrap=True)
    for heading in ("pulled", "held", "exceptions", "rendered", "average", "handed off"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cycle in sheet.cycles:
        counts = [f"{figure:,}" for figure in (cycle.pulled, cycle.held, cycle.exceptions, cycle.rendered)]
        table.add_row(cycle.batch, *counts, format_dollars(cycle.average_cents), f"{cycle.handed_off:,}")
    out.print(table)
    for question in sheet.questions:
        out.print(f"To decide: {question}", markup=False)
    for end in sheet.still_open:
        out.print(f"Open: {end.what} To do: {end.to_do}.", markup=False)


def show_exceptions(rows: Sequence[Mapping[str, Any]]) -> None:
    """A clerk's work list: for each guarantor what is wrong, and what to do."""
    if not rows:
        out.print("No exceptions.")
    for whose, group in groupby(rows, key=lambda row: row["guarantor"] or row["file"]):
        out.print(Text(whose, style="bold"))
        for row in group:
            out.print(Padding(Text(f"{row['code']}: {row['message']}"), (0, 0, 0, 4), expand=False))
            out.print(Padding(Text(f"To do: {row['fix']}"), (0, 0, 0, 4), expand=False))


def show_held(rows: Sequence[Mapping[str, Any]]) -> None:
    """Each reason once, with what it means and what ends it, then whom it holds."""
    if not rows:
        out.print("Nothing is held.")
    for code, group in groupby(sorted(rows, key=itemgetter("code", "guarantor", "account")), key=itemgetter("code")):
        held = list(group)
        out.print(Text(f"{code} ({len(held):,})", style="bold"))
        out.print(Padding(Text(held[0]["why"]), (0, 0, 0, 4), expand=False))
        out.print(Padding(Text(f"To do: {held[0]['what_to_do']}"), (0, 0, 0, 4), expand=False))
        out.print(Padding(Text(", ".join(_name_held(row) for row in held)), (0, 0, 0, 4), expand=False))


def _name_held(row: Mapping[str, Any]) -> str:
    account = f" account {row['account']}" if row["account"] else ""
    until = f" until {row['until']}" if row["until"] else ""
    late = " (document made, then pulled out)" if row["late"] else ""
    return f"{row['guarantor']}{account}{until}{late}"


def show_found(text: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """The documents of one person, account or batch, and what became of each."""
    if not rows:
        out.print(f"Nothing was made for {text}.", markup=False)
    for row in rows:
        pages = f"{row['pages']} page{'' if row['pages'] == 1 else 's'}"
        level = f", level {row['level']}" if row["level"] else ""
        out.print(Text(row["document"], style="bold"))
        lines = [
            f"{row['batch']}{level}, guarantor {row['guarantor']}, {format_dollars(row['amount_cents'])}, {pages}",
            f"accounts {', '.join(row['accounts'])}" if row["accounts"] else "",
            f"state: {row['state'].replace('_', ' ')}",
            *_links(row),
            *(
                f"attempt {each['attempt']}: {each['channel']} {each['state']} {each['at'][:16]} {each['print_file']}"
                for each in row["deliveries"]
            ),
        ]
        for line in filter(None, lines):
            out.print(Padding(Text(line.rstrip()), (0, 0, 0, 4), expand=False))


def _links(row: Mapping[str, Any]) -> list[str]:
    """How a document hangs together with others."""
    links = []
    if row["revision_of"]:
        links.append(f"{'a copy of' if row['is_copy'] else 'corrects and replaces'} {row['revision_of']}")
    if row["replaced_by"]:
        links.append(f"REPLACED by {row['replaced_by']}: what holds now is that one")
    return links


def show_tracked(tracked: Tracked) -> None:
    """What came in, what became complete, and what a person has to do."""
    if not tracked.files:
        out.print("Nothing new came in.")
    for file in tracked.files:
        figures = f"{file.answers:,} answers, {file.news:,} of them news, {file.problems:,} problems"
        out.print(f"{file.name} ({file.form}): {figures}; now in {file.put_in}", markup=False)
    for batch in tracked.closed:
        out.print(f"{batch} is complete and closed.", markup=False)
    for alert in tracked.alerts:
        out.print(Text(f"{alert.code}: {alert.message}"))
        out.print(Padding(Text(f"How: {alert.runbook}"), (0, 0, 0, 4), expand=False))


def show_preflight(found: Mapping[str, Any]) -> None:
    """What is wrong with a print file, document by document, or that nothing is."""
    figures = f"{found['pieces']:,} pieces, {found['pages']:,} pages, {found['sheets']:,} sheets"
    out.print(f"{found['name']}: {figures}; held against {found['profile']}.", markup=False, soft_wrap=True)
    if not found["faults"]:
        out.print("Nothing is wrong with it: every piece was read and looked at.")
        return
    for document, group in groupby(found["faults"], key=itemgetter("document")):
        out.print(Text(f"document {document}" if document else "the file as a whole", style="bold"))
        for fault in group:
            page = f"page {fault['page']}: " if fault["page"] else ""
            out.print(Padding(Text(f"{page}{fault['what']}"), (0, 0, 0, 4), expand=False))
    out.print(
        "To do: have nothing of it printed; if the vendor has it, ask to stop it, by name. Compare its SHA-256 with "
        "the one in `statements show BATCH --json`: the same, report the fault; another, the file was changed since.",
        soft_wrap=True,
    )


def show_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """The doctor's findings, one line a part."""
    for finding in findings:
        mark = "[green]ok[/green] " if finding["ok"] else "[red]BAD[/red]"
        out.print(f"{mark} {finding['part']}: ", end="")
        out.print(finding["message"], markup=False)


def show_check(report: CheckReport) -> None:
    """What `source check` found: rows by result set, then every fault with where it is and what to do."""
    for name, count in report.rows.items():
        out.print(f"{name}: {count:,} rows", markup=False)
    for feed, at in sorted(report.feeds.items()):
        out.print(f"{feed} feed loaded {at:%Y-%m-%d %H:%M} UTC", markup=False)
    if not report.faults:
        out.print("Every row is as the contract says.")
    for fault in report.faults:
        out.print(Text(f"{fault.code}: {fault.message}"))
        out.print(Padding(Text(f"To do: {fault.fix}"), (0, 0, 0, 4), expand=False))


def show_steps(batch_id: str, steps: Sequence[str]) -> None:
    """What a re-run would do."""
    out.print(f"{batch_id} is finished; a re-run does nothing." if not steps else f"A re-run of {batch_id} would:")
    for step in steps:
        out.print(f"  {step}", markup=False)


def show_places(places: Mapping[str, str]) -> None:
    """Where the demo's results are."""
    for what, where in places.items():
        out.print(f"{what}: {where}", markup=False)


def show_pairs(pairs: Mapping[str, Any]) -> None:
    """Name and value, one a line."""
    for name, value in pairs.items():
        if isinstance(value, Mapping):
            show_pairs(value)
        else:
            shown = f"{value:,}" if isinstance(value, int) else value
            out.print(f"{name.replace('_', ' ')}: {shown}", markup=False)


def show_bench(figures: Mapping[str, Any]) -> None:
    """What `bench` measured."""
    out.print(
        f"{figures['documents']:,} documents ({figures['kind']}): {figures['compiled_per_s']:,} a second filled, "
        f"{figures['plain_per_s']:,} with a WeasyPrint call each: {figures['ratio']:,} times"
    )
    out.print(f"{figures['cold_per_s']:,} a second from an empty folder, with {figures['layouts']:,} layouts to make")
    out.print(f"{figures['first_s']:,} s from the start of a process to its first document")
    out.print(f"{figures['bytes_per_document']:,} bytes each; {figures['plain_bytes_per_document']:,} if made plainly")
    out.print(f"{figures['fallbacks']:,} fell back to a WeasyPrint call")
    for reason, count in figures["reasons"].items():
        out.print(f"  {count:,}: {reason}", markup=False)
    if "batch" in figures:
        _show_batch_bench(figures["batch"], figures["again"])


def _show_batch_bench(batch: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    out.print(
        f"A whole batch of {batch['documents']:,}, from the pull to its print files, with {batch['workers']} processes:"
    )
    for each, how in ((batch, "from an empty folder"), (again, "once more, with the layouts kept")):
        seconds = ", ".join(f"{name} {value:,} s" for name, value in each["seconds"].items())
        memory = f"at most {each['memory_mib']:,} MiB of memory in all processes"
        out.print(f"  {how}: {each['documents_per_s']:,} a second ({seconds}), {memory}")
    out.print("Milliseconds of processor time a document, layouts made and layouts kept:")
    for stage, spent in batch["stages"].items():
        out.print(f"  {stage:<12}{spent:>8.3f}{again['stages'][stage]:>8.3f}", highlight=False)
    in_all = [sum(each["stages"].values()) for each in (batch, again)]
    out.print(f"  {'in all':<12}{in_all[0]:>8.3f}{in_all[1]:>8.3f}", highlight=False)
    out.print(f"Merely deflating, hashing and writing the same bytes takes {batch['floor_ms']:.3f}", highlight=False)
