"""Commands for setting up and checking an installation: doctor, preflight, demo, bench."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from statement_builder.billing.selection import Kind
from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.cli.options import Json, Purpose, Workers, opened, record_access_without_context
from statement_builder.errors import ConfigError
from statement_builder.operations.access import list_subjects
from statement_builder.settings import load_settings

_EVERY_KIND = "all"


class _Database(StrEnum):
    """Where a benchmark keeps its ledger, or its billing system."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class _ArchiveStore(StrEnum):
    """Where a benchmark keeps its archive."""

    FOLDER = "folder"
    S3 = "s3"


def preflight(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A print file's PDF, manifest or control file.")],
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Check that a print file is fit to print: windows, order, pages, fonts and barcodes of every piece."""
    from statement_builder.operations.preflight import preflight_print_file  # noqa: PLC0415

    report = preflight_print_file(load_settings(dict(os.environ), Path.cwd()), file)
    record_access_without_context("preflight", list_subjects(report), purpose)
    output.print_json(report) if as_json else output.show_preflight(report)
    if report.faults:
        raise typer.Exit(1)


def doctor(as_json: Json = False) -> None:
    """Check that every back end can be reached, and that all fonts and templates are installed."""
    from statement_builder.operations.health_check import check_health  # noqa: PLC0415

    environ = dict(os.environ)
    checked = check_health(load_settings(environ, Path.cwd()), environ=environ)
    output.print_json(checked.findings) if as_json else output.show_findings(checked.findings)
    if checked.exit_code:
        raise typer.Exit(checked.exit_code)


def demo(
    guarantors: Annotated[
        int, typer.Option(parser=whole_number(20), help="Number of guarantors in the sample hospital.")
    ] = 200,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Run one cycle of a sample hospital, with every kind of document, on this machine only."""
    from statement_builder.devtools.demo import prepare_demo_home, run_demo  # noqa: PLC0415
    from statement_builder.operations.upgrade_ledger import upgrade_ledger  # noqa: PLC0415

    environ = dict(os.environ)
    home = prepare_demo_home(environ, Path.cwd())
    upgrade_ledger(load_settings(environ, Path.cwd()), environ=environ, is_demonstration=True)
    with opened(workers=workers, show_progress=output.err.is_terminal and not as_json) as context:
        result = run_demo(context, home, guarantors=guarantors, report=_ignore if as_json else output.err.print)
    if as_json:
        output.print_json(result)
        return
    output.show_batches(result.batches)
    output.say(f"Open {result.index}")
    output.say(f"Open the console with `{_program()} serve`")


def _program() -> str:
    """How this program was called, as a person can call it again."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "statements" else "statements"


def _ignore(_line: str) -> None:
    """Report no step: with `--json`, only the result is printed."""


def _kind_or_all(text: str) -> str:
    if text not in {*Kind, _EVERY_KIND}:
        raise typer.BadParameter(f"'{text}' is not a kind of document. Use {', '.join(Kind)}, or {_EVERY_KIND}.")
    return text


def bench(  # noqa: PLR0917
    documents: Annotated[int, typer.Option(parser=whole_number(1), help="Number of documents to render.")] = 500,
    kind: Annotated[
        str, typer.Option(parser=_kind_or_all, metavar="KIND", help="The kind of document, or `all` for each of them.")
    ] = Kind.STATEMENT.value,
    stages: Annotated[bool, typer.Option("--stages", help="Also measure a whole batch, stage by stage.")] = False,
    workers: Annotated[
        int, typer.Option(parser=whole_number(0), help="Worker processes of that batch; 0 is one per processor.")
    ] = 0,
    ledger: Annotated[_Database, typer.Option(help="Ledger of a whole batch.")] = _Database.SQLITE,
    archive: Annotated[_ArchiveStore, typer.Option(help="Archive of a whole batch.")] = _ArchiveStore.FOLDER,
    source: Annotated[_Database, typer.Option(help="Billing system of a whole batch.")] = _Database.SQLITE,
    as_json: Json = False,
) -> None:
    """Measure rendering on one core of this machine, compared with one WeasyPrint call per document; or, with a store
    on a server, a whole batch there, compared with the same batch in SQLite files and folders.

    The servers are those of `ledger`, `archive`, and `source.url` in the settings in force, which STATEMENTS_LEDGER,
    STATEMENTS_ARCHIVE, and STATEMENTS_SOURCE_URL override. The benchmark makes databases and a prefix of its own there,
    and deletes them at the end.
    """
    from statement_builder.devtools.benchmark import run_bench, run_bench_of_every_kind  # noqa: PLC0415
    from statement_builder.devtools.deployment_benchmark import Stores, run_deployment_bench  # noqa: PLC0415

    processes = workers or os.cpu_count() or 1
    stores = Stores(
        ledger=ledger is _Database.POSTGRESQL,
        archive=archive is _ArchiveStore.S3,
        source=source is _Database.POSTGRESQL,
    )
    if stores.has_any:
        if kind != Kind.STATEMENT.value or stages:
            raise ConfigError("--ledger, --archive, and --source measure a batch of statements: omit --kind, --stages.")
        compared = run_deployment_bench(stores, documents=documents, workers=processes)
        output.print_json(compared) if as_json else output.show_deployment_benchmark(compared)
        return
    if kind == _EVERY_KIND:
        if stages:
            raise ConfigError("--stages measures a batch of statements: omit --kind.")
        results = run_bench_of_every_kind(documents=documents)
        output.print_json(results) if as_json else output.show_benchmarks({each.kind: each for each in results})
        return
    result = run_bench(documents=documents, kind=Kind(kind), stages=stages, workers=processes)
    output.print_json(result) if as_json else output.show_benchmark(result)
