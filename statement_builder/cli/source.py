"""`statements source …`: is the billing system as the contract says; sample data to try the service on."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from statement_builder.cli import output
from statement_builder.clock import open_clock
from statement_builder.errors import ConfigError
from statement_builder.resources import SQL_ROOT
from statement_builder.settings import load_settings
from statement_builder.source import load_synthea, make_sample, open_source

source_app = typer.Typer(
    help="The billing system: check it against the contract, or make a sample one.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on standard output instead of tables.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="A SQLAlchemy URL: sqlite:///… or postgresql+psycopg://…")]


@source_app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A folder of queries below sql/: reference, synthea.")],
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="The database; the settings' one unless said.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="The date that balances are taken at; today unless said.")] = None,
    as_json: Json = False,
) -> None:
    """Run every query against the contract and say which file, column and row are wrong, and what to do."""
    environ = dict(os.environ)
    settings = load_settings(environ, Path.cwd())
    day = parse_day(as_of, "--as-of") or _today(environ, settings.facility.time_zone if settings.facility else "UTC")
    languages = frozenset(settings.render.languages)
    with open_source(name, url or settings.source.url, SQL_ROOT, languages=languages) as source:
        report = source.check(as_of=day, cycle=f"{day:%Y-%m}")
    if as_json:
        output.print_json(msgspec.to_builtins(report))
    else:
        output.show_check(report)
    if report.faults:
        raise typer.Exit(1)


@source_app.command("make-sample")
def sample(
    url: Url,
    guarantors: Annotated[int, typer.Option(min=20, help="How many guarantors.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed, another hospital; the same seed, the same one.")] = 1,
    as_of: Annotated[str | None, typer.Option(help="The date that the hospital stands at; today unless said.")] = None,
    as_json: Json = False,
) -> None:
    """Fill an empty database with a sample hospital."""
    day = parse_day(as_of, "--as-of") or _today(dict(os.environ), "UTC")
    summary = msgspec.to_builtins(make_sample(url, guarantors=guarantors, seed=seed, as_of=day))
    output.print_json(summary) if as_json else output.show_pairs(summary)


@source_app.command("load-synthea")
def synthea(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Synthea's CSV output.")],
    url: Url,
    withhold_payments_since: Annotated[
        str | None, typer.Option(help="Leave out what patients paid from this date on: it becomes the open balance.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Load Synthea's CSV files, which are always paid in full, optionally without the patients' own payments."""
    since = parse_day(withhold_payments_since, "--withhold-payments-since")
    summary = msgspec.to_builtins(
        load_synthea(directory, url, withhold_since=since, loaded_at=open_clock(dict(os.environ))())
    )
    output.print_json(summary) if as_json else output.show_pairs(summary)


def parse_day(text: str | None, option: str) -> date | None:
    """The date that an option gives. `ConfigError` names the option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{option} takes a date such as 2026-11-07") from exc


def _today(environ: dict[str, str], time_zone: str) -> date:
    return open_clock(environ)().astimezone(ZoneInfo(time_zone)).date()
