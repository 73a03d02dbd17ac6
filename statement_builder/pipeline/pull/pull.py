"""Pull: copy the billing system's accounts as of a date into an immutable snapshot, in shards, in mailing order.

A pull is all or nothing. Each attempt writes its files under its own number, and one transaction at the end makes them
the batch's snapshot. An interrupted pull leaves files that nothing refers to, and the next attempt starts over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from statement_builder.archive import write_snapshot
from statement_builder.billing.model import (
    GuarantorAccount,
)
from statement_builder.ledger import Batch, BatchState, NewShard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.pipeline.pull.entries import Entry, contain_entry, entry_cents
from statement_builder.pipeline.pull.requests import chunked
from statement_builder.pipeline.pull.scope import scope_of
from statement_builder.pipeline.workers import infrequent_gc
from statement_builder.source import read_refusing


@infrequent_gc()
def pull_batch(context: AppContext, batch: Batch, on_shard: Callable[[NewShard], object] | None = None) -> None:
    """Take the snapshot, unless the batch has one. Raises `SourceError` for stale, unreadable or incomplete data.

    `on_shard` is called when a shard's file is written. The pull can still fail after that, also with
    `RepeatedSubjects`; without it, those guarantors are refused in another attempt.
    """
    if batch.state is not BatchState.OPEN:
        return
    if on_shard is not None:
        _pull_once(context, batch, on_shard, frozenset())
    else:
        read_refusing(partial(_pull_once, context, batch, None))


def _pull_once(
    context: AppContext, batch: Batch, on_shard: Callable[[NewShard], object] | None, refused: frozenset[int]
) -> None:
    attempt = context.ledger.batches.next_pull_attempt(batch.batch_id)
    shards: list[NewShard] = []
    done = 0
    candidates = stream_candidates(context, scope_of(batch), refused=refused)
    for entries in chunked(candidates, context.shard_candidates_max):
        shards.append(_write_shard(context, batch, attempt, len(shards) + 1, entries))
        if on_shard is not None:
            on_shard(shards[-1])
        done += len(entries)
        context.progress("pull", done, 0)
    with context.watch("ledger"):
        context.ledger.batches.record_pull(batch.batch_id, shards, actor=context.actor, at=context.now())


def _write_shard(context: AppContext, batch: Batch, attempt: int, sequence: int, entries: Sequence[Entry]) -> NewShard:
    try:
        data = write_snapshot(entries)
    except Exception:  # noqa: BLE001 - found and contained one by one
        entries = [_storable(entry) for entry in entries]
        data = write_snapshot(entries)
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"snapshots/{batch.batch_id}/{attempt:03d}/{sequence:05d}.jsonl.gz"
    context.archive.put(key, data, sha256=sha256)
    return NewShard(
        sequence=sequence,
        snapshot_key=key,
        snapshot_sha256=sha256,
        candidates=len(entries),
        cents=sum(entry_cents(entry, batch.kind, batch.as_of) or 0 for entry in entries),
        postal_first=_postal_area(entries),
        postal_last=_postal_area(reversed(entries)),
    )


def _storable(entry: Entry) -> Entry:
    """The entry, or an exception if it cannot be written to the snapshot (half of a surrogate pair in a name)."""
    try:
        write_snapshot([entry])
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        return contain_entry(exc, "storing this account", entry)
    return entry


def _postal_area(entries: Iterable[Entry]) -> str:
    """The first three digits of the first ZIP code, which identify nobody (45 CFR 164.514(b)(2)(i)(B)).

    Postal codes of other countries are left out: three of their characters can name a village.
    """
    addresses = (entry.guarantor.mailing_address for entry in entries if isinstance(entry, GuarantorAccount))
    codes = (address.postal_code[:3] for address in addresses if address.country == "US")
    return next((code for code in codes if len(code) == 3 and code.isdecimal()), "")
