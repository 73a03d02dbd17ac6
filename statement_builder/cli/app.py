"""`statements`: the whole service on one machine, and what the DAGs call into.

Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 stopped at a gate, waiting for a person.
The clock, the environment and the user's name are read here and nowhere further in. What renders pages is imported by
the commands that need it: WeasyPrint takes half a second, and a clerk who looks something up should not wait for it.
"""

from __future__ import annotations

import getpass
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace

from mail_house.errors import HandOffError
from mail_house.print_files.names import PRINT_FILE_PREFIX
from statement_builder.billing.identifiers import is_cycle
from statement_builder.billing.selection import Kind
from statement_builder.cli import output
from statement_builder.cli.source import parse_day, source_app
from statement_builder.clock import open_clock
from statement_builder.errors import ConfigError, GateStop, StatementsError
from statement_builder.ledger import Batch
from statement_builder.operations.dry_run import preview_batch, preview_rerun
from statement_builder.operations.queries import (
    list_exceptions,
    list_extras,
    list_holds,
    list_open_hand_offs,
    list_print_files,
    write_document,
    write_private,
)
from statement_builder.operations.release import open_questions
from statement_builder.operations.resolve import resolve_document
from statement_builder.operations.steps import Step
from statement_builder.operations.summaries import summarise_batch, summarise_found, summarise_tracked
from statement_builder.operations.work_queue import batches_with_exceptions, list_came_back
from statement_builder.pipeline.context import AppContext, no_progress, open_context
from statement_builder.pipeline.pull import Scope
from statement_builder.settings import load_settings

app = typer.Typer(
    help="A hospital's batch statement and invoice service: from balance to mailbox, once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(source_app, name="source")
report_app = typer.Typer(help="What the office reads about its batches.", no_args_is_help=True)
app.add_typer(report_app, name="report")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on standard output instead of tables.")]
BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="A batch id, such as 2026-11-statement.")]
DocumentArgument = Annotated[str, typer.Argument(metavar="DOCUMENT", help="A document id, whole.")]
Workers = Annotated[int, typer.Option(min=0, help="Rendering processes; 0 is one per processor.")]
Release = Annotated[bool, typer.Option("--release", help="Stands for the approval where policy asks for one.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the event log.")]


class Engine(StrEnum):
    """How pages are made."""

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
) -> Iterator[AppContext]:
    """The service as this machine's settings describe it, with the source that the command line names, if any."""
    environ = dict(os.environ)
    if source_url is not None:
        environ["STATEMENTS_SOURCE_URL"] = source_url
    settings = load_settings(environ, Path.cwd(), source_name=source)
    if engine is not None:
        settings = replace(settings, render=replace(settings.render, engine=engine.value))
    with output.show_progress() if show_progress else nullcontext(no_progress) as progress:
        context = open_context(
            settings,
            environ=environ,
            now=open_clock(environ),
            actor=f"{_user()}@{socket.gethostname()}",
            workers=workers or settings.render.workers or os.cpu_count() or 1,
            progress=progress,
        )
        with context:
            yield context


@app.command()
def run(  # noqa: PLR0917 - one parameter an option
    kind: Annotated[Kind, typer.Argument(help="What to send.")],
    cycle: Annotated[str, typer.Option(help="The billing period: 2026-11, or 2026-11-07 where billing is split.")],
    source: Annotated[str | None, typer.Option(help="A folder of queries below sql/: reference, synthea.")] = None,
    source_url: Annotated[str | None, typer.Option(help="The billing database, as a SQLAlchemy URL.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The date that balances are taken at; today unless said.")] = None,
    until: Annotated[Step | None, typer.Option(help="Stop after this step.")] = None,
    release: Release = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide and count; make, write and send nothing.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N candidates, for a trial.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="How pages are made; as the settings say unless said.")] = None,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Pull, decide, render, archive and hand off one batch, as far as policy lets it."""
    from statement_builder.operations.run import open_batch  # noqa: PLC0415

    _check_cycle(cycle)
    with opened(
        workers=workers, show_progress=not as_json, source=source, source_url=source_url, engine=engine
    ) as context:
        day = parse_day(as_of, "--as-of")
        if dry_run:
            scope = Scope(
                source=context.settings.source.name,
                kind=kind,
                cycle=cycle,
                as_of=day or context.today(),
                limit=limit,
            )
            _show([preview_batch(context, scope)], as_json)
            return
        batch = open_batch(context, kind=kind, cycle=cycle, as_of=day, limit=limit)
        _walk(context, batch, until=until, release=release, as_json=as_json)


@app.command()
def rerun(
    batch: BatchArgument,
    release: Release = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and do nothing.")] = False,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Finish what is unfinished. A finished batch is left alone."""
    from statement_builder.operations.run import retry_errors  # noqa: PLC0415

    with opened(workers=workers, show_progress=not as_json) as context:
        found = context.require_batch(batch)
        if dry_run:
            steps = preview_rerun(context, found)
            output.print_json({"batch": batch, "would": steps}) if as_json else output.show_steps(batch, steps)
            return
        retry_errors(context, batch)
        _walk(context, found, until=None, release=release, as_json=as_json)


