"""Build: worker processes turn each shard of the snapshot into documents, and the owner records each in a transaction.

The shard is the unit of retry: a re-run skips recorded shards and builds the others from the start. A shard needs only
its snapshot file, so the first shards can be built while the last are still being pulled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import msgspec

from statement_builder.errors import RepeatedSubjects
from statement_builder.ledger import (
    Batch,
    BatchState,
    LockPart,
    NewShard,
    Shard,
    ShardState,
    part_already_locked,
    part_name,
)
from statement_builder.pipeline.build_worker import (
    BuildHalving,
    BuildTask,
    BuiltShard,
    PackedShard,
    open_builder,
    plan_build,
    unpack_built,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.pull import pull_batch
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.rendering import fingerprint_templates

BuilderPool = WorkerPool[BuildTask, PackedShard]
SHARDS_PER_WORKER_MAX = {"compiled": 20, "plain": 1}
"""Shards before a worker is replaced. The compiled engine does not grow; WeasyPrint's layouts do."""


def build_while_pulling(context: AppContext, batch: Batch) -> None:
    """Pull the batch and build its shards at the same time, if it has several shards and workers.

    Does nothing for a batch that is already pulled. Raises `SourceError` as `pull_batch` does; what was built from a
    failed pull is not recorded.
    """
    if batch.state is not BatchState.OPEN or context.workers == 1:
        return
    with open_pool(context, batch, shards=context.workers) as pool:
        started = 0

        def start_build(new: NewShard) -> None:
            nonlocal started
            if new.candidates == context.shard_candidates_max:  # more shards follow, so worker processes pay off
                pool.prefetch(to_pulled_shard(new, batch.batch_id))
                started += 1

        with context.watch("pull"):
            try:
                pull_batch(context, batch, on_shard=start_build)
            except RepeatedSubjects:
                return  # rare: the next step pulls again, and builds nothing ahead of a pull that may change
        if started:
            _build_all(context, context.require_batch(batch.batch_id), pool)


def to_pulled_shard(new: NewShard, batch_id: str) -> Shard:
    """The shard as the ledger returns it once the pull is recorded."""
    return Shard(**msgspec.structs.asdict(new), batch_id=batch_id, state=ShardState.PULLED)


def build_batch(context: AppContext, batch: Batch) -> None:
    """Build every shard that is not built yet."""
    if batch.state is BatchState.PULLED:
        _build_all(context, batch)


def _build_all(context: AppContext, batch: Batch, pool: BuilderPool | None = None) -> None:
    build_shards(context, batch, context.ledger.shards.for_batch(batch.batch_id), pool=pool)
    context.ledger.batches.set_state(batch.batch_id, BatchState.BUILT, actor=context.actor, at=context.now())


@infrequent_gc()
def build_shards(
    context: AppContext,
    batch: Batch,
    shards: Sequence[Shard],
    lock_part: LockPart = part_already_locked,
    *,
    pool: BuilderPool | None = None,
) -> None:
    """Build the shards that are not built yet. Raises `BatchBusy` when another process has locked one of them.

    `pool` may have started some of them already; without it, a new pool is opened.
    """
    waiting = [shard for shard in shards if shard.state is ShardState.PULLED]
    total = sum(shard.candidates for shard in shards)
    done = total - sum(shard.candidates for shard in waiting)
    if not waiting:
        return
    version = fingerprint_templates(context.templates)
    locked: deque[tuple[Shard, ExitStack]] = deque()

    def lock_waiting() -> Iterator[Shard]:
        for shard in waiting:
            lock = stack.enter_context(ExitStack())
            lock.enter_context(lock_part(part_name(shard)))
            if context.ledger.shards.require(batch.batch_id, shard.sequence).state is ShardState.PULLED:
                locked.append((shard, lock))
                yield shard
            else:
                lock.close()

    with ExitStack() as stack:
        builders = pool or stack.enter_context(open_pool(context, batch, shards=len(waiting)))
        for packed in builders.run_all(lock_waiting()):
            shard, lock = locked.popleft()
            built = unpack_built(packed)
            context.watch.add(built.spent)
            with lock, context.watch("ledger"):
                _record(context, batch, shard, built, version=version)
            done += shard.candidates
            context.progress("build", done, total)


def open_pool(context: AppContext, batch: Batch, *, shards: int) -> BuilderPool:
    """A pool of builders for this batch: one process per configured worker, but no more than shards.

    A shard that is built again may have an account that ends its process, so it is not built in this one.
    """
    plan, workers = plan_build(context, batch), min(context.workers, shards)
    isolates = context.isolates or context.ledger.shards.was_reopened(batch.batch_id)
    is_in_process = workers == 1 and not isolates
    return WorkerPool(
        workers=workers,
        isolate=isolates,
        make_worker=partial(open_builder, plan, context.archive if is_in_process else None),
        tasks_per_worker_max=SHARDS_PER_WORKER_MAX[context.settings.render.engine],
        halving=BuildHalving(),
    )


def _record(context: AppContext, batch: Batch, shard: Shard, built: BuiltShard, *, version: str) -> None:
    context.ledger.shards.record_built(
        batch.batch_id,
        shard.sequence,
        candidates=built.candidates,
        documents=built.documents,
        pack_key=built.pack_key,
        pack_sha256=built.pack_sha256,
        template_version=version,
        at=context.now(),
    )
