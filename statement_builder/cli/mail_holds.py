"""Commands for holding all mail to a guarantor: mail-hold place, lift, list."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import Json, Reason, opened, parse_day
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.operations.mail_holds import lift_mail_hold, list_mail_holds, place_mail_hold

mail_hold_app = typer.Typer(help="Hold all mail to a guarantor in this service.", no_args_is_help=True)

Guarantor = Annotated[str, typer.Argument(metavar="GUARANTOR", help="A guarantor id.")]


@mail_hold_app.command("place")
def place(
    guarantor: Guarantor,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="The first day without the hold. Default: until it is lifted.")
    ] = None,
) -> None:
    """Send nothing to a guarantor, whatever the billing system says."""
    with opened() as context:
        output.say(place_mail_hold(context, guarantor, reason, ends_on=parse_day(until, "--until")))


@mail_hold_app.command("lift")
def lift(guarantor: Guarantor, reason: Reason) -> None:
    """End a mail hold."""
    with opened() as context:
        output.say(lift_mail_hold(context, guarantor, reason))


@mail_hold_app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the mail holds that were not lifted."""
    with opened(reads_only=True) as context:
        holds = list_mail_holds(context)
        if subjects := list_subjects(holds):
            record_access(context, "mail-hold list", subjects)
    output.print_json(holds) if as_json else output.show_mail_holds(holds)
