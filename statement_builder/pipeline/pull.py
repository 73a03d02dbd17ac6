"""Pull: copy the billing system's accounts as of a date into an immutable snapshot, in shards, in mailing order.

A pull is all or nothing. Each attempt writes its files under its own number, and one transaction at the end makes them
the batch's snapshot. An interrupted pull leaves files that nothing refers to, and the next attempt starts over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Protocol

import msgspec

from statement_builder.archive import write_snapshot
from statement_builder.billing.identifiers import batch_id_of, guarantor_of
from statement_builder.billing.model import (
    CausedLetter,
    ContactKind,
    Correspondence,
    DeductionMiss,
    Encounter,
    FaultyAccount,
    GuarantorAccount,
    Record,
)
from statement_builder.billing.selection import Kind
from statement_builder.containment import contain, faulty_account
from statement_builder.kinds import candidate_cents, definition_of, faulty_candidate_cents
from statement_builder.ledger import Batch, BatchState, NewShard, Suppression, SuppressionCode
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.placed_visits import hold_placed_visits
from statement_builder.pipeline.requests import chunked, requests_of, with_open_requests
from statement_builder.pipeline.suppressions import apply_mail_hold, apply_suppressions
from statement_builder.pipeline.workers import infrequent_gc
from statement_builder.policy import split_account
from statement_builder.source import read_refusing, require_fresh

_LOOKUP_SIZE = 1_000
"""Candidates per ledger lookup."""

Entry = GuarantorAccount | FaultyAccount


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


class Scope(Record, kw_only=True):
    """Which accounts to read from the source: for the pull, and again for the pre-mail recheck."""

    source: str
    """The folder of queries below `sql/`."""
    kind: Kind
    cycle: str
    as_of: date
    limit: int | None = None

    @property
    def batch_id(self) -> str:
        """The batch that these accounts are for."""
        return batch_id_of(self.cycle, self.kind)


def scope_of(batch: Batch) -> Scope:
    """The accounts that the batch pulls."""
    return Scope(source=batch.source, kind=batch.kind, cycle=batch.cycle, as_of=batch.as_of, limit=batch.limit)


class Recipients(Protocol):
    """Some recipients of mail, by recipient id."""

    @property
    def guarantor_ids(self) -> set[str] | None:
        """Whose mail it is, if they are few enough to be named; None to read everybody."""

    def __contains__(self, recipient: object) -> bool:
        """Whether this recipient is one of them, and perhaps if not."""

    def names_guarantor(self, guarantor_id: object) -> bool:
        """Whether one of them is the guarantor, or gets a part of the guarantor's mail, and perhaps if not."""


def stream_candidates(
    context: AppContext,
    scope: Scope,
    *,
    replaced: frozenset[str] = frozenset(),
    only: Recipients | None = None,
    refused: frozenset[int] = frozenset(),
    choose: Callable[[Entry], Entry | None] | None = None,
) -> Iterator[Entry]:
    """The candidates that the source has now, one per recipient, each with its mailing history from the ledger.
    `choose` takes others than the candidates for the kind of the scope: None leaves an entry out.

    In mailing order of the guarantors and constant memory. For the recipients in `replaced`, mailings of this batch are
    ignored because they are being corrected. `only` limits the result to these recipients; that of a guarantor
    includes the guarantor's other recipients, and a guarantor's bad rows always count. Raises `SourceError` for stale,
    unreadable or incomplete data, and `RepeatedSubjects` for guarantors that are not in `refused`: both only after the
    last candidate, also when `only` or the limit leaves accounts out, so rely on none before the end.
    """
    with context.open_source(scope.source) as source:
        _check_freshness(context, source.feeds(), scope.kind)
        begun = _Begun()
        includes = begun if scope.limit is not None else (lambda _: True)
        if only is not None:
            includes = only.names_guarantor
        accounts = source.accounts(
            as_of=scope.as_of,
            cycle=scope.cycle,
            includes=includes,
            guarantor_ids=None if only is None else only.guarantor_ids,
            refused=refused,
        )
        recipients: Iterator[Entry] = (
            _readdress(part, scope.kind)
            for entry in accounts
            for part in _split(entry)
            if only is None or _is_one_of(part, only)
        )
        if scope.kind.traits.reads_requests:
            recipients = with_open_requests(context, scope, recipients)
        choose = choose or partial(_find_candidate, kind=scope.kind, as_of=scope.as_of)
        candidates = (found for entry in recipients if (found := choose(entry)) is not None)
        for entries in chunked(islice(candidates, scope.limit), _LOOKUP_SIZE):
            yield from _with_ledger_facts(context, scope, entries, replaced)
        begun.close()
        for _ in accounts:
            pass  # read to the end: that is where an account that came in parts, or a missing row, shows


