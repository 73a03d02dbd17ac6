"""Run a batch in parallel: its steps for several processes at once, on one machine or many, as Airflow tasks call them.

A caller may die at any point, run twice, or overlap with its own retry. Steps for the whole batch go through
`run.walk_batch`, which locks the batch. The steps here share the batch and lock one shard at a time, so only one
process works on a shard, and a claim found under a shard's lock was left by a process that died.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from mail_house.errors import Misconfigured, Retryable
from statement_builder.actor import is_same_user
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.errors import BatchBusy
from statement_builder.ledger import Batch, BatchState, Shard, part_name
from statement_builder.operations.approval.release import enforce_gates
from statement_builder.operations.approval.release_checks import ReleaseCheck
from statement_builder.operations.approval.release_codes import Accepted
from statement_builder.operations.run import walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build import build_shards
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import begin_hand_off, hand_off_shard
from statement_builder.pipeline.preconditions import require_remaining_preconditions


class ShardRun(Record, kw_only=True):
    """Consecutive shards for one process: their first and last sequence numbers."""

    first: int
    last: int
    title: str
    """`shards 1-10 of 48, postal codes 030-032`, for operators."""


def plan_shard_runs(context: AppContext, batch: Batch, *, shards_max: int, runs_max: int) -> list[ShardRun]:
    """Divide the batch's shards into runs of at most `shards_max`, or of more if that gives more than `runs_max` runs.

    The same batch always gives the same runs: a mapped task must mean the same shards after it is cleared.
    """
    shards = [shard for shard in context.ledger.shards.for_batch(batch.batch_id) if not shard.is_reissue]
    length = max(shards_max, ceil(len(shards) / runs_max))
    runs = [shards[start : start + length] for start in range(0, len(shards), length)]
    return [
        ShardRun(first=run[0].sequence, last=run[-1].sequence, title=_title(run, total=len(shards))) for run in runs
    ]


def build_run(context: AppContext, batch: Batch, first: int, last: int) -> None:
    """Build the shards of a run that are not built yet. `BatchBusy` if another process has the batch or a shard."""
    if batch.state is not BatchState.PULLED:
        return
    require_remaining_preconditions(context, batch)
    with context.ledger.share(batch.batch_id, owner=context.actor, at=context.now()) as lock_part:
        if context.require_batch(batch.batch_id).state is BatchState.PULLED:
            build_shards(context, batch, _list_shards(context, batch, first, last), lock_part)


def finish_build(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """Finish the build and return what a person must decide before the release.

    Empty if policy releases the batch, or if it is released. `GateStop` if a gate does not foot.
    """
    built = walk_batch(context, batch, until=Step.BUILD)
    if built.state not in {BatchState.BUILT, BatchState.WAITING}:
        return ()
    with context.ledger.lock(batch.batch_id, owner=context.actor, at=context.now()):
        return enforce_gates(context, context.require_batch(batch.batch_id))


def prepare_hand_off(
    context: AppContext, batch: Batch, accepted: Accepted, *, reason: str = "", seen: str = ""
) -> None:
    """Pass the gates, resolve what an earlier try left open, and recheck the batch against the source.

    `accepted` is what a person accepts in the release checks, `reason` why, and `seen` the fingerprint of what they
    were shown. `GateStop` if a person must decide first, `ConfigError` if the approval is out of date.
    """
    if batch.state is BatchState.CLOSED and is_same_user(batch.released_by, context.actor):
        return  # by this very approval, in an earlier try
    released = walk_batch(context, batch, until=Step.GATES, accepted=accepted, reason=reason, seen=seen)
    if released.state is BatchState.CLOSED:
        return
    with context.ledger.lock(batch.batch_id, owner=context.actor, at=context.now()):
        begin_hand_off(context, context.require_batch(batch.batch_id))


def hand_off_run(context: AppContext, batch: Batch, first: int, last: int, channel: Channel) -> None:
    """Hand off the documents of a run's shards for one channel.

    `BatchBusy` if another process has the batch, or, after the other shards are done, if one has a shard. `Retryable`
    after the other shards are done if a shard was refused for now; `Misconfigured` at once if the settings must be
    fixed.
    """
    if batch.state is BatchState.CLOSED:
        return
    deferred: BatchBusy | Retryable | None = None
    with context.ledger.share(batch.batch_id, owner=context.actor, at=context.now()) as lock_part:
        shards = _list_shards(context, batch, first, last)
        for done, shard in enumerate(shards, start=1):
            try:
                with lock_part(part_name(shard)):
                    hand_off_shard(context, batch, shard, channel)
            except Misconfigured:
                raise
            except (BatchBusy, Retryable) as exc:
                deferred = exc
            context.progress(channel.value, done, len(shards))
    if deferred is not None:
        raise deferred


def _list_shards(context: AppContext, batch: Batch, first: int, last: int) -> list[Shard]:
    return [shard for shard in context.ledger.shards.for_batch(batch.batch_id) if first <= shard.sequence <= last]


def _title(run: Sequence[Shard], *, total: int) -> str:
    first, last = run[0], run[-1]
    shards = f"shard {first.sequence}" if first is last else f"shards {first.sequence}-{last.sequence}"
    areas = [area for area in (first.postal_first, last.postal_last) if area]
    where = f", postal codes {'-'.join(dict.fromkeys(areas))}" if areas else ""
    return f"{shards} of {total}{where}"
