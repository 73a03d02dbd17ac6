"""Pre-mail recheck: withhold documents that must no longer be mailed, just before they leave. One that may only no
longer go by e-mail is printed.

A payment, bankruptcy, death or pregnancy loss that reached the billing system after rendering withholds the document.
Documents already claimed for a hand-off are past this point and are left alone.

One process reads the source; several processes share the work per document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR, guarantor_of
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Channel, Hold
from statement_builder.ledger import Batch, Shard
from statement_builder.pipeline.build_worker import plan_build
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull import Entry, choose_for_copies, scope_of, stream_candidates
from statement_builder.pipeline.recheck_worker import (
    LoadTask,
    PackedDocument,
    RecheckHalving,
    RecheckResult,
    RecheckTask,
    RecheckWorker,
    fail_all,
    open_recheck_worker,
    pack_account,
)
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.source import read_refusing

CHANNEL = "CHANNEL"
"""Hold code: the document may no longer go by e-mail."""
RECHECK_VALID_FOR = timedelta(hours=2)
"""A shard that leaves within this time of the batch's recheck needs no recheck of its own."""
_ACCOUNTS_PER_TASK = 250
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
        self._shards = shards
        self._refused = refused
        self._as_of = max(batch.as_of, context.today())
        self._pending: dict[str, tuple[PackedDocument, ...]] = defaultdict(tuple)
        """Unclaimed documents by recipient id: usually one, more when a copy goes out beside the original."""
        self._corrected: set[str] = set()
        self._copied: set[str] = set()
        """Recipient ids whose document is a correction."""
        self.withheld = 0

    @infrequent_gc()
    def run(self) -> None:
        context = self._context
        plan = plan_build(context, self._batch)
        local = RecheckWorker(plan, context.archive, context.watch)
        workers = max(1, min(context.workers, len(self._shards)))
        make_worker = (lambda: local) if workers == 1 and not context.isolates else partial(open_recheck_worker, plan)
        with WorkerPool(
            workers=workers,
            isolate=context.isolates,
            make_worker=make_worker,
            tasks_per_worker_max=_TASKS_PER_WORKER_MAX,
            halving=RecheckHalving(),
        ) as pool:
            for loaded in self._results(pool, self._load_tasks()):
                for guarantor_id, document in loaded.documents:
                    self._pending[guarantor_id] += (document,)
                self._withhold(loaded.ineligible)
            if self._pending:
                for checked in self._results(pool, self._recheck_tasks(local)):
                    self._withhold(checked.ineligible)
        for documents in self._pending.values():
            self._withhold(local.find_ineligible(None, documents, self._as_of))

    def _results(
        self, pool: WorkerPool[LoadTask | RecheckTask, RecheckResult], tasks: Iterator[LoadTask | RecheckTask]
    ) -> Iterator[RecheckResult]:
        for result in pool.run_all(tasks):
            self._context.watch.add(result.spent_s)
            yield result

    def _load_tasks(self) -> Iterator[LoadTask]:
        for shard in self._shards:
            documents = self._context.ledger.documents.pending(self._batch.batch_id, sequence=shard.sequence)
            unclaimed = tuple([each for each in documents if each.delivery_state is None])
            self._copied |= {each.guarantor_id for each in unclaimed if each.is_copy}
            self._corrected |= {each.guarantor_id for each in unclaimed if each.revision_of and not each.is_copy}
            if unclaimed:
                yield LoadTask(shard=shard, documents=unclaimed)

    def _recheck_tasks(self, local: RecheckWorker) -> Iterator[RecheckTask]:
        """Read the source to its end. Guarantors that it no longer returns are left in `_pending`."""
        scope = replace(scope_of(self._batch), as_of=self._as_of, limit=None)
        accounts: list[tuple[bytes, tuple[PackedDocument, ...]]] = []
        corrected, guarantor_ids = frozenset(self._corrected), self._pending.keys()
        others = _group_other_recipients(guarantor_ids)
        for entry in stream_candidates(
            self._context,
            scope,
            replaced=corrected,
            only=guarantor_ids,
            refused=self._refused,
            choose=choose_for_copies(scope, self._copied),
        ):
            documents = self._pending.pop(_guarantor_id(entry), ())
            if not isinstance(entry, GuarantorAccount):
                for recipient in others.get(entry.subject, ()):
                    documents += self._pending.pop(recipient, ())
                self._withhold(local.find_ineligible(entry, documents, self._as_of))
            elif documents:
                try:
                    accounts.append((pack_account(entry), documents))
                except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
                    self._withhold(fail_all(documents, exc))
            if len(accounts) >= _ACCOUNTS_PER_TASK:
                yield RecheckTask(as_of=self._as_of, accounts=tuple(accounts))
                accounts = []
        if accounts:
            yield RecheckTask(as_of=self._as_of, accounts=tuple(accounts))

    def _withhold(self, ineligible: Sequence[tuple[str, tuple[Hold, ...]]]) -> None:
        context = self._context
        for document_id, holds in ineligible:
            if {hold.code for hold in holds} == {CHANNEL}:
                why = "the consent to e-mail ended after the document was rendered"
                context.ledger.documents.change_channel(
                    document_id, Channel.PRINT, actor=context.actor, at=context.now(), why=why
                )
                continue
            context.ledger.documents.withhold(document_id, holds, actor=context.actor, at=context.now())
            self.withheld += 1


def _group_other_recipients(recipients: Iterable[str]) -> dict[str, list[str]]:
    """Guarantor id → those of these recipients who get a part of the guarantor's mail."""
    found = defaultdict(list)
    for recipient in recipients:
        if RECIPIENT_SEPARATOR in recipient:
            found[guarantor_of(recipient)].append(recipient)
    return found


def _guarantor_id(entry: Entry) -> str:
    return entry.guarantor.guarantor_id if isinstance(entry, GuarantorAccount) else entry.subject
