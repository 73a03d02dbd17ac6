"""One command for each report of the billing office: `statements report NAME [--csv|--xlsx|--html|--json]`."""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.cli.options import Json, Purpose, opened, parse_day
from statement_builder.errors import ConfigError
from statement_builder.operations.reports.exhibits import ExhibitRequest
from statement_builder.operations.reports.formats import Format
from statement_builder.operations.reports.registry import REPORTS, ReportDefinition
from statement_builder.operations.reports.write import make_request, show_report, write_report
from statement_builder.printable import printable_lines


class Service(StrEnum):
    """What an exhibit lists apart."""

    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"


ROWS_SHOWN_MAX = 1_000
"""A terminal shows no more; a file has all."""
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "as_of": (Annotated[str | None, typer.Option(help="The date of the balances. Default: today.")], None),
    "batch": (
        Annotated[str | None, typer.Option(help="The accounts as this statement batch pulled them. Default: as now.")],
        None,
    ),
    "since": (
        Annotated[str | None, typer.Option(help="The first day of the mail that counts. Default: a year back.")],
        None,
    ),
    "days": (Annotated[int | None, typer.Option(parser=whole_number(0), help="How far ahead. Default: 30.")], None),
    "ccn": (Annotated[str | None, typer.Option(help="The provider's CCN. Default: cost_report.ccn.")], None),
    "component_ccn": (Annotated[str | None, typer.Option(help="The CCN of a subprovider of it. Default: none.")], None),
    "first": (
        Annotated[str | None, typer.Option("--from", help="First day of the fiscal year. Default: the last one.")],
        None,
    ),
    "last": (Annotated[str | None, typer.Option("--to", help="Last day of the fiscal year.")], None),
    "service": (
        Annotated[Service, typer.Option(help="Which services; each has a list of its own.")],
        Service.INPATIENT,
    ),
    "path": (Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")], None),
    "as_csv": (Annotated[bool, typer.Option("--csv", help="Comma-separated, with amounts in dollars.")], False),
    "as_xlsx": (Annotated[bool, typer.Option("--xlsx", help="A workbook; requires --output.")], False),
    "as_html": (Annotated[bool, typer.Option("--html", help="A page with a plot; requires --output.")], False),
    "as_json": (Json, False),
    "purpose": (Purpose, ""),
}
"""Parameter → its annotation and default. A report has those before `path` only if it uses them."""
_ALWAYS = frozenset({"path", "as_csv", "as_xlsx", "as_html", "as_json", "purpose"})


def _run_report(
    definition: ReportDefinition,
    *,
    as_of: str | None = None,
    batch: str | None = None,
    since: str | None = None,
    days: int | None = None,
    ccn: str | None = None,
    component_ccn: str | None = None,
    first: str | None = None,
    last: str | None = None,
    service: Service = Service.INPATIENT,
    path: Path | None,
    as_csv: bool,
    as_xlsx: bool,
    as_html: bool,
    as_json: bool,
    purpose: str,
) -> None:
    wanted = {Format.CSV: as_csv, Format.XLSX: as_xlsx, Format.HTML: as_html, Format.JSON: as_json}
    kinds = [kind for kind, is_wanted in wanted.items() if is_wanted]
    if len(kinds) > 1:
        raise ConfigError("Choose one of --csv, --xlsx, --html, and --json.")
    kind = kinds[0] if kinds else None
    if path is None and kind in {Format.XLSX, Format.HTML}:
        raise ConfigError(f"--{kind} writes a file: name it with --output.")
    if path is not None and kind is None:
        raise ConfigError("Choose the format of the file: --csv, --xlsx, --html, or --json.")
    with opened(reads_only=True) as context:
        request = make_request(
            context,
            as_of=parse_day(as_of, "--as-of"),
            since=parse_day(since, "--since"),
            days=days,
            batch_id=batch,
            exhibit=ExhibitRequest(
                ccn=ccn or "",
                component_ccn=component_ccn or "",
                first_on=parse_day(first, "--from"),
                last_on=parse_day(last, "--to"),
                is_inpatient=service is Service.INPATIENT,
            ),
        )
        if kind is None:
            report, view = show_report(context, definition, request, rows_max=ROWS_SHOWN_MAX, purpose=purpose)
            output.show_report(report, view)
        elif path is None:
            with tempfile.TemporaryFile() as file:
                write_report(context, definition, request, kind, file, purpose=purpose)
                file.seek(0)
                for line in file:
                    sys.stdout.write(f"{printable_lines(line.decode().rstrip())}\n")
        else:
            count = write_report(context, definition, request, kind, path, purpose=purpose)
            output.say(f"{path}: {count:,} {'row' if count == 1 else 'rows'}")


def add_commands(app: typer.Typer) -> None:
    """Add a command for each report."""
    for definition in REPORTS.values():
        app.command(definition.name)(_make_command(definition))


def _make_command(definition: ReportDefinition) -> Callable[..., None]:
    """A function whose parameters are the options that the report uses."""

    def command(**options: Any) -> None:
        _run_report(definition, **options)

    chosen = {name: each for name, each in _OPTIONS.items() if name in definition.takes or name in _ALWAYS}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in chosen.items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {name: annotation for name, (annotation, _) in chosen.items()}
    command.__doc__ = f"{definition.says[0].upper()}{definition.says[1:]}."
    return command
