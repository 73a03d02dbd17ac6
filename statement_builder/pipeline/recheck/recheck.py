"""Pre-mail recheck: withhold documents that must no longer be mailed, just before they leave. One that may only no
longer go by e-mail is printed.

A payment, bankruptcy, death or pregnancy loss that reached the billing system after rendering withholds the document.
Documents already claimed for a hand-off are past this point and are left alone.

One process reads the source; several processes share the work per document. An account of the source is kept only until
enough others wait with it for the shard that their documents were built in, so memory does not grow with the batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Channel, Hold
from statement_builder.containment import contain
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.pipeline.build_worker import plan_build
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import choose_for_copies, stream_candidates
from statement_builder.pipeline.pull.scope import scope_of
from statement_builder.pipeline.recheck.recheck_worker import (
    RECHECK_FAILED,
    RecheckHalving,
    RecheckResult,
    RecheckTask,
    RecheckWorker,
    open_recheck_worker,
    pack_account,
)
from statement_builder.pipeline.recheck.waiting_documents import WaitingDocuments
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.source import read_refusing

CHANNEL = "CHANNEL"
"""Hold code: the document may no longer go by e-mail."""
RECHECK_VALID_FOR = timedelta(hours=2)
"""A shard that leaves within this time of the batch's recheck needs no recheck of its own."""
_WAITING_BYTES_MAX = 32 * 1024 * 1024
"""Packed accounts that wait for others of their shard."""
_FEW = 32
"""Accounts for which reading their shard again is not worth it, until they fill the memory."""
_TASKS_PER_WORKER_MAX = 1_000_000
"""Workers are never replaced, because their memory does not grow."""


