"""What the commands share: option types, the application context, dates."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from statement_builder.actor import current_actor, current_memberships
from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.clock import open_clock
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import AccessSubject
from statement_builder.operations.access import require_ledger
from statement_builder.pipeline.context import AppContext, no_progress, open_context
from statement_builder.pipeline.stores import open_ledger
from statement_builder.settings import load_settings
from statement_builder.source import has_password

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on standard output instead of tables.")]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="A batch id, such as 2026-11-statement.")]
DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", help="The full document id.")]
Workers = Annotated[
    int, typer.Option(parser=whole_number(0), help="Number of worker processes; 0 is one per processor.")
]
Release = Annotated[bool, typer.Option("--release", help="Approve the batch if policy asks; answers nothing else.")]
Reason = Annotated[str, typer.Option(help="The reason; it is kept in the event log.")]
Purpose = Annotated[str, typer.Option(help="Why you look at this; it is kept in the access log.")]
Source = Annotated[str | None, typer.Option(help="A folder of queries below sql/: reference or synthea.")]
SourceUrl = Annotated[str | None, typer.Option(help="The billing database: a SQLAlchemy URL, or the variable with it.")]
AsOf = Annotated[str | None, typer.Option(help="The date of the balances, such as 2026-11-07. Default: today.")]


class Engine(StrEnum):
    """How pages are rendered."""

    COMPILED = "compiled"
    PLAIN = "plain"


@contextmanager
def opened(
    *,
    workers: int = 0,
    show_progress: bool = False,
    source: str | None = None,
    source_url: str | None = None,
    engine: Engine | None = None,
    reads_only: bool = False,
) -> Iterator[AppContext]:
    """Open the application context from this machine's settings. The arguments override the settings.

    With `reads_only`, nothing is created: where there is no ledger, the command reads an empty one.
    """
    environ = dict(os.environ)
    if source_url is not None:
        environ["STATEMENTS_SOURCE_URL"] = read_url(source_url, "--source-url", environ)
    settings = load_settings(environ, Path.cwd(), source_name=source)
    if engine is not None:
        settings = replace(settings, render=replace(settings.render, engine=engine.value))
    with output.show_progress() if show_progress else nullcontext(no_progress) as progress:
        context = open_context(
            settings,
            environ=environ,
            now=open_clock(environ),
            actor=current_actor(),
            memberships=current_memberships(),
            workers=workers or settings.render.workers or os.cpu_count() or 1,
            progress=progress,
            reads_only=reads_only,
        )
        with context:
            yield context


def record_access_without_context(what: str, subjects: Sequence[AccessSubject], purpose: str) -> None:
    """`record_access` for a command that needs no facility. Does nothing if the command shows nobody's data.

    `ConfigError` if there is no ledger to record it in: then nothing may be shown.
    """
    if not subjects:
        return
    environ = dict(os.environ)
    with open_ledger(load_settings(environ, Path.cwd()), (), environ=environ, reads_only=True) as ledger:
        require_ledger(ledger, len(subjects))
        ledger.access.record(what, subjects, purpose=purpose, actor=current_actor(), at=open_clock(environ)())


def read_url(text: str, what: str, environ: Mapping[str, str]) -> str:
    """The database URL that an option or argument gives: the URL, or the name of the environment variable with it.

    `ConfigError` for a URL with a password, which every user of this machine can see in the list of processes.
    """
    if _VARIABLE.fullmatch(text):
        if not environ.get(text):
            raise ConfigError(f"{what} names the environment variable {text}, which is not set")
        return environ[text]
    if has_password(text):
        raise ConfigError(
            f"{what} must not contain a password: every user of this machine can see it in the list of processes. Put "
            f"the URL in an environment variable and give its name, such as BILLING_URL"
        )
    return text


def parse_day(text: str | None, option: str) -> date | None:
    """The date that an option gives. `ConfigError` names the option."""
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):  # `fromisoformat` also takes 20261107 and 2026-W45-6
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{option} takes a date such as 2026-11-07") from exc


def require_none(count: int) -> None:
    """Stop if so many alerts need a person."""
    if count:
        raise GateStop(f"{count:,} {'item needs' if count == 1 else 'items need'} attention.")
