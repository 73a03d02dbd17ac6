"""The command that tracks mail: track."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import Json, Workers, opened, require_none
from statement_builder.errors import ConfigError
from statement_builder.operations.access import list_subjects, record_access


def track(
    accept: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Record a file in the inbox's folder `waiting`, which reverses many mailings."
        ),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why it is accepted; recorded with your name.")] = "",
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Process delivery reports, returned mail and bounces; send again what is due; list what needs attention."""
    from statement_builder.operations.tracking import track as tracking  # noqa: PLC0415

    if reason and not accept:
        raise ConfigError("--reason is for --accept FILE.")
    with opened(workers=workers) as context:
        result = tracking.accept_file(context, accept, reason) if accept else tracking.track(context)
        if subjects := list_subjects(result):
            record_access(context, "track", subjects)
    output.print_json(result) if as_json else output.show_tracking(result)
    require_none(len(result.alerts))