def withhold_ineligible(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> int:
    """Withhold every unclaimed document of these shards that would no longer be selected. Returns how many.

    Raises `SourceError` when the source is stale or unreadable: then nothing may be handed off.
    """
    withheld = 0

    def recheck(refused: frozenset[int]) -> None:
        nonlocal withheld
        recheck = _Recheck(context, batch, shards, refused)
        try:
            recheck.run()
        finally:
            withheld += recheck.withheld

    read_refusing(recheck)
    return withheld


def has_recent_recheck(context: AppContext, batch: Batch) -> bool:
    """Whether the recheck of the whole batch is recent enough for a shard to leave."""
    return batch.rechecked_at is not None and context.now() - batch.rechecked_at < RECHECK_VALID_FOR


class _Recheck:
    """One recheck of some shards of a batch."""

    def __init__(self, context: AppContext, batch: Batch, shards: Sequence[Shard], refused: frozenset[int]) -> None:
        self._context = context
        self._batch = batch
        self._refused = refused
        self._as_of = max(batch.as_of, context.today())
        self._waiting = WaitingDocuments(context.ledger, batch, shards)
        self._accounts = _AccountsByShard()
        self._checked: defaultdict[int, int] = defaultdict(int)
        """By the shard's sequence number: a bit for each document that was rechecked, by its position."""
        self.withheld = 0

    @infrequent_gc()
    def run(self) -> None:
        context, waiting = self._context, self._waiting
        if not waiting.counts:
            return
        plan = plan_build(context, self._batch)
        local = RecheckWorker(plan, context.archive, context.watch)
        workers = max(1, min(context.workers, len(waiting.counts)))
        make_worker = (lambda: local) if workers == 1 and not context.isolates else partial(open_recheck_worker, plan)
        with WorkerPool(
            workers=workers,
            isolate=context.isolates,
            make_worker=make_worker,
            tasks_per_worker_max=_TASKS_PER_WORKER_MAX,
            halving=RecheckHalving(),
        ) as pool:
            for result in pool.run_all(self._tasks()):
                context.watch.add(result.spent)
                self._withhold(result)

    def _tasks(self) -> Iterator[RecheckTask]:
        """Read the source to its end. Documents whose recipients it no longer returns come last."""
        scope = replace(scope_of(self._batch), as_of=self._as_of, limit=None)
        corrected = frozenset(self._waiting.corrected)
        for entry in stream_candidates(
            self._context,
            scope,
            replaced=corrected,
            only=self._waiting,
            refused=self._refused,
            choose=choose_for_copies(scope, self._waiting.copied),
        ):
            if isinstance(entry, FaultyAccount):
                for recipient in (entry.subject, *self._waiting.other_recipients(entry.subject)):
                    self._withhold_all(recipient, (Hold(code="BADDATA"),))
            else:
                yield from self._add(entry)
        for shard in self._accounts.shards():
            yield from self._task(shard)
        for shard in self._waiting.shards:
            if self._checked[shard.sequence].bit_count() < self._waiting.counts[shard.sequence]:
                yield from self._task_of_vanished(shard)

    def _add(self, account: GuarantorAccount) -> Iterator[RecheckTask]:
        recipient = account.guarantor.guarantor_id
        shards = self._waiting.shards_of(recipient)
        if not shards:
            return
        try:
            packed = pack_account(account)
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            contain(exc, "rechecking this account", recipient)
            self._withhold_all(recipient, RECHECK_FAILED)
            return
        for shard in shards:
            count = self._accounts.add(shard, recipient, packed)
            if count == self._waiting.counts[shard.sequence]:
                yield from self._task(shard)
        for shard in self._accounts.overflow():
            yield from self._task(shard)

    def _task(self, shard: Shard) -> Iterator[RecheckTask]:
        """Recheck the documents of the accounts that wait for this shard."""
        accounts = self._accounts.take(shard)
        documents = self._unclaimed(shard, accounts)
        if documents:
            items = tuple((each, accounts[each.guarantor_id]) for each in documents)
            yield RecheckTask(as_of=self._as_of, shard=shard, items=items)

    def _task_of_vanished(self, shard: Shard) -> Iterator[RecheckTask]:
        checked = self._checked[shard.sequence]
        documents = [each for each in self._unclaimed(shard) if not checked >> each.position & 1]
        if documents:
            yield RecheckTask(as_of=self._as_of, shard=shard, items=tuple((each, None) for each in documents))

    def _unclaimed(self, shard: Shard, recipients: Collection[str] | None = None) -> list[Document]:
        """The shard's documents, of these recipients, that are still to be handed off. They count as checked."""
        pending = self._context.ledger.documents.pending(
            self._batch.batch_id,
            sequence=shard.sequence,
            recipients=sorted(recipients) if recipients is not None and len(recipients) <= _FEW else None,
        )
        found = [
            each
            for each in pending
            if each.delivery_state is None and (recipients is None or each.guarantor_id in recipients)
        ]
        if recipients is not None:
            for each in found:
                self._checked[shard.sequence] |= 1 << each.position
        return found

    def _withhold_all(self, recipient: str, holds: tuple[Hold, ...]) -> None:
        """Withhold all documents of a recipient whose account cannot be rechecked."""
        documents = [
            each for shard in self._waiting.shards_of(recipient) for each in self._unclaimed(shard, {recipient})
        ]
        self._withhold(RecheckResult(ineligible=tuple((each.document_id, holds) for each in documents), spent={}))

    def _withhold(self, result: RecheckResult) -> None:
        context = self._context
        for document_id, holds in result.ineligible:
            if {hold.code for hold in holds} == {CHANNEL}:
                why = "the consent to e-mail ended after the document was rendered"
                context.ledger.documents.change_channel(
                    document_id, Channel.PRINT, actor=context.actor, at=context.now(), why=why
                )
                continue
            context.ledger.documents.withhold(document_id, holds, actor=context.actor, at=context.now())
            self.withheld += 1


class _AccountsByShard:
    """Packed accounts of the source by the shard that their documents were built in.

    The source and the shards have one order, so most accounts of a shard come together. An account that has moved
    since comes at another place and waits, since each task reads the snapshot of its shard.
    """

    def __init__(self) -> None:
        self._accounts: dict[int, dict[str, bytes]] = {}
        self._shards: dict[int, Shard] = {}
        self._bytes = 0

    def add(self, shard: Shard, recipient: str, packed: bytes) -> int:
        """Keep an account. Returns how many wait for the shard."""
        self._shards[shard.sequence] = shard
        accounts = self._accounts.setdefault(shard.sequence, {})
        accounts[recipient] = packed
        self._bytes += len(packed)
        return len(accounts)

    def take(self, shard: Shard) -> dict[str, bytes]:
        """Remove and return the accounts that wait for the shard."""
        del self._shards[shard.sequence]
        accounts = self._accounts.pop(shard.sequence)
        self._bytes -= sum(map(len, accounts.values()))
        return accounts

    def shards(self) -> list[Shard]:
        """The shards that accounts wait for, in order."""
        return [self._shards[sequence] for sequence in sorted(self._shards)]

    def overflow(self) -> Iterator[Shard]:
        """Shards to take when too much waits: those of many accounts, or all if that does not help."""
        if self._bytes <= _WAITING_BYTES_MAX:
            return
        for shard in self.shards():
            if len(self._accounts[shard.sequence]) > _FEW:
                yield shard
        if self._bytes > _WAITING_BYTES_MAX // 2:
            yield from self.shards()