def find_candidates(
    context: AppContext,
    scope: Scope,
    *,
    only: Collection[str],
    replaced: frozenset[str] = frozenset(),
    choose: Callable[[Entry], Entry | None] | None = None,
) -> list[Entry]:
    """The candidates of a few recipients, as `stream_candidates` yields them. Reads their rows only, if the billing
    system has queries by guarantor, otherwise the source to its end.

    A guarantor whose rows have different mail_sorts comes as an exception. `SourceError` if the source cannot be read.
    """
    some = _Few(only)
    return read_refusing(
        lambda refused: list(
            stream_candidates(context, scope, replaced=replaced, only=some, refused=refused, choose=choose)
        )
    )


def choose_for_copies(scope: Scope, recipients: Collection[str]) -> Callable[[Entry], Entry | None]:
    """The candidates, and these recipients also if they are none any more, where the kind can still be copied then."""
    copies_when_over = definition_of(scope.kind).copies_when_over

    def choose(entry: Entry) -> Entry | None:
        if copies_when_over and isinstance(entry, GuarantorAccount) and entry.guarantor.guarantor_id in recipients:
            return entry
        return _find_candidate(entry, scope.kind, scope.as_of)

    return choose


def find_recipient(
    context: AppContext,
    batch: Batch,
    recipient_id: str,
    *,
    replaced: frozenset[str] = frozenset(),
    for_copy: bool = False,
) -> Entry | None:
    """A recipient's account in the billing system as of today; None if it is no longer there.

    `replaced` as in `stream_candidates`; `for_copy` as in `choose_for_copies`. `SourceError` if the source cannot be
    read.
    """
    scope = msgspec.structs.replace(scope_of(batch), as_of=context.today(), limit=None)
    choose = choose_for_copies(scope, {recipient_id}) if for_copy else None
    for entry in find_candidates(context, scope, replaced=replaced, only={recipient_id}, choose=choose):
        if isinstance(entry, FaultyAccount):
            if entry.subject in {recipient_id, guarantor_of(recipient_id)}:
                return entry
        elif entry.guarantor.guarantor_id == recipient_id:
            return entry
    return None


class _Few:
    """`Recipients` from a list."""

    def __init__(self, recipients: Collection[str]) -> None:
        self._recipients = recipients
        self.guarantor_ids: set[str] | None = {guarantor_of(recipient) for recipient in recipients}

    def __contains__(self, recipient: object) -> bool:
        return recipient in self._recipients

    def names_guarantor(self, guarantor_id: object) -> bool:
        return guarantor_id in (self.guarantor_ids or ())


class _Begun:
    """Of a trial, the guarantors to build accounts for: all until `close`, then those that have begun, because another
    part of one is its fault."""

    def __init__(self) -> None:
        self._guarantors: set[object] = set()
        self._is_closed = False

    def __call__(self, guarantor_id: object) -> bool:
        if not self._is_closed:
            self._guarantors.add(guarantor_id)
        return guarantor_id in self._guarantors

    def close(self) -> None:
        self._is_closed = True


def _split(entry: Entry) -> Sequence[Entry]:
    """The entry by recipient; one exception if that cannot be decided."""
    if isinstance(entry, FaultyAccount) or not entry.contacts:
        return (entry,)
    try:
        return split_account(entry)
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        return (_contain(exc, "splitting this account by recipient", entry),)


def _readdress(entry: Entry, kind: Kind) -> Entry:
    """The entry with the recipient of this kind of document; an exception if that cannot be decided."""
    if isinstance(entry, FaultyAccount):
        return entry
    try:
        return definition_of(kind).readdress(entry)
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        return _contain(exc, "addressing this account", entry)


