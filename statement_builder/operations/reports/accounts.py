"""The accounts that a report reads: as a batch pulled them, or as the billing system has them now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.pipeline.pull.scope import Scope

Entry = GuarantorAccount | FaultyAccount


def read_accounts(
    context: AppContext, batch: Batch | None, as_of: date, refused: frozenset[int] = frozenset()
) -> Iterator[Entry]:
    """Every account once, in mailing order and constant memory, with its mailing history.

    Without `batch`, from the billing system, which may raise `SourceError` and, after the last account,
    `RepeatedSubjects` for guarantors that are not in `refused`.
    """
    if batch is not None:
        return _read_snapshot(context, batch)
    scope = Scope(source=context.settings.source.name, kind=Kind.STATEMENT, cycle=f"{as_of:%Y-%m}", as_of=as_of)
    return stream_candidates(context, scope, refused=refused)


def require_statement_batch(context: AppContext, batch_id: str) -> Batch:
    """A batch that pulled every account. `ConfigError` for another kind, for a trial, and before the pull."""
    batch = context.require_batch(batch_id)
    if batch.kind is not Kind.STATEMENT or batch.limit is not None:
        raise ConfigError(f"{batch_id} did not pull every account. Name a statement batch without a limit.")
    if not (shards := context.ledger.shards.for_batch(batch_id)):
        raise ConfigError(f"{batch_id} has no snapshot yet. `statements rerun {batch_id}` pulls it.")
    if purged := next((shard.purged_on for shard in shards if shard.purged_on), None):
        raise ConfigError(f"The snapshot of {batch_id} was purged on {purged}. Name a later batch.")
    return batch


def _read_snapshot(context: AppContext, batch: Batch) -> Iterator[Entry]:
    from statement_builder.pipeline.build_worker import read_shard  # noqa: PLC0415 - imports WeasyPrint

    for shard in context.ledger.shards.for_batch(batch.batch_id):
        if not shard.is_reissue:
            yield from read_shard(context.archive, shard)
