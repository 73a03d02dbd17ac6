"""The second look: what has happened since the pages were made, taken just before they leave.

A payment, a bankruptcy, a death or the loss of a pregnancy that reached the billing system after rendering pulls
that piece out. What was already claimed for a hand-off is past this point and is left alone.

One process reads the source; what has to be reckoned for each piece, several share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Hold
from statement_builder.ledger import Batch, Shard
from statement_builder.pipeline.build_worker import plan_build
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull import Entry, scope_of, stream_candidates
from statement_builder.pipeline.recheck_worker import (
    Looked,
    Looker,
    LookTask,
    NoteTask,
    Packed,
    open_looker,
    pack_account,
)
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc

LOOK_GOOD_FOR = timedelta(hours=2)
"""How old the look at the whole batch may be for a part of it that leaves later; a part cleared the next day looks
for itself."""
_ACCOUNTS_PER_TASK = 250
_TASKS_PER_WORKER_MAX = 1_000_000
"""No worker is replaced: what one does leaves nothing behind."""


def withhold_late(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> int:
    """Withhold every document of these shards that is not yet on its way and would no longer be selected; the number
    withheld.

    `SourceError` when the source has become stale or unreadable: then nothing is handed off.
    """
    return _Look(context, batch, shards).take()


def is_looked_at(context: AppContext, batch: Batch) -> bool:
    """Whether the look at the whole batch is recent enough for a part of it to leave."""
    return batch.looked_at is not None and context.now() - batch.looked_at < LOOK_GOOD_FOR


class _Look:
    """One look at some shards of a batch."""

    def __init__(self, context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
        self._service = context
        self._batch = batch
        self._shards = shards
        self._as_of = max(batch.as_of, context.today())
        self._waiting: dict[str, tuple[Packed, ...]] = defaultdict(tuple)
        """By guarantor id, each of a shard of its own: a copy may wait beside the original."""
        self._replaced: set[str] = set()
        """Whose document is a correction."""
        self._withheld = 0

    @infrequent_gc()
    def take(self) -> int:
        context = self._service
        plan = plan_build(context, self._batch)
        looker = Looker(plan, context.archive, context.watch)
        workers = max(1, min(context.workers, len(self._shards)))
        make_worker = (lambda: looker) if workers == 1 else partial(open_looker, plan)
        with WorkerPool(workers=workers, make_worker=make_worker, tasks_per_worker_max=_TASKS_PER_WORKER_MAX) as pool:
            for noted in self._all_of(pool, self._note_tasks()):
                for guarantor_id, piece in noted.notes:
                    self._waiting[guarantor_id] += (piece,)
            if self._waiting:
                for looked in self._all_of(pool, self._look_tasks(looker)):
                    self._withhold(looked.late)
        for pieces in self._waiting.values():
            self._withhold(looker.late(None, pieces, self._as_of))
        return self._withheld

    def _all_of(
        self, pool: WorkerPool[NoteTask | LookTask, Looked], tasks: Iterator[NoteTask | LookTask]
    ) -> Iterator[Looked]:
        for looked in pool.run_all(tasks):
            self._service.watch.add(looked.spent_s)
            yield looked

    def _note_tasks(self) -> Iterator[NoteTask]:
        for shard in self._shards:
            documents = self._service.ledger.waiting(self._batch.batch_id, sequence=shard.sequence)
            unclaimed = tuple([each for each in documents if each.delivery_state is None])
            self._replaced |= {each.guarantor_id for each in unclaimed if each.revision_of and not each.is_copy}
            if unclaimed:
                yield NoteTask(shard=shard, documents=unclaimed)

    def _look_tasks(self, looker: Looker) -> Iterator[LookTask]:
        """The source, read to its end; what it has nothing of is still waiting then."""
        scope = replace(scope_of(self._batch), as_of=self._as_of, limit=None)
        found: list[tuple[bytes, tuple[Packed, ...]]] = []
        replaced, waiting = frozenset(self._replaced), self._waiting.keys()
        for entry in stream_candidates(self._service, scope, replaced=replaced, only=waiting):
            pieces = self._waiting.pop(_guarantor_id(entry), ())
            if not isinstance(entry, GuarantorAccount):
                self._withhold(looker.late(entry, pieces, self._as_of))
            elif pieces:
                found.append((pack_account(entry), pieces))
            if len(found) >= _ACCOUNTS_PER_TASK:
                yield LookTask(as_of=self._as_of, found=tuple(found))
                found = []
        if found:
            yield LookTask(as_of=self._as_of, found=tuple(found))

    def _withhold(self, late: Sequence[tuple[str, tuple[Hold, ...]]]) -> None:
        context = self._service
        for document_id, holds in late:
            context.ledger.withhold(document_id, holds, actor=context.actor, at=context.now())
            self._withheld += 1


def _guarantor_id(entry: Entry) -> str:
    return entry.guarantor.guarantor_id if isinstance(entry, GuarantorAccount) else entry.subject
