"""Commands on batches: run, rerun, release, reject, batches, show."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from statement_builder.billing.identifiers import is_cycle
from statement_builder.billing.selection import Kind
from statement_builder.cli import output
from statement_builder.cli.numbers import whole_number
from statement_builder.cli.options import (
    AsOf,
    BatchId,
    Engine,
    Json,
    Purpose,
    Reason,
    Release,
    Source,
    SourceUrl,
    Workers,
    opened,
    parse_day,
)
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import Batch
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.operations.approval.reject import reject_batch
from statement_builder.operations.approval.release import require_built
from statement_builder.operations.approval.release_codes import (
    NOTHING,
    POLICY_APPROVAL,
    RELEASE_BY_NAME,
    Accepted,
    ReleaseCode,
)
from statement_builder.operations.roles import authorize
from statement_builder.operations.show import show_batch
from statement_builder.operations.steps import Step
from statement_builder.operations.summaries import BatchSummary, summarize_batch, summarize_batches
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.scope import Scope

BATCHES_SHOWN = 20


def run(  # noqa: PLR0917 - one parameter per option
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help=f"The kind of document: {', '.join(Kind)}.")],
    cycle: Annotated[str, typer.Option(help="The billing period: 2026-11, or 2026-11-07 if billing is split.")],
    source: Source = None,
    source_url: SourceUrl = None,
    as_of: AsOf = None,
    until: Annotated[Step | None, typer.Option(help="Stop after this step.")] = None,
    release: Release = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Select and count only; write and send nothing.")] = False,
    limit: Annotated[
        int | None, typer.Option(parser=whole_number(1), help="Pull only the first N accounts, for a trial.")
    ] = None,
    engine: Annotated[Engine | None, typer.Option(help="The rendering engine. Default: from the settings.")] = None,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Run one batch: pull, select, render, archive and hand off, as far as policy allows."""
    from statement_builder.operations.dry_run import dry_run_batch  # noqa: PLC0415
    from statement_builder.operations.run import open_batch  # noqa: PLC0415

    if not is_cycle(cycle):
        raise ConfigError("--cycle takes a month such as 2026-11, or a day such as 2026-11-07")
    with opened(
        workers=workers,
        show_progress=not as_json,
        source=source,
        source_url=source_url,
        engine=engine,
        reads_only=dry_run,
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
            _show(dry_run_batch(context, scope), as_json)
            return
        batch = open_batch(context, kind=kind, cycle=cycle, as_of=day, limit=limit)
        _walk(context, batch, until=until, accepted=_approval(release), as_json=as_json)


def rerun(
    batch_id: BatchId,
    release: Release = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what a rerun would do, and do nothing.")] = False,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Finish an unfinished batch. Does nothing if the batch is finished."""
    from statement_builder.operations.dry_run import dry_run_rerun  # noqa: PLC0415
    from statement_builder.operations.run import retry_errors  # noqa: PLC0415

    with opened(workers=workers, show_progress=not as_json, reads_only=dry_run) as context:
        batch = context.require_batch(batch_id)
        if dry_run:
            plan = dry_run_rerun(context, batch)
            output.print_json(plan) if as_json else output.show_rerun_plan(plan)
            return
        authorize(context, "rerun", batch_id=batch_id)
        retry_errors(context, batch)
        _walk(context, batch, accepted=_approval(release), as_json=as_json)


def release(
    batch_id: BatchId,
    accept: Annotated[
        list[ReleaseCode] | None,
        typer.Option(help="Accept a question by name, such as AMOUNT; repeatable. `statements show` lists them."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why you accept it; kept in the event log. Required with --accept.")] = "",
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Approve a batch that waits for approval, and hand it off."""
    if accept and not reason.strip():
        raise ConfigError('--accept requires a reason: --reason "…"')
    with opened(workers=workers, show_progress=not as_json) as context:
        batch = context.require_batch(batch_id)
        require_built(batch)
        _walk(context, batch, accepted=RELEASE_BY_NAME.union(accept or ()), reason=reason, as_json=as_json)


def reject(batch_id: BatchId, reason: Reason) -> None:
    """Reject a batch that waits for approval. Nothing leaves until a release accepts that by name."""
    with opened() as context:
        output.say(reject_batch(context, context.require_batch(batch_id), reason))


def batches(
    every: Annotated[bool, typer.Option("--all", help=f"All batches. Default: the newest {BATCHES_SHOWN}.")] = False,
    as_json: Json = False,
) -> None:
    """List the newest batches, with where each stands."""
    with opened(reads_only=True) as context:
        summaries = summarize_batches(context, limit=None if every else BATCHES_SHOWN)
        if subjects := list_subjects(summaries):  # the reason of a rejection may name a document
            record_access(context, "batches", subjects)
        output.print_json(summaries) if as_json else output.list_batches(summaries)
        if len(summaries) == BATCHES_SHOWN and not every:
            output.err.print(f"These are the newest {BATCHES_SHOWN} batches. `statements batches --all` lists all.")


def show(batch_id: BatchId, purpose: Purpose = "", as_json: Json = False) -> None:
    """Show one batch: its state and figures, its holds and print files, and what to do next."""
    with opened(reads_only=True) as context:
        details = show_batch(context, context.require_batch(batch_id))
        record_access(context, "show", list_subjects(details), batch_id=batch_id, purpose=purpose)
        if as_json:
            output.print_json(details)
            return
        output.show_batches([details])
        output.show_holds(details.holds)
        output.show_details(details)


def _approval(release: bool) -> Accepted:
    return POLICY_APPROVAL if release else NOTHING


def _walk(
    context: AppContext,
    batch: Batch,
    *,
    until: Step | None = None,
    accepted: Accepted,
    reason: str = "",
    as_json: bool,
) -> None:
    """Run the batch and show its new state, even if it stopped at a gate."""
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415

    started = time.monotonic()
    stop: GateStop | None = None
    try:
        walk_batch(context, batch, until=until, accepted=accepted, reason=reason)
    except GateStop as exc:
        stop = exc
    current = context.require_batch(batch.batch_id)
    summary = summarize_batch(context, current, seconds=time.monotonic() - started)
    if subjects := list_subjects(summary, str(stop)):
        record_access(context, "run", subjects, batch_id=batch.batch_id)
    _show(summary, as_json)
    if stop is not None:
        raise stop


def _show(summary: BatchSummary, as_json: bool) -> None:
    if as_json:
        output.print_json(summary)
        return
    output.show_batches([summary])
    output.show_holds(summary.holds)
