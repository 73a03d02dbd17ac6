"""The command on credit balances: credits."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import AsOf, Json, Purpose, opened, parse_day
from statement_builder.errors import ConfigError
from statement_builder.operations.access import list_subjects, record_access


def credits(
    as_of: AsOf = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")] = False,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """List the credit balances: whose money, since when, why it is not paid back yet, and by when it must be."""
    from statement_builder.operations.credit_balances import list_credit_balances  # noqa: PLC0415

    if as_csv and as_json:
        raise ConfigError("--csv and --json exclude each other.")
    with opened(reads_only=True) as context:
        found = list_credit_balances(context, parse_day(as_of, "--as-of") or context.today())
        record_access(context, "credits", list_subjects(found), purpose=purpose)
        if as_json:
            output.print_json(found)
        elif as_csv:
            output.write_credits_csv(found)
        else:
            output.show_credits(found)
