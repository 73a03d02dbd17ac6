"""The proof of a batch: the few documents that an approver looks at before the release, and who has opened them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from statement_builder.archive import Archive
from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState, ProofCandidate, Shard
from statement_builder.operations.wording import FIGURE_LABELS, format_dollars
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext

LARGEST_SHOWN = 3
LARGE_PRINT_SHARDS_MAX = 4
"""Shards that are searched for a document in large print: the ledger does not say which are."""
OPENED = "console document"
"""What the access log says of somebody who opened one document in the console."""


class ProofDocument(Record, kw_only=True):
    """One document of the proof."""

    document_id: str
    guarantor_id: str
    pages: int
    amount_cents: int
    reasons: tuple[str, ...]
    """What it shows: `level 2, English, print`, `largest amount`, `most pages`, `large print`."""


def list_proof(context: AppContext, batch: Batch) -> list[ProofDocument]:
    """A document of each level, language and channel; the largest amounts; the longest; and one in large print.

    The same batch always gives the same documents. Empty before the batch is built.
    """
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        return []
    reasons: dict[str, list[str]] = {}
    found: dict[str, ProofCandidate] = {}
    for reason, candidate in _choose(context, batch):
        found.setdefault(candidate.document_id, candidate)
        reasons.setdefault(candidate.document_id, []).append(reason)
    return [
        ProofDocument(
            document_id=each.document_id,
            guarantor_id=each.guarantor_id,
            pages=each.pages,
            amount_cents=each.amount_cents,
            reasons=tuple(dict.fromkeys(reasons[each.document_id])),
        )
        for each in found.values()
    ]


def _choose(context: AppContext, batch: Batch) -> Iterator[tuple[str, ProofCandidate]]:
    proof = context.ledger.proof
    for each in proof.one_of_each(batch.batch_id):
        level = f"level {each.level}, " if each.level else ""
        yield f"{level}language {each.language}, {FIGURE_LABELS[each.channel.value]}", each
    for rank, each in enumerate(proof.largest(batch.batch_id, LARGEST_SHOWN), start=1):
        yield f"largest amount, number {rank}: {format_dollars(each.amount_cents)}", each
    for each in proof.longest(batch.batch_id):
        yield f"most pages: {each.pages}", each
    for each in _find_large_print(context, batch):
        yield "large print", each


def _find_large_print(context: AppContext, batch: Batch) -> list[ProofCandidate]:
    """The first document in large print, if one is in the first shards."""
    shards = [shard for shard in context.ledger.shards.for_batch(batch.batch_id) if not shard.is_reissue]
    for shard in shards[:LARGE_PRINT_SHARDS_MAX]:
        if shard.purged_on is not None:
            continue
        large = list(_list_large_print(context.archive, shard))  # type: ignore[arg-type]  # hashed by identity
        if found := context.ledger.proof.of_guarantors(batch.batch_id, large):
            return found[:1]
    return []


@lru_cache(maxsize=64)
def _list_large_print(archive: Archive, shard: Shard) -> tuple[str, ...]:
    """The guarantors of a shard who get large print. A snapshot never changes, so it is read once."""
    entries = (entry for entry in read_shard(archive, shard) if isinstance(entry, GuarantorAccount))
    return tuple(entry.guarantor.guarantor_id for entry in entries if entry.guarantor.large_print)


def list_unopened(context: AppContext, batch: Batch, proof: Sequence[ProofDocument]) -> list[str]:
    """The documents of this proof that the actor has not opened in the console."""
    opened = context.ledger.proof.opened_by(batch.batch_id, OPENED).get(context.actor, frozenset())
    return [each.document_id for each in proof if each.document_id not in opened]


def require_proof(context: AppContext, batch: Batch) -> None:
    """`ConfigError` if the setting requires that the actor has opened the proof, and the actor has not."""
    if not context.settings.console.requires_proof:
        return
    if left := list_unopened(context, batch, list_proof(context, batch)):
        raise ConfigError(
            f"batch {batch.batch_id} was not released: open each document of its proof first. {len(left):,} "
            f"{'is' if len(left) == 1 else 'are'} left (console.requires_proof)."
        )
