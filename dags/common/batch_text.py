"""What a person reads about a batch on Airflow's pages: the approval, as Markdown, a finished batch, and a dry run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from statement_builder.operations.approval.briefing import Briefing, Change, ReasonCount, count_holds
from statement_builder.operations.approval.release_checks import ReleaseCheck
from statement_builder.operations.summaries import FIGURES, BatchSummary
from statement_builder.operations.wording import FIGURE_LABELS, format_dollars, format_state
from statement_builder.printable import one_line

REASONS_MAX = 12
"""How many reasons a text lists. Airflow cuts what its pages show after 4,096 characters."""
_CONTROLS = re.compile(r"([\\*_\[\]<>|#!~])")


def describe_approval(
    summary: BatchSummary, briefing: Briefing, checks: Sequence[ReleaseCheck], link: str, picture: str = ""
) -> str:
    """Why a person is asked, what differs from last time, what leaves, and what does not. Names nobody.

    `link` is the batch's page in the console, and `picture` a page of its proof; empty if there is none.
    """
    counts = summary.counts
    return "\n".join(
        [
            f"**{summary.batch_id}**, as of {summary.as_of}, is built, and every figure foots. Nothing leaves before "
            "you approve it.",
            "",
            "### Why you are asked",
            "",
            *(f"- **{check.code}**: {_escape(check.message)}" for check in checks),
            "",
            *_describe_changes(briefing),
            "### What leaves when you approve",
            "",
            f"{counts['rendered']:,} documents, {format_dollars(summary.cents['rendered'])}: {counts['print']:,} on "
            f"paper, {counts['email']:,} by e-mail.",
            "",
            f"[Look at real pages in the console]({link})."
            if link
            else f"`statements show {summary.batch_id}` has the details, `statements exceptions {summary.batch_id}` "
            "the accounts.",
            "",
            *([f"![A page of this batch]({picture})", ""] if picture else []),
            *_describe_reasons("exceptions", counts["exceptions"] + counts["errors"], briefing.exceptions),
            *_describe_reasons("held accounts", counts["held"], briefing.holds, compares=bool(briefing.previous_id)),
        ]
    )


def describe_result(summary: BatchSummary, link: str) -> str:
    """A batch in figures, when a run has ended, as plain text: a log and the page of a task show no Markdown."""
    foots = "" if summary.foots is None else "; every figure foots" if summary.foots else "; it DOES NOT FOOT"
    lines = [
        f"{summary.batch_id}, as of {summary.as_of}: {format_state(summary.state)}{foots}.",
        *_list_figures(summary),
        *_list_holds(summary),
    ]
    return "\n".join([*lines, "", f"The batch in the console: {link}"] if link else lines)


def describe_dry_run(summary: BatchSummary) -> str:
    """What a run would decide, as plain text. Nothing was built, written or sent."""
    return "\n".join(
        [
            f"Dry run of {summary.batch_id}, as of {summary.as_of}. Nothing was built, written or sent.",
            *_list_figures(summary),
            *_list_holds(summary),
        ]
    )


def _describe_changes(briefing: Briefing) -> Iterator[str]:
    if not briefing.previous_id:
        yield from ("There is no earlier batch of this kind to compare with.", "")
        return
    yield from (
        f"### What differs from {briefing.previous_id}",
        "",
        "| | now | before | change |",
        "|---|---:|---:|---:|",
    )
    for change in briefing.changes:
        now, before = (
            format_dollars(value) if change.in_cents else f"{value:,}" for value in (change.now, change.before)
        )
        yield f"| {change.label} | {now} | {before} | {_format_change(change)} |"
    yield ""


def _format_change(change: Change) -> str:
    if change.now == change.before:
        return "the same"
    return "new" if change.percent is None else f"{change.percent:+,} %"


def _describe_reasons(
    noun: str, total: int, reasons: Sequence[ReasonCount], *, compares: bool = False
) -> Iterator[str]:
    """A table of reasons; nothing if there is none."""
    if not total:
        return
    yield from (f"### What does not leave: {total:,} {noun}", "")
    tells_what_to_do = any(reason.what_to_do for reason in reasons)
    last = "before" if compares else "what to do" if tells_what_to_do else ""
    yield f"| | reason |{f' {last} |' if last else ''}"
    yield f"|---:|---|{'---|' if last else ''}"
    for reason in reasons[:REASONS_MAX]:
        more = f"{reason.before or 0:,}" if compares else _escape(reason.what_to_do)
        yield f"| {reason.count:,} | {_escape(reason.title)} |{f' {more} |' if last else ''}"
    if rest := reasons[REASONS_MAX:]:
        other = f"{len(rest):,} other reasons"
        yield f"| {sum(reason.count for reason in rest):,} | {other} |{' |' if last else ''}"
    yield ""


def _list_figures(summary: BatchSummary) -> Iterator[str]:
    """Label, accounts or documents, and dollars, in columns. Figures that are zero are left out."""
    yield ""
    for name in FIGURES:
        if summary.counts[name]:
            yield f"{FIGURE_LABELS[name]:26}{summary.counts[name]:>10,}{format_dollars(summary.cents[name]):>20}"


def _list_holds(summary: BatchSummary) -> Iterator[str]:
    if not summary.holds:
        return
    yield from ("", f"{summary.counts['held']:,} held accounts, by reason; one can have several:")
    for reason in count_holds(summary.holds, None):
        yield f"{reason.count:>10,}  {one_line(reason.title)}"


def _escape(text: str) -> str:
    """Text that a person or another system wrote: nothing in it is a link, a picture or a table."""
    return _CONTROLS.sub(r"\\\1", one_line(text))
