"""The steps of a batch in their order, each of which does nothing where it has been done.

`run` and `rerun` are the same walk: a batch that was killed anywhere is finished by walking it again.
"""

from __future__ import annotations

from datetime import date

from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState, DocumentState
from statement_builder.operations.close import close_batch
from statement_builder.operations.release import pass_gates
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build import build_batch, build_while_pulling
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import hand_off_batch
from statement_builder.pipeline.preconditions import (
    require_remaining_preconditions,
    require_settings,
    require_templates,
)
from statement_builder.pipeline.pull import batch_id_of, pull_batch


def open_batch(context: AppContext, *, kind: Kind, cycle: str, as_of: date | None, limit: int | None) -> Batch:
    """The batch of this kind and cycle: the one there is, with its own date, or a new one as of `as_of` (today).

    `ConfigError` before anything is written when no batch could go through with these settings, and when the batch
    there is has another date or limit than was asked for: nobody may believe that a trial of twenty was everybody.
    """
    require_settings(context, context.settings.source.name)
    require_templates(context)
    batch = context.ledger.batches.open(
        batch_id=batch_id_of(cycle, kind),
        facility_id=context.facility.facility_id,
        kind=kind,
        cycle=cycle,
        as_of=as_of or context.today(),
        source=context.settings.source.name,
        limit=limit,
        actor=context.actor,
        at=context.now(),
    )
    if batch.facility_id != context.facility.facility_id:
        raise ConfigError(
            f"batch {batch.batch_id} in this ledger belongs to facility {batch.facility_id}, and the settings are "
            f"those of {context.facility.facility_id}. Give each facility a ledger of its own."
        )
    if batch.limit != limit:
        raise ConfigError(_other_limit(batch))
    if as_of is not None and batch.as_of != as_of:
        raise ConfigError(
            f"batch {batch.batch_id} was opened as of {batch.as_of}, not {as_of}. Leave --as-of out to finish it, "
            f"or name another cycle, such as {as_of}."
        )
    return batch


def _other_limit(batch: Batch) -> str:
    if batch.limit is None:
        return f"batch {batch.batch_id} was opened for everybody. Finish it with `statements rerun {batch.batch_id}`."
    return (
        f"batch {batch.batch_id} is a trial of the first {batch.limit} candidates; nobody else was pulled. Name a "
        "cycle of its own for all the others, such as today's date: who got this trial's mail is held there (MINDAYS)."
    )


def walk_batch(context: AppContext, batch_id: str, *, until: Step | None = None, release: bool = False) -> Batch:
    """Take the batch as far as policy lets it, or to the end of step `until`; the batch as it then stands.

    `release` stands for a person's approval. Raises `GateStop` where a person has to look, `BatchBusy` where another
    process is at work on this batch. `ConfigError` before the first step where the set-up has to be mended.
    """
    require_remaining_preconditions(context, context.require_batch(batch_id))
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        if until is not Step.PULL:
            build_while_pulling(context, context.require_batch(batch_id))
        for step, act in _STEPS:
            act(context, context.require_batch(batch_id), release)
            if step is until:
                break
    return context.require_batch(batch_id)


def retry_errors(context: AppContext, batch_id: str) -> int:
    """Put the shards whose documents could not be made back in line, before a release; the number of shards.

    What was wrong may have been mended since: a template, a font, a worker that ran out of memory.
    """
    batch = context.require_batch(batch_id)
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return 0
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        failed = context.ledger.documents.for_batch(batch_id, state=DocumentState.ERROR)
        sequences = sorted({document.sequence for document in failed})
        for sequence in sequences:
            context.ledger.shards.reopen(batch_id, sequence, actor=context.actor, at=context.now())
    return len(sequences)


def _pull(context: AppContext, batch: Batch, _release: bool) -> None:
    with context.watch("pull"):
        pull_batch(context, batch)


def _build(context: AppContext, batch: Batch, _release: bool) -> None:
    build_batch(context, batch)


def _pass_gates(context: AppContext, batch: Batch, release: bool) -> None:
    if batch.state in {BatchState.BUILT, BatchState.WAITING}:
        pass_gates(context, batch, release=release)


def _hand_off(context: AppContext, batch: Batch, _release: bool) -> None:
    if batch.state in {BatchState.RELEASED, BatchState.HANDING_OFF}:
        hand_off_batch(context, batch)


def _close(context: AppContext, batch: Batch, _release: bool) -> None:
    if batch.state is BatchState.HANDING_OFF:
        close_batch(context, batch)


_STEPS = (
    (Step.PULL, _pull),
    (Step.BUILD, _build),
    (Step.GATES, _pass_gates),
    (Step.HAND_OFF, _hand_off),
    (None, _close),
)
