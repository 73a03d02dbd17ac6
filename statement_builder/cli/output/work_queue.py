"""The clerk's lists: exceptions with their fixes, holds by reason, and the work queue."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from statement_builder.cli.output.console import heading, indented, out

if TYPE_CHECKING:
    from datetime import date

    from statement_builder.operations.console.clerk_queue import QueueRow
    from statement_builder.operations.queries import ExceptionRow, HoldRow


def show_exceptions(rows: Sequence[ExceptionRow]) -> None:
    """Print, for each guarantor or file, what is wrong and what to do."""
    if not rows:
        out.print("No exceptions.")
    for subject, group in groupby(rows, key=lambda row: row.guarantor_id or row.file):
        heading(subject or "")
        for row in group:
            indented(f"{row.code}: {row.message}")
            indented(f"To do: {row.fix}")


def show_held(rows: Sequence[HoldRow]) -> None:
    """Print each hold code once, with its reason, what ends it, and the accounts that it holds."""
    if not rows:
        out.print("No holds.")
    ordered = sorted(rows, key=attrgetter("code", "guarantor_id", "account_number"))
    for code, group in groupby(ordered, key=attrgetter("code")):
        holds = list(group)
        heading(f"{code} ({len(holds):,})")
        indented(holds[0].why)
        indented(f"To do: {holds[0].what_to_do}")
        indented(", ".join(_describe(hold) for hold in holds))


def _describe(hold: HoldRow) -> str:
    account = f" account {hold.account_number}" if hold.account_number else ""
    until = f" until {hold.until}" if hold.until else ""
    late = " (withheld after it was made)" if hold.is_late else ""
    return f"{hold.guarantor_id}{account}{until}{late}"


def show_queue(rows: Sequence[QueueRow], today: date) -> None:
    """Print the rows by code: item id, whom or what, and what clerks recorded; then what to do."""
    if not rows:
        out.print("No rows.")
    for code, group in groupby(sorted(rows, key=attrgetter("kind", "code")), key=attrgetter("code")):
        found = list(group)
        heading(f"{code} ({len(found):,})")
        for row in found:
            indented(" · ".join(filter(None, _describe_row(row, today))))
            if row.kind != "hold":
                indented(f"  {row.why} To do: {row.what_to_do}")
        if found[0].kind == "hold":
            indented(f"To do: {found[0].what_to_do}")


def _describe_row(row: QueueRow, today: date) -> tuple[str, ...]:
    account = f"account {row.account_number}" if row.account_number else ""
    set_aside = f"snoozed until {row.item.snoozed_until}" if row.view(today) == "snoozed" else ""
    done = "done" if row.view(today) == "done" else ""
    subject = row.guarantor_id or row.document_id or row.file
    return row.item_id, subject, account, row.batch_id, row.item.assignee, set_aside, done, row.item.note
