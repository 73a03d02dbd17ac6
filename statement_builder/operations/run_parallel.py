"""The steps of a batch for several processes at once, on one machine or many: ids in, ids out.

Who calls them may die anywhere, come twice, or overlap with its own second try. What whole-batch steps there are go
through `run.walk_batch`, which holds the batch alone; these share it and take one shard at a time. So a shard is in one
process's hands, and a claim that is found under its lock was left behind by the dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from mail_house.errors import Misconfigured, Retryable
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.errors import BatchBusy
from statement_builder.ledger import BatchState, Shard, part_of
from statement_builder.operations.release import stop_at_gates
from statement_builder.operations.run import walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build import build_shards
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import begin_hand_off, hand_off_shard
from statement_builder.pipeline.preconditions import require_remaining_preconditions


class ShardRun(Record, kw_only=True):
    """Neighbouring shards that one process works through: their sequences, both ends included."""

    first: int
    last: int
    title: str
    """`shards 1-10 of 48, postal codes 030-032`: what an operator tells it by."""


def plan_shard_runs(context: AppContext, batch_id: str, *, shards_max: int, runs_max: int) -> list[ShardRun]:
    """The batch's shards in runs of at most `shards_max`, or of more where that would make more than `runs_max` runs.

    The same runs whenever it is asked: what a mapped task stands for must not change when it is cleared.
    """
    shards = [shard for shard in context.ledger.shards.for_batch(batch_id) if not shard.is_reissue]
    length = max(shards_max, ceil(len(shards) / runs_max))
    runs = [shards[start : start + length] for start in range(0, len(shards), length)]
    return [
        ShardRun(first=run[0].sequence, last=run[-1].sequence, title=_title(run, total=len(shards))) for run in runs
    ]


def build_run(context: AppContext, batch_id: str, first: int, last: int) -> None:
    """Build the shards of a run that are not built yet. `BatchBusy` where another process has the batch or one of
    them."""
    batch = context.require_batch(batch_id)
    if batch.state is not BatchState.PULLED:
        return
    require_remaining_preconditions(context, batch)
    with context.ledger.share(batch_id, owner=context.actor, at=context.now()) as lock_part:
        if context.require_batch(batch_id).state is BatchState.PULLED:
            build_shards(context, batch, _shards(context, batch_id, first, last), lock_part)


def ask_gates(context: AppContext, batch_id: str) -> list[str]:
    """What a person has to decide before this batch may go, in words; nothing where policy lets it go, or it has gone.

    Finishes the build first. `GateStop` where a gate does not foot: no approval helps there.
    """
    batch = walk_batch(context, batch_id, until=Step.BUILD)
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return []
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        return [question.message for question in stop_at_gates(context, context.require_batch(batch_id))]


def prepare_hand_off(context: AppContext, batch_id: str, *, release: bool) -> None:
    """Pass the gates, with a person's approval where `release` says so, settle what an earlier try left open, and look
    at the source once more. `GateStop` where a person has to look first."""
    batch = walk_batch(context, batch_id, until=Step.GATES, release=release)
    if batch.state is BatchState.CLOSED:
        return
    with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
        begin_hand_off(context, context.require_batch(batch_id))


def hand_off_run(context: AppContext, batch_id: str, first: int, last: int, channel: Channel) -> None:
    """Hand off what the shards of a run have for one channel.

    `BatchBusy` where another process has the batch or one of the shards; `Retryable` at the end where some of it was
    put off, and at once where the set-up has to be mended.
    """
    batch = context.require_batch(batch_id)
    if batch.state is BatchState.CLOSED:
        return
    put_off: BatchBusy | Retryable | None = None
    with context.ledger.share(batch_id, owner=context.actor, at=context.now()) as lock_part:
        shards = _shards(context, batch_id, first, last)
        for done, shard in enumerate(shards, start=1):
            try:
                with lock_part(part_of(shard)):
                    hand_off_shard(context, batch, shard, channel)
            except Misconfigured:
                raise
            except (BatchBusy, Retryable) as exc:
                put_off = exc
            context.progress(channel.value, done, len(shards))
    if put_off is not None:
        raise put_off


def _shards(context: AppContext, batch_id: str, first: int, last: int) -> list[Shard]:
    return [shard for shard in context.ledger.shards.for_batch(batch_id) if first <= shard.sequence <= last]


def _title(run: Sequence[Shard], *, total: int) -> str:
    first, last = run[0], run[-1]
    shards = f"shard {first.sequence}" if first is last else f"shards {first.sequence}-{last.sequence}"
    areas = [area for area in (first.postal_first, last.postal_last) if area]
    where = f", postal codes {'-'.join(dict.fromkeys(areas))}" if areas else ""
    return f"{shards} of {total}{where}"
