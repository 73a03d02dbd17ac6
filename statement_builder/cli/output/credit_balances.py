"""The list of credit balances, as a table or as CSV."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from mail_house.print_files.manifest import escape_formula
from statement_builder.cli.output.console import indented, new_table, out
from statement_builder.operations.wording import format_dollars
from statement_builder.policy.hold_codes import HOLD_CODES

if TYPE_CHECKING:
    from statement_builder.operations.credit_balances import CreditBalanceList
    from statement_builder.policy.credit_balances import CreditBalance

_COLUMNS = (
    "due_on",
    "days_left",
    "deadline",
    "guarantor",
    "account",
    "episode",
    "amount",
    "since",
    "payer_class",
    "refund",
    "reasons",
)
_TITLES = ("due on", "days", "rule", "guarantor", "account", "amount", "since", "payer", "refund", "why not yet")
_IDS = frozenset({"guarantor", "account", "episode", "refund"})
"""Columns with text of the billing system."""


def show_credits(found: CreditBalanceList) -> None:
    """Print one line per credit, then what each reason means."""
    if found.rows:
        table = new_table()
        for title in _TITLES:
            table.add_column(title, overflow="fold", justify="right" if title in {"days", "amount"} else "left")
        for row in found.rows:
            due_on, days_left, rule, guarantor, account, episode, _, since, payer, refund, reasons = _cells(row)
            amount = format_dollars(row.amount_cents)
            cells = (due_on, days_left, rule, guarantor, account or episode, amount, since, payer, refund, reasons)
            table.add_row(*(Text(cell) for cell in cells))
        out.print(table)
        for code in sorted({code for row in found.rows for code in row.reasons}):
            indented(f"{code}: {HOLD_CODES[code].title}. {HOLD_CODES[code].what_to_do}")
    count = len(found.rows)
    out.print(f"{count:,} credit{'' if count == 1 else 's'}, {format_dollars(found.total_cents)} as of {found.as_of}.")
    if found.unreadable:
        out.print(
            f"{found.unreadable:,} with bad rows: their credits are not known. `statements source check` lists them."
        )


def write_credits_csv(found: CreditBalanceList) -> None:
    """Write one row per credit to standard output, with amounts in dollars."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in found.rows:
        cells = zip(_COLUMNS, _cells(row), strict=True)
        writer.writerow([escape_formula(cell) if name in _IDS else cell for name, cell in cells])


def _cells(row: CreditBalance) -> tuple[str, ...]:
    return (
        row.due_on.isoformat() if row.due_on else "",
        "" if row.days_left is None else str(row.days_left),
        row.deadline.value if row.deadline else "",
        row.guarantor_id,
        row.account_number,
        row.episode_id,
        f"{row.amount_cents // 100}.{row.amount_cents % 100:02}",
        row.since.isoformat(),
        row.payer_class.value,
        row.refund_id,
        " ".join(row.reasons),
    )