def _is_one_of(entry: Entry, only: Recipients) -> bool:
    if isinstance(entry, FaultyAccount):
        return True
    recipient = entry.guarantor.guarantor_id
    return recipient in only or guarantor_of(recipient) in only


def _find_candidate(entry: Entry, kind: Kind, as_of: date) -> Entry | None:
    """The entry if it is a candidate, as an exception if that cannot be calculated."""
    try:
        return entry if entry_cents(entry, kind, as_of) is not None else None
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        return _contain(exc, "adding up this account", entry)


def _contain(error: Exception, doing: str, entry: Entry) -> FaultyAccount:
    if isinstance(entry, FaultyAccount):
        raise error
    guarantor_id = entry.guarantor.guarantor_id
    return faulty_account(guarantor_id, contain(error, doing, guarantor_id), requests=requests_of(entry))


def entry_cents(entry: Entry, kind: Kind, as_of: date) -> int | None:
    """What the entry owes in total, in cents. None when it is not a candidate for this kind of batch."""
    if isinstance(entry, GuarantorAccount):
        return candidate_cents(entry, kind, as_of)
    return faulty_candidate_cents(entry, kind)


def _check_freshness(context: AppContext, feeds: Mapping[str, datetime], kind: Kind) -> None:
    """Raise `SourceError` when the data is too old. Obstetric notices need both feeds (domain rules, 6)."""
    now = context.now()
    require_fresh(feeds, feed="billing", now=now, max_age_hours=context.settings.source.max_age_hours)
    for each in definition_of(kind).fresh_feeds:
        require_fresh(feeds, feed=each.feed, now=now, max_age_hours=each.max_age_hours(context.settings.policy))


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
        return _contain(exc, "storing this account", entry)
    return entry


def _postal_area(entries: Iterable[Entry]) -> str:
    """The first three digits of the first ZIP code, which identify nobody (45 CFR 164.514(b)(2)(i)(B)).

    Postal codes of other countries are left out: three of their characters can name a village.
    """
    addresses = (entry.guarantor.mailing_address for entry in entries if isinstance(entry, GuarantorAccount))
    codes = (address.postal_code[:3] for address in addresses if address.country == "US")
    return next((code for code in codes if len(code) == 3 and code.isdecimal()), "")


def _with_ledger_facts(
    context: AppContext, scope: Scope, entries: Sequence[Entry], replaced: frozenset[str]
) -> Iterator[Entry]:
    """Add the mailing history from the ledger, because a decision reads nothing but the snapshot."""
    batch_id, reads_requests = scope.batch_id, bool(scope.kind.traits.reads_requests)
    accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
    facility_id = context.facility.facility_id
    mailed, notices = _read_mailed(context, accounts)
    for account in accounts:
        is_replaced = account.guarantor.guarantor_id in replaced
        if is_replaced or account.guarantor.contact_kind is ContactKind.CONFIDENTIAL:
            others, other_notices = _read_mailed(
                context, [account], excluding_batch=batch_id if is_replaced else "", recipient=_own_history_of(account)
            )
            numbers, episode_ids = _account_numbers([account]), _episode_ids([account])
            mailed = {key: each for key, each in mailed.items() if key not in numbers} | others
            notices = {key: each for key, each in notices.items() if key not in episode_ids} | other_notices
    guarantor_ids = [account.guarantor.guarantor_id for account in accounts]
    pending = context.ledger.documents.open_kinds(facility_id, guarantor_ids, excluding_batch=batch_id)
    suppressions = _read_suppressions(context, guarantor_ids)
    mail_holds = context.ledger.mail_holds.by_guarantor(facility_id, sorted(set(map(guarantor_of, guarantor_ids))))
    with_events = [
        account.guarantor.guarantor_id
        for account in accounts
        if reads_requests or account.plans or account.assistance or account.estates or account.refunds
    ]
    letters = context.ledger.documents.caused_letters(facility_id, with_events, excluding_batch=batch_id)
    authorizations = [each.authorization_id for account in accounts for each in account.deductions]
    misses = context.ledger.payroll.misses(facility_id, authorizations) if authorizations else {}
    placements = context.ledger.placements
    placed = placements.at_agencies(facility_id, _account_numbers(accounts)) if placements.has_any(facility_id) else {}
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            yield entry
            continue
        guarantor_id = entry.guarantor.guarantor_id
        try:
            found: Entry = _with_history(
                hold_placed_visits(
                    apply_mail_hold(
                        apply_suppressions(entry, suppressions.get(guarantor_id, ())),
                        mail_holds.get(guarantor_of(guarantor_id)),
                    ),
                    placed,
                ),
                mailed,
                notices,
                pending.get(guarantor_id, ()),
                letters.get(guarantor_id, ()),
                misses=misses,
            )
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            found = _contain(exc, "adding the mailing history of this account", entry)
        yield found


