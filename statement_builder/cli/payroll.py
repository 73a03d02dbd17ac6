"""Commands on payroll deductions: payroll send, payroll collect."""

from __future__ import annotations

import typer

from mail_house.errors import HandOffError
from statement_builder.cli import output
from statement_builder.cli.options import Json, opened, require_none
from statement_builder.errors import StatementsError

payroll_app = typer.Typer(help="Tell payroll what to deduct, and read what it took.", no_args_is_help=True)


@payroll_app.command("send")
def send(as_json: Json = False) -> None:
    """Send payroll the deductions that begin or end since the last time."""
    from statement_builder.operations.payroll.send import send_deductions  # noqa: PLC0415 - reads the source

    with opened() as context:
        try:
            result = send_deductions(context)
        except HandOffError as exc:
            raise StatementsError(f"{exc}\nFix this, then `statements payroll send` sends the rest, once.") from exc
    output.print_json(result) if as_json else output.show_sent_deductions(result)
    require_none(len(result.alerts))


@payroll_app.command("collect")
def collect(as_json: Json = False) -> None:
    """Read payroll's answers: what it took, and what it did not."""
    from statement_builder.operations.payroll.collect import collect_answers  # noqa: PLC0415

    with opened() as context:
        result = collect_answers(context)
    output.print_json(result) if as_json else output.show_collected_answers(result)
    require_none(len(result.alerts))