@app.command()
def release(batch: BatchArgument, workers: Workers = 0, as_json: Json = False) -> None:
    """Approve a batch that waits at its gate, and hand it off."""
    with opened(workers=workers, show_progress=not as_json) as context:
        _walk(context, context.require_batch(batch), until=None, release=True, as_json=as_json)


@app.command()
def batches(as_json: Json = False) -> None:
    """List every batch, newest first."""
    with opened() as context:
        summaries = [summarise_batch(context, batch) for batch in context.ledger.batches.all()]
        output.print_json(summaries) if as_json else output.list_batches(summaries)


@app.command()
def show(batch: BatchArgument, as_json: Json = False) -> None:
    """One batch: where it stands, whether it foots, what to do next."""
    with opened() as context:
        found = context.require_batch(batch)
        summary = summarise_batch(context, found)
        summary["questions"] = [question.message for question in open_questions(context, found)]
        summary["came_back"] = list_came_back(context, batch)
        summary["print_files"] = list_print_files(context, batch)
        summary["extras"] = list_extras(context, batch)
        summary["open_hand_offs"] = list_open_hand_offs(context, batch)
        if as_json:
            output.print_json(summary)
            return
        output.show_batches([summary])
        output.show_holds(summary["holds"])
        output.show_hand_offs(summary)


