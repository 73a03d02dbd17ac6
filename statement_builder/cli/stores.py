"""Commands about the stores of an installation: ledger upgrade, adopt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from statement_builder.actor import current_actor, current_memberships
from statement_builder.cli import output
from statement_builder.cli.options import Reason
from statement_builder.clock import open_clock
from statement_builder.pipeline.stores import Store
from statement_builder.settings import load_settings

ledger_app = typer.Typer(help="Look after the ledger.", no_args_is_help=True)


@ledger_app.callback()
def _ledger() -> None:
    """Look after the ledger."""


@ledger_app.command("upgrade")
def upgrade() -> None:
    """Create the ledger, or bring its tables up to date. First stop every process that uses it, and make a backup."""
    from statement_builder.operations.upgrade_ledger import upgrade_ledger  # noqa: PLC0415

    environ = dict(os.environ)
    output.say(upgrade_ledger(load_settings(environ, Path.cwd()), environ=environ))


def adopt(
    store: Annotated[Store, typer.Argument(metavar="STORE", help="ledger, archive, outbox or inbox.")],
    reason: Reason,
) -> None:
    """Say that a move or a restore of a store was meant, so that this installation uses it again."""
    from statement_builder.operations.adopt import adopt_store  # noqa: PLC0415

    environ = dict(os.environ)
    output.say(
        adopt_store(
            load_settings(environ, Path.cwd()),
            store,
            reason=reason,
            environ=environ,
            now=open_clock(environ),
            actor=current_actor(),
            memberships=current_memberships(),
        )
    )