def _read_suppressions(context: AppContext, guarantor_ids: Sequence[str]) -> dict[str, tuple[Suppression, ...]]:
    """Recipient → suppressions: its own, and the guarantor's death, which concerns every recipient."""
    by_guarantor = context.ledger.suppressions.by_guarantor
    others = {each: guarantor_of(each) for each in guarantor_ids if guarantor_of(each) != each}
    found = by_guarantor(context.facility.facility_id, [*guarantor_ids, *sorted(set(others.values()))])
    for recipient, guarantor_id in others.items():
        deaths = [each for each in found.get(guarantor_id, ()) if each.code is SuppressionCode.DECEASED]
        found[recipient] = (*found.get(recipient, ()), *deaths)
    return found


def _with_history(
    account: GuarantorAccount,
    mailed: Mapping[str, Correspondence],
    notices: Mapping[str, tuple[int, date]],
    pending: tuple[str, ...],
    letters: tuple[CausedLetter, ...],
    *,
    misses: Mapping[str, DeductionMiss],
) -> GuarantorAccount:
    return msgspec.structs.replace(
        account,
        encounters=tuple(_with_correspondence(encounter, mailed) for encounter in account.encounters),
        episodes=tuple(
            msgspec.structs.replace(
                episode,
                notices_sent=max(episode.notices_sent, notices[episode.episode_id][0]),
                last_notice_on=_latest(episode.last_notice_on, notices[episode.episode_id][1]),
            )
            if episode.episode_id in notices
            else episode
            for episode in account.episodes
        ),
        open_documents=pending,
        letters=letters,
        deduction_misses=tuple(
            misses[each.authorization_id] for each in account.deductions if each.authorization_id in misses
        ),
    )


def _read_mailed(
    context: AppContext, accounts: Sequence[GuarantorAccount], *, excluding_batch: str = "", recipient: str = ""
) -> tuple[dict[str, Correspondence], dict[str, tuple[int, date]]]:
    """The ledger's mailings for these accounts: by account number, and notices sent and last sent by episode."""
    history, facility_id = context.ledger.mailing_history, context.facility.facility_id
    numbers, episodes = _account_numbers(accounts), _episode_ids(accounts)
    return (
        history.by_account(facility_id, numbers, excluding_batch=excluding_batch, recipient=recipient),
        history.by_episode(facility_id, episodes, excluding_batch=excluding_batch),
    )


def _own_history_of(account: GuarantorAccount) -> str:
    """Whose mailings alone count for the account's clocks: those of a patient with a confidential address, who never
    saw what the guarantor got. Empty: all mailings about the visits."""
    confidential = account.guarantor.contact_kind is ContactKind.CONFIDENTIAL
    return account.guarantor.guarantor_id if confidential else ""


def _account_numbers(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [encounter.account_number for account in accounts for encounter in account.encounters]


def _episode_ids(accounts: Sequence[GuarantorAccount]) -> list[str]:
    return [episode.episode_id for account in accounts for episode in account.episodes]


def _with_correspondence(encounter: Encounter, mailed: Mapping[str, Correspondence]) -> Encounter:
    ours = mailed.get(encounter.account_number)
    if ours is None:
        return encounter
    return msgspec.structs.replace(encounter, correspondence=merge_correspondence(encounter.correspondence, ours))


def merge_correspondence(theirs: Correspondence | None, ours: Correspondence) -> Correspondence:
    """Combine the mailings that the billing system reports with those in the ledger.

    The dunning clocks start at the earliest first statement; the level is that of the latest mailing.
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
