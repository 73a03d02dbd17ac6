"""Commands for the end of a record's life: purge, legal-hold."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import Json, Reason, opened, parse_day
from statement_builder.errors import GateStop
from statement_builder.operations.access import list_legal_hold_subjects, record_access
from statement_builder.operations.retention.legal_holds import lift_legal_hold, list_legal_holds, place_legal_hold
from statement_builder.operations.retention.purge import purge as purge_mail

legal_hold_app = typer.Typer(help="Keep mail from being purged.", no_args_is_help=True)

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="A guarantor id, an account number, a batch id or a document id.")
]


def purge(
    before: Annotated[str, typer.Option(help="Only batches as of a day before this date, such as 2016-01-01.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted; delete nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Delete PDFs, snapshots, e-mails and print files past their retention period, and reduce their ledger rows."""
    day = parse_day(before, "--before")
    assert day is not None
    with opened(reads_only=dry_run) as context:
        report = purge_mail(context, before=day, dry_run=dry_run)
    output.print_json(report) if as_json else output.show_purge(report)
    if report.locked:
        count = len(report.locked)
        raise GateStop(
            f"The store still keeps {count:,} {'object' if count == 1 else 'objects'}; run this again later."
        )


@legal_hold_app.command("place")
def place(subject: Subject, reason: Reason) -> None:
    """Keep everything about a guarantor, an account, a batch or a document."""
    with opened() as context:
        output.say(place_legal_hold(context, subject, reason))


@legal_hold_app.command("lift")
def lift(subject: Subject, reason: Reason) -> None:
    """End a legal hold."""
    with opened() as context:
        output.say(lift_legal_hold(context, subject, reason))


@legal_hold_app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the legal holds in force."""
    with opened(reads_only=True) as context:
        holds = list_legal_holds(context)
        if subjects := list_legal_hold_subjects(context, holds):
            record_access(context, "legal-hold list", subjects)
    output.print_json(holds) if as_json else output.show_legal_holds(holds)