@app.command()
def exceptions(
    batch: Annotated[
        str | None, typer.Argument(metavar="BATCH", help="A batch id; everything that waits unless said.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What could not be decided, made or mailed: every one with why, and what to do."""
    with opened() as context:
        if batch is not None:
            context.require_batch(batch)
        batches = batches_with_exceptions(context) if batch is None else [batch]
        rows = [row for each in batches for row in list_exceptions(context, each)]
        rows += list_came_back(context, batch)
        output.print_json(rows) if as_json else output.show_exceptions(rows)


@app.command()
def holds(batch: BatchArgument, as_json: Json = False) -> None:
    """Who was held, for all reasons found, and what each reason asks for."""
    with opened() as context:
        context.require_batch(batch)
        rows = list_holds(context, batch)
        output.print_json(rows) if as_json else output.show_held(rows)


@app.command()
def find(
    text: Annotated[str, typer.Argument(help="An account, guarantor, document or batch id.")], as_json: Json = False
) -> None:
    """What was sent to this person, and what became of it."""
    with opened() as context:
        rows = [summarise_found(found) for found in context.ledger.documents.find(text)]
        output.print_json(rows) if as_json else output.show_found(text, rows)


@app.command()
def get(
    document: DocumentArgument,
    path: Annotated[Path, typer.Option("--output", "-o", help="Where to write the PDF.")],
) -> None:
    """Write one archived PDF, the exact bytes that were sent, checked against the ledger's hash."""
    with opened() as context:
        write_document(context, document, path)
        output.out.print(f"{path}")


@app.command()
def resolve(
    document: DocumentArgument,
    sent: Annotated[bool, typer.Option("--sent/--not-sent", help="Did it leave the building?")],
    reason: Reason,
) -> None:
    """Decide a hand-off whose outcome nobody could establish. Not sent: the next re-run hands it off."""
    with opened() as context:
        resolve_document(context, document, sent=sent, reason=reason)
        output.out.print(f"{document}: {'sent' if sent else 'not sent; statements rerun hands it off'}")


@report_app.command("control")
def control(
    batch: BatchArgument,
    path: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the PDF there; with --json the JSON.")
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="As it was kept in the archive when the batch closed, not as of now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The control sheet: every gate, each way out, the last cycles, holds, exceptions, print files, what is open."""
    from statement_builder.operations import control as sheets  # noqa: PLC0415

    with opened() as context:
        found = context.require_batch(batch)
        encoded = sheets.read_kept_sheet(context, found, ".json") if kept else b""
        sheet = sheets.decode_control_sheet(encoded) if kept else sheets.control_sheet(context, found)
        if path is None:
            output.print_json(msgspec.to_builtins(sheet)) if as_json else output.show_control_sheet(sheet)
            return
        if as_json:
            data = encoded or sheets.encode_control_sheet(sheet)
        elif kept:
            data = sheets.read_kept_sheet(context, found, ".pdf")
        else:
            data = sheets.print_control_sheet(context, sheet)
        write_private(path, data)
        output.out.print(f"{path}")


@app.command()
def track(workers: Workers = 0, as_json: Json = False) -> None:
    """Take in acknowledgements, returns and bounces; send again what has to go again; say what is late."""
    from statement_builder.operations.track import track as take_in  # noqa: PLC0415

    with opened(workers=workers) as context:
        tracked = take_in(context)
    output.print_json(summarise_tracked(tracked)) if as_json else output.show_tracked(tracked)
    if tracked.alerts:
        raise GateStop(f"{len(tracked.alerts):,} things wait for a person.")


@app.command()
def void(document: DocumentArgument, reason: Reason) -> None:
    """Take back a document before it is printed, at the vendor too where that cancels: a later cycle decides anew."""
    from statement_builder.operations.void import void_document  # noqa: PLC0415

    with opened() as context:
        output.say(void_document(context, document, reason))


@app.command()
def resend(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="A document id, or the name of a print file that was rejected.")
    ],
    reason: Reason,
) -> None:
    """Send once more what did not arrive, or a print file that was rejected: the same pages, counted once."""
    from statement_builder.operations.resend import resend_document, resend_print_file  # noqa: PLC0415

    act = resend_print_file if document.startswith(PRINT_FILE_PREFIX) else resend_document
    with opened() as context:
        output.say(act(context, document, reason))


@app.command()
def reprint(document: DocumentArgument, reason: Reason) -> None:
    """Mail a copy of a document, marked COPY on every page: on paper, counted as no other statement."""
    from statement_builder.operations.reprint import reprint_document  # noqa: PLC0415

    with opened() as context:
        output.say(reprint_document(context, document, reason))


@app.command()
def correct(document: DocumentArgument, reason: Reason) -> None:
    """Replace a document that was wrong by one with what the billing system says today, if the rules still mail it."""
    from statement_builder.operations.correct import correct_document  # noqa: PLC0415

    with opened() as context:
        output.say(correct_document(context, document, reason))


@app.command()
def preflight(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The PDF, manifest or control file of a print file.")],
    as_json: Json = False,
) -> None:
    """Is a print file in a folder fit to be printed: windows, order, pages, fonts and barcodes of every piece."""
    from statement_builder.operations.preflight import preflight_print_file  # noqa: PLC0415

    found = preflight_print_file(load_settings(dict(os.environ), Path.cwd()), file)
    output.print_json(found) if as_json else output.show_preflight(found)
    if found["faults"]:
        raise typer.Exit(1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Is everything reachable, and every font and template there."""
    from statement_builder.operations.health_check import examine  # noqa: PLC0415

    environ = dict(os.environ)
    findings = examine(load_settings(environ, Path.cwd()), environ=environ)
    output.print_json(findings) if as_json else output.show_findings(findings)
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)


@app.command()
def demo(
    guarantors: Annotated[int, typer.Option(min=20, help="How many guarantors the sample hospital has.")] = 200,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """A sample hospital, one cycle, every kind of document, on this machine."""
    from statement_builder.devtools.demo import demo_places, prepare_demo_home, run_demo  # noqa: PLC0415

    environ = dict(os.environ)
    home = prepare_demo_home(environ, Path.cwd())
    with opened(workers=workers, show_progress=not as_json) as context:
        summaries = run_demo(context, home, guarantors=guarantors)
        places = demo_places(context, home)
    if as_json:
        output.print_json({"batches": summaries, "places": places})
        return
    output.show_batches(summaries)
    output.show_places(places)


@app.command()
def bench(
    documents: Annotated[int, typer.Option(min=1, help="How many documents to fill.")] = 500,
    kind: Annotated[Kind, typer.Option(help="Which kind of document.")] = Kind.STATEMENT,
    stages: Annotated[bool, typer.Option("--stages", help="A whole batch too, and where its time goes.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes for the batch. 0: one a processor.")] = 0,
    as_json: Json = False,
) -> None:
    """How fast pages are made on one core of this machine, against a WeasyPrint call for each."""
    from statement_builder.devtools.benchmark import run_bench  # noqa: PLC0415

    processes = workers or os.cpu_count() or 1
    figures = run_bench(documents=documents, kind=kind, stages=stages, workers=processes)
    output.print_json(figures) if as_json else output.show_bench(figures)


def _walk(context: AppContext, batch: Batch, *, until: Step | None, release: bool, as_json: bool) -> None:
    """Walk the batch and show how it stands, also when it stopped at a gate."""
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415

    started = time.monotonic()
    stop: GateStop | None = None
    try:
        walk_batch(context, batch.batch_id, until=until, release=release)
    except GateStop as exc:
        stop = exc
    standing = context.require_batch(batch.batch_id)
    _show([summarise_batch(context, standing, seconds=time.monotonic() - started)], as_json)
    if stop is not None:
        raise stop


def _show(summaries: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.print_json(summaries[0])
        return
    output.show_batches(summaries)
    output.show_holds(summaries[0]["holds"])


def _user() -> str:
    """Who is at work, for locks and the event log. In a container the number may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _check_cycle(cycle: str) -> None:
    if not is_cycle(cycle):
        raise ConfigError("--cycle takes a month such as 2026-11, or a day such as 2026-11-07")


def main() -> None:
    """Run the command line with the exit codes that scripts rely on."""
    try:
        app()
    except ConfigError as exc:
        _fail(exc, 2)
    except GateStop as exc:
        _fail(exc, 3)
    except HandOffError as exc:
        _fail(f"{exc}\nWhat has left is recorded. Mend this, then `statements rerun` hands off the rest.", 1)
    except StatementsError as exc:
        _fail(exc, 1)
    except OSError as exc:  # a full disk under the temporary files, most likely: what is ours has its own words
        _fail(f"{exc.filename or 'This machine'}: {exc.strerror}. Mend it, then run this again.", 1)


def _fail(message: object, code: int) -> None:
    output.err.print(str(message), markup=False)
    sys.exit(code)


if __name__ == "__main__":
    main()
