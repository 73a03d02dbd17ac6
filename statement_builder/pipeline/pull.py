"""Pull: the billing system's accounts as of a date become an immutable snapshot, in shards, in mailing order.

A pull is all or nothing. Its files go under the number of the attempt, and only one transaction at the end
makes them the batch's snapshot: a pull that died leaves files that nothing refers to, and is done afresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice

import msgspec

from statement_builder.archive import write_snapshot
from statement_builder.billing.model import Correspondence, Encounter, FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Kind
from statement_builder.ledger import Batch, BatchState, NewShard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.suppressions import apply_suppressions
from statement_builder.pipeline.workers import infrequent_gc
from statement_builder.policy import candidate_cents
from statement_builder.source import require_fresh

_LOOKED_UP_MAX = 1_000
"""Candidates whose mailings the ledger is asked for at once."""

Entry = GuarantorAccount | FaultyAccount


def batch_id_of(cycle: str, kind: Kind) -> str:
    """`2026-11-statement`: what an operator types."""
    return f"{cycle}-{kind.value}"


@infrequent_gc()
def pull_batch(context: AppContext, batch: Batch, take_note: Callable[[NewShard], object] | None = None) -> None:
    """Take the snapshot, unless this batch has one. `SourceError` when the data is stale, unreadable or incomplete.

    `take_note` is told of each shard when its file is there, before the whole is a snapshot: if it ever becomes one.
    """
    if batch.state is not BatchState.OPEN:
        return
    attempt = context.ledger.next_pull_attempt(batch.batch_id)
    shards: list[NewShard] = []
    done = 0
    candidates = stream_candidates(context, scope_of(batch))
    for entries in _in_groups(candidates, context.shard_candidates_max):
        shards.append(_write_shard(context, batch, attempt, len(shards) + 1, entries))
        if take_note is not None:
            take_note(shards[-1])
        done += len(entries)
        context.progress("pull", done, 0)
    with context.watch("ledger"):
        context.ledger.record_pull(batch.batch_id, shards, actor=context.actor, at=context.now())


class Scope(Record, kw_only=True):
    """Whose accounts are wanted: what a batch pulls once, and what is looked at again before hand-off."""

    source: str
    """A folder of queries below `sql/`."""
    kind: Kind
    cycle: str
    as_of: date
    limit: int | None = None


def scope_of(batch: Batch) -> Scope:
    """What the batch pulls."""
    return Scope(source=batch.source, kind=batch.kind, cycle=batch.cycle, as_of=batch.as_of, limit=batch.limit)


def stream_candidates(
    context: AppContext, scope: Scope, *, replaced: frozenset[str] = frozenset(), only: Container[str] | None = None
) -> Iterator[Entry]:
    """The candidates of a batch as the source has them now, each with what our ledger knows of it.

    In mailing order and constant memory. What the batch has mailed to the guarantors `replaced` counts for nothing: it
    is being corrected. `only` are the guarantor ids that are wanted; without it all are. `SourceError` when the data is
    stale, unreadable or incomplete.
    """
    with context.open_source(scope.source) as source:
        _check_freshness(context, source.feeds(), scope.kind)
        accounts = source.accounts(as_of=scope.as_of, cycle=scope.cycle, only=only)
        candidates = (entry for entry in accounts if entry_cents(entry, scope.kind, scope.as_of) is not None)
        for entries in _in_groups(islice(candidates, scope.limit), _LOOKED_UP_MAX):
            yield from _with_ledger_facts(context, batch_id_of(scope.cycle, scope.kind), entries, replaced)


def entry_cents(entry: Entry, kind: Kind, as_of: date) -> int | None:
    """What a candidate of this kind owes in all, in cents; None where the entry is no candidate of this kind."""
    if isinstance(entry, GuarantorAccount):
        return candidate_cents(entry, kind, as_of)
    concerned = {
        Kind.STATEMENT: True,
        Kind.DUNNING: entry.has_encounters,
        Kind.OB_NOTICE: entry.has_episode,
    }[kind]
    return entry.cents if concerned else None


def _check_freshness(context: AppContext, feeds: Mapping[str, datetime], kind: Kind) -> None:
    """Stop before the first document when the data is too old; obstetric notices need both feeds (domain rules, 6)."""
    now = context.now()
    require_fresh(feeds, feed="billing", now=now, max_age_hours=context.settings.source.max_age_hours)
    if kind is Kind.OB_NOTICE:
        max_age_hours = context.settings.policy.ob_feed_max_age_hours
        require_fresh(feeds, feed="obstetric", now=now, max_age_hours=max_age_hours)


def _in_groups(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while group := list(islice(iterator, size)):
        yield group


def _write_shard(context: AppContext, batch: Batch, attempt: int, sequence: int, entries: Sequence[Entry]) -> NewShard:
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


def _postal_area(entries: Iterable[Entry]) -> str:
    """The first three digits of the first postal code: coarse enough to name nobody (45 CFR 164.514(b)(2)(i)(B))."""
    codes = (entry.guarantor.mailing_address.postal_code for entry in entries if isinstance(entry, GuarantorAccount))
    return next(codes, "")[:3]


def _with_ledger_facts(
    context: AppContext, batch_id: str, entries: Sequence[Entry], replaced: frozenset[str]
) -> Iterator[Entry]:
    """Add what was mailed by us: a decision depends on the snapshot alone, so all that it reads has to be in there."""
    accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
    facility_id = context.facility.facility_id
    mailed, notices = _read_mailed(context, accounts)
    for account in accounts:
        if account.guarantor.guarantor_id in replaced:
            others, other_notices = _read_mailed(context, [account], without_batch=batch_id)
            mailed = {key: each for key, each in mailed.items() if key not in _numbers([account])} | others
            notices = {key: each for key, each in notices.items() if key not in _episode_ids([account])} | other_notices
    guarantor_ids = [account.guarantor.guarantor_id for account in accounts]
    pending = context.ledger.open_documents(facility_id, guarantor_ids, excluding_batch=batch_id)
    stops = context.ledger.stops(facility_id, guarantor_ids)
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            yield entry
            continue
        yield msgspec.structs.replace(
            apply_suppressions(entry, stops.get(entry.guarantor.guarantor_id, ())),
            encounters=tuple(_with_correspondence(encounter, mailed) for encounter in entry.encounters),
            episodes=tuple(
                msgspec.structs.replace(
                    episode,
                    notices_sent=max(episode.notices_sent, notices[episode.episode_id][0]),
                    last_notice_on=_latest(episode.last_notice_on, notices[episode.episode_id][1]),
                )
                if episode.episode_id in notices
                else episode
                for episode in entry.episodes
            ),
            open_documents=pending.get(entry.guarantor.guarantor_id, ()),
        )


def _read_mailed(
    context: AppContext, accounts: Sequence[GuarantorAccount], *, without_batch: str = ""
) -> tuple[dict[str, Correspondence], dict[str, tuple[int, date]]]:
    """What our ledger has mailed about their encounters and their pregnancies, by number and by episode."""
    ledger, facility_id = context.ledger, context.facility.facility_id
    numbers, episodes = _numbers(accounts), _episode_ids(accounts)
    if without_batch:
        return (
            ledger.mailed_otherwise(facility_id, numbers, batch_id=without_batch),
            ledger.notices_otherwise(facility_id, episodes, batch_id=without_batch),
        )
    return ledger.correspondence(facility_id, numbers), ledger.episode_notices(facility_id, episodes)


def _numbers(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [encounter.account_number for account in accounts for encounter in account.encounters]


def _episode_ids(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [episode.episode_id for account in accounts for episode in account.episodes]


def _with_correspondence(encounter: Encounter, mailed: Mapping[str, Correspondence]) -> Encounter:
    ours = mailed.get(encounter.account_number)
    if ours is None:
        return encounter
    return msgspec.structs.replace(encounter, correspondence=merge_correspondence(encounter.correspondence, ours))


def merge_correspondence(theirs: Correspondence | None, ours: Correspondence) -> Correspondence:
    """What was mailed in all: by an earlier system (or written back to it by us) and by us.

    The clocks start with the earliest first statement and the ladder stands where the latest mailing left it.
    """
    if theirs is None:
        return ours
    latest = max(theirs, ours, key=lambda mailed: (mailed.last_mailed_on, mailed.last_level))
    return Correspondence(
        first_statement_on=min(theirs.first_statement_on, ours.first_statement_on),
        statements_sent=max(theirs.statements_sent, ours.statements_sent),
        last_level=latest.last_level,
        last_mailed_on=latest.last_mailed_on,
    )


def _latest(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)
