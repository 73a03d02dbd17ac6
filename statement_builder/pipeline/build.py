"""Build: every shard of the snapshot is made, in several processes, and recorded, each in one transaction.

The shard is the unit of retry: one that is recorded is never touched again by a re-run, one that is not is made afresh.
To make one takes nothing but its file, so the first are made while the last are pulled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import msgspec

from statement_builder.ledger import Batch, BatchState, LockPart, NewShard, Shard, ShardState, held_already, part_of
from statement_builder.pipeline.build_worker import BuiltShard, PackedShard, open_builder, plan_build, unpack_built
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull import pull_batch
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.rendering import template_version

BuilderPool = WorkerPool[Shard, PackedShard]
SHARDS_PER_WORKER_MAX = {"compiled": 20, "plain": 1}
"""Until a worker is replaced: filling leaves nothing behind, what WeasyPrint lays out does."""


def build_while_pulling(context: AppContext, batch: Batch) -> None:
    """Pull a batch that is not pulled yet, and build it at the same time, where it has several shards and processes.

    `SourceError` as from `pull_batch`: then what was made is not recorded.
    """
    if batch.state is not BatchState.OPEN or context.workers == 1:
        return
    with open_pool(context, batch, shards=context.workers) as pool:
        begun = 0

        def begin(new: NewShard) -> None:
            nonlocal begun
            if new.candidates == context.shard_candidates_max:  # others follow: it is worth while to start processes
                pool.prefetch(shard_as_pulled(new, batch.batch_id))
                begun += 1

        with context.watch("pull"):
            pull_batch(context, batch, begin)
        if begun:
            _build_all(context, context.require_batch(batch.batch_id), pool)


def shard_as_pulled(new: NewShard, batch_id: str) -> Shard:
    """As the ledger has it once the snapshot is there."""
    return Shard(**msgspec.structs.asdict(new), batch_id=batch_id, state=ShardState.PULLED)


def build_batch(context: AppContext, batch: Batch) -> None:
    """Build every shard that is not built yet."""
    if batch.state is BatchState.PULLED:
        _build_all(context, batch)


def _build_all(context: AppContext, batch: Batch, pool: BuilderPool | None = None) -> None:
    build_shards(context, batch, context.ledger.shards(batch.batch_id), pool=pool)
    context.ledger.set_state(batch.batch_id, BatchState.BUILT, actor=context.actor, at=context.now())


@infrequent_gc()
def build_shards(
    context: AppContext,
    batch: Batch,
    shards: Sequence[Shard],
    lock_part: LockPart = held_already,
    *,
    pool: BuilderPool | None = None,
) -> None:
    """Build those of these shards that are not built yet. `BatchBusy` where another process has one of them in hand.

    `pool` is one that may have begun; without it there will be a new one.
    """
    waiting = [shard for shard in shards if shard.state is ShardState.PULLED]
    candidates_max = sum(shard.candidates for shard in shards)
    done = candidates_max - sum(shard.candidates for shard in waiting)
    if not waiting:
        return
    version = template_version(context.templates)
    in_hand: deque[tuple[Shard, ExitStack]] = deque()

    def take_in_hand() -> Iterator[Shard]:
        for shard in waiting:
            lock = held.enter_context(ExitStack())
            lock.enter_context(lock_part(part_of(shard)))
            if context.ledger.shard(batch.batch_id, shard.sequence).state is ShardState.PULLED:
                in_hand.append((shard, lock))
                yield shard
            else:
                lock.close()

    with ExitStack() as held:
        builders = pool or held.enter_context(open_pool(context, batch, shards=len(waiting)))
        for packed in builders.run_all(take_in_hand()):
            shard, lock = in_hand.popleft()
            built = unpack_built(packed)
            context.watch.add(built.spent_s)
            with lock, context.watch("ledger"):
                _record(context, batch, shard, built, version=version)
            done += shard.candidates
            context.progress("build", done, candidates_max)


def open_pool(context: AppContext, batch: Batch, *, shards: int) -> BuilderPool:
    """Builders of this batch: as many processes as the settings say and there are shards for."""
    plan, workers = plan_build(context, batch), min(context.workers, shards)
    return WorkerPool(
        workers=workers,
        make_worker=partial(open_builder, plan, context.archive if workers == 1 else None),
        tasks_per_worker_max=SHARDS_PER_WORKER_MAX[context.settings.render.engine],
    )


def _record(context: AppContext, batch: Batch, shard: Shard, built: BuiltShard, *, version: str) -> None:
    context.ledger.record_shard(
        batch.batch_id,
        shard.sequence,
        candidates=built.candidates,
        documents=built.documents,
        pack_key=built.pack_key,
        pack_sha256=built.pack_sha256,
        template_version=version,
        at=context.now(),
    )
