"""`statements`: the whole service on one machine.

Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 stopped at a gate, a person must decide.
Only the command line and the DAGs read the clock, the environment and the user's name. A command imports what renders
pages inside its function, because WeasyPrint takes half a second and most commands do not need it.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from mail_house.errors import HandOffError
from statement_builder import __version__
from statement_builder.cli import (
    batches,
    billing_office,
    credit_balances,
    documents,
    maintenance,
    output,
    placement,
    requests,
    retention,
    serve,
    settings_command,
    stores,
    tracking,
    work_queue,
)
from statement_builder.cli.evidence import evidence_app
from statement_builder.cli.mail_holds import mail_hold_app
from statement_builder.cli.payroll import payroll_app
from statement_builder.cli.placement import placement_app
from statement_builder.cli.queue import queue_app
from statement_builder.cli.reports import report_app
from statement_builder.cli.source import source_app
from statement_builder.errors import ConfigError, GateStop, StatementsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"statements {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A hospital's batch statement and invoice service: from the balance to the mailbox, once."""


_PANELS = {
    "Batches": (batches.run, batches.rerun, batches.release, batches.reject, batches.batches, batches.show),
    "Console": (serve.serve,),
    "Work queue and reports": (
        work_queue.exceptions,
        work_queue.holds,
        credit_balances.credits,
        tracking.track,
        placement.place,
    ),
    "Documents": (
        documents.find,
        documents.get,
        documents.void,
        documents.resend,
        documents.reprint,
        documents.correct,
        documents.resolve,
    ),
    "Requests": (requests.request, requests.requests, requests.review, requests.withdraw),
    "Retention": (retention.purge,),
    "Checks and sample data": (
        maintenance.doctor,
        settings_command.settings,
        stores.adopt,
        maintenance.preflight,
        maintenance.demo,
        maintenance.bench,
    ),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.add_typer(queue_app, name="queue", rich_help_panel="Work queue and reports")
app.add_typer(payroll_app, name="payroll", rich_help_panel="Requests")
app.add_typer(placement_app, name="placement", rich_help_panel="Work queue and reports")
billing_office.add_commands(report_app)
app.add_typer(evidence_app, name="evidence", rich_help_panel="Work queue and reports")
app.add_typer(report_app, name="report", rich_help_panel="Work queue and reports")
app.add_typer(retention.legal_hold_app, name="legal-hold", rich_help_panel="Retention")
app.add_typer(mail_hold_app, name="mail-hold", rich_help_panel="Work queue and reports")
app.add_typer(stores.ledger_app, name="ledger", rich_help_panel="Checks and sample data")
app.add_typer(source_app, name="source", rich_help_panel="Checks and sample data")

_RENAMED = {"settle": "resolve", "lint": "preflight"}
_ANY_ARGUMENTS = {"ignore_unknown_options": True, "allow_extra_args": True}


def _refuse_renamed(context: typer.Context) -> NoReturn:
    old = context.info_name or ""
    raise ConfigError(f"`statements {old}` was renamed: use `statements {_RENAMED[old]}`. Its arguments are the same.")


for _old in _RENAMED:
    app.command(_old, hidden=True, add_help_option=False, context_settings=_ANY_ARGUMENTS)(_refuse_renamed)


def main() -> None:
    """Run the command line with the exit codes that scripts rely on."""
    try:
        app()
    except ConfigError as exc:
        _fail(exc, 2)
    except GateStop as exc:
        _fail(exc, 3)
    except HandOffError as exc:
        _fail(f"{exc}\nEverything that was sent is recorded. Fix this, then `statements rerun` hands off the rest.", 1)
    except StatementsError as exc:
        _fail(exc, 1)
    except OSError as exc:  # most likely a full disk below a temporary file: our own files have their own messages
        _fail(f"{exc.filename or 'This machine'}: {exc.strerror}. Fix this, then run the command again.", 1)


def _fail(message: object, code: int) -> NoReturn:
    output.err.print(str(message))
    sys.exit(code)


if __name__ == "__main__":
    main()
