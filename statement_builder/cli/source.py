"""`statements source …`: check the billing system against the contract, or fill a database with sample data."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.cli.options import AsOf, Json, Purpose, parse_day, read_url, record_access_without_context
from statement_builder.clock import open_clock
from statement_builder.operations.access import subject
from statement_builder.settings import load_settings
from statement_builder.source import load_synthea, make_sample, open_source

source_app = typer.Typer(help="Check the billing data, or make sample data.", no_args_is_help=True)

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="A SQLAlchemy URL, sqlite:///… or postgresql+psycopg://…, or the name of the variable with it.",
    ),
]


@source_app.command("check")
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A folder of queries below sql/: reference or synthea.")],
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The database. Default: from the settings.")] = None,
    as_of: AsOf = None,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Run every query and check each row against the contract: where a fault is, and how to fix it."""
    environ = dict(os.environ)
    settings = load_settings(environ, Path.cwd())
    day = parse_day(as_of, "--as-of") or _today(environ, settings.facility.time_zone if settings.facility else "UTC")
    languages = frozenset(settings.render.languages)
    url = read_url(url, "URL", environ) if url else settings.source.url
    with open_source(name, url, settings.source.query_root, languages=languages) as source:
        report = source.check(as_of=day, cycle=f"{day:%Y-%m}")
    record_access_without_context("source check", [subject(each) for each in report.subjects_shown], purpose)
    output.print_json(msgspec.to_builtins(report)) if as_json else output.show_source_check(report)
    if report.faults:
        raise typer.Exit(1)


@source_app.command("make-sample")
def sample(
    url: Url,
    guarantors: Annotated[int, typer.Option(parser=whole_number(20), help="Number of guarantors.")] = 200,
    seed: Annotated[int, typer.Option(parser=whole_number(), help="The same seed makes the same hospital.")] = 1,
    as_of: Annotated[str | None, typer.Option(help="The date of the sample data. Default: today.")] = None,
    as_json: Json = False,
) -> None:
    """Fill an empty database with a sample hospital."""
    day = parse_day(as_of, "--as-of") or _today(dict(os.environ), "UTC")
    summary = msgspec.to_builtins(
        make_sample(read_url(url, "URL", os.environ), guarantors=guarantors, seed=seed, as_of=day)
    )
    output.print_json(summary) if as_json else output.print_fields(summary)


@source_app.command("load-synthea")
def synthea(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with Synthea's CSV files.")],
    url: Url,
    withhold_payments_since: Annotated[
        str | None, typer.Option(help="Omit patient payments from this date on, which leaves balances open.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Load Synthea's CSV files. Synthea's patients have paid everything, so withhold payments to get balances."""
    since = parse_day(withhold_payments_since, "--withhold-payments-since")
    url = read_url(url, "URL", os.environ)
    summary = msgspec.to_builtins(
        load_synthea(directory, url, withhold_since=since, loaded_at=open_clock(dict(os.environ))())
    )
    output.print_json(summary) if as_json else output.print_fields(summary)


def _today(environ: dict[str, str], time_zone: str) -> date:
    return open_clock(environ)().astimezone(ZoneInfo(time_zone)).date()
