"""Run a batch: its steps in order. A step that is already done does nothing.

`run` and `rerun` do the same: a batch that was killed anywhere is finished by running it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.selection import Kind
from statement_builder.containment import INTERNAL, WORKER_DIED
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState, DocumentState
from statement_builder.operations.approval.release import pass_gates, refuse_late_approval
from statement_builder.operations.approval.release_codes import NOTHING, RELEASE_BY_NAME, Accepted
from statement_builder.operations.close import close_batch
from statement_builder.operations.roles import authorize
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build import build_batch, build_while_pulling
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import hand_off_batch
from statement_builder.pipeline.preconditions import (
    require_remaining_preconditions,
    require_settings,
    require_templates,
)
from statement_builder.pipeline.pull.pull import pull_batch


def open_batch(context: AppContext, *, kind: Kind, cycle: str, as_of: date | None, limit: int | None) -> Batch:
    """Open the batch of this kind and cycle: the existing one, or a new one as of `as_of` (default: today).

    `ConfigError`, before anything is written, if no batch could finish with these settings, or if the existing batch
    has another date or limit: a trial of 20 accounts must not be taken for the whole batch.
    """
    authorize(context, "run", batch_id=batch_id_of(cycle, kind))
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
            f"batch {batch.batch_id} in this ledger belongs to facility {batch.facility_id}, but the settings are for "
            f"{context.facility.facility_id}. Give each facility its own ledger."
        )
    if batch.limit != limit:
        raise ConfigError(_explain_limit(batch))
    if as_of is not None and batch.as_of != as_of:
        raise ConfigError(
            f"batch {batch.batch_id} was opened as of {batch.as_of}, not {as_of}. Omit --as-of to finish it, or use "
            f"another cycle, such as {as_of}."
        )
    return batch


def _explain_limit(batch: Batch) -> str:
    if batch.limit is None:
        return (
            f"batch {batch.batch_id} was opened for all accounts, without a limit. Finish it with "
            f"`statements rerun {batch.batch_id}`."
        )
    return (
        f"batch {batch.batch_id} is a trial of the first {batch.limit} accounts; no others were pulled. Use another "
        "cycle for the full batch, such as today's date: accounts mailed in this trial are held there (MINDAYS)."
    )


class Decision(NamedTuple):
    """What a person decided about the release."""

    accepted: Accepted
    reason: str
    seen: str
    """The fingerprint of the batch that they were shown. Empty: they decide now."""


def walk_batch(
    context: AppContext,
    batch: Batch,
    *,
    until: Step | None = None,
    accepted: Accepted = NOTHING,
    reason: str = "",
    seen: str = "",
) -> Batch:
    """Run the batch as far as policy allows, or to the end of step `until`. Returns the batch in its new state.

    The decision is what a person `accepted` in the release checks, the `reason`, and the fingerprint of what they have
    `seen`. `GateStop` if a person must decide, `BatchBusy` if another process has the batch, `ConfigError` before the
    first step if the settings must be fixed, or at the gates if the decision is out of date.
    """
    batch_id = batch.batch_id
    decision = Decision(accepted=accepted, reason=reason, seen=seen)
    require_remaining_preconditions(context, batch)
    context = replace(context, isolates=context.isolates or context.ledger.batches.is_signed(batch_id))
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        # Every step changes the state, and another process may have changed it before the lock: read it each time.
        if until is not Step.PULL:
            build_while_pulling(context, context.require_batch(batch_id))
        for step, act in _STEPS:
            act(context, context.require_batch(batch_id), decision)
            if step is until:
                break
    return context.require_batch(batch_id)


RETRIED_FAULTS = frozenset((INTERNAL, WORKER_DIED))
"""Exceptions that our own program is the cause of. Bad data needs a new snapshot."""


def retry_errors(context: AppContext, batch: Batch) -> int:
    """Before a release, queue the shards with a document that could not be made, or an account that our program failed
    on, for another build. Returns their number.

    The cause may be fixed by now: a template, a font, a worker that ran out of memory.
    """
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return 0
    with context.ledger.lock(batch.batch_id, owner=context.actor, at=context.now()):
        sequences = sorted(set(find_errors(context, batch)))
        for sequence in sequences:
            context.ledger.shards.reopen(batch.batch_id, sequence, actor=context.actor, at=context.now())
    return len(sequences)


def find_errors(context: AppContext, batch: Batch) -> list[int]:
    """What `retry_errors` tries again: the shard's sequence number, for each document or account."""
    failed = context.ledger.documents.for_batch(batch.batch_id, state=DocumentState.ERROR)
    return [
        *(document.sequence for document in failed),
        *context.ledger.candidates.sequences_of_faults(batch.batch_id, RETRIED_FAULTS),
    ]


def _pull(context: AppContext, batch: Batch, _decision: Decision) -> None:
    with context.watch("pull"):
        pull_batch(context, batch)


def _build(context: AppContext, batch: Batch, _decision: Decision) -> None:
    build_batch(context, batch)


def _pass_gates(context: AppContext, batch: Batch, decision: Decision) -> None:
    if batch.state in {BatchState.BUILT, BatchState.WAITING}:
        pass_gates(context, batch, decision.accepted, reason=decision.reason, seen=decision.seen)
    elif decision.accepted >= RELEASE_BY_NAME:
        refuse_late_approval(context, batch)


def _hand_off(context: AppContext, batch: Batch, _decision: Decision) -> None:
    if batch.state in {BatchState.RELEASED, BatchState.HANDING_OFF}:
        hand_off_batch(context, batch)


def _close(context: AppContext, batch: Batch, _decision: Decision) -> None:
    if batch.state is BatchState.HANDING_OFF:
        close_batch(context, batch)


_STEPS = (
    (Step.PULL, _pull),
    (Step.BUILD, _build),
    (Step.GATES, _pass_gates),
    (Step.HAND_OFF, _hand_off),
    (None, _close),
)
