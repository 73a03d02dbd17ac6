"""The command that serves the operator's console."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.cli.options import Workers, opened


def serve(
    port: Annotated[
        int | None,
        typer.Option(parser=whole_number(0), help="Port on 127.0.0.1. 0: any free one. Default: from the settings."),
    ] = None,
    workers: Workers = 0,
) -> None:
    """Open the operator's console for a browser on this machine, until it is stopped with Ctrl+C."""
    from statement_builder.web.server import serve as serve_console  # noqa: PLC0415 - imports a web framework

    with opened(workers=workers) as context:
        serve_console(
            context,
            environ=dict(os.environ),
            folder=Path.cwd(),
            port=context.settings.console.port if port is None else port,
            say=output.say,
        )
