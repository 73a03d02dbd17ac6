"""The candidates of a batch: what the billing system has now, one entry per recipient, with the facts of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Protocol

import msgspec

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import (
    FaultyAccount,
    GuarantorAccount,
)
from statement_builder.billing.selection import Kind
from statement_builder.kinds import definition_of
from statement_builder.ledger import Batch
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.entries import Entry, contain_entry, entry_cents
from statement_builder.pipeline.pull.ledger_facts import add_ledger_facts
from statement_builder.pipeline.pull.requests import chunked, with_open_requests
from statement_builder.pipeline.pull.scope import Scope, scope_of
from statement_builder.policy import split_account
from statement_builder.source import read_refusing, require_fresh

_LOOKUP_SIZE = 1_000
"""Candidates per ledger lookup."""


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
            yield from add_ledger_facts(context, scope, entries, replaced)
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
        return (contain_entry(exc, "splitting this account by recipient", entry),)


def _readdress(entry: Entry, kind: Kind) -> Entry:
    """The entry with the recipient of this kind of document; an exception if that cannot be decided."""
    if isinstance(entry, FaultyAccount):
        return entry
    try:
        return definition_of(kind).readdress(entry)
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        return contain_entry(exc, "addressing this account", entry)


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
        return contain_entry(exc, "adding up this account", entry)


def _check_freshness(context: AppContext, feeds: Mapping[str, datetime], kind: Kind) -> None:
    """Raise `SourceError` when the data is too old. Obstetric notices need both feeds."""
    now = context.now()
    require_fresh(feeds, feed="billing", now=now, max_age_hours=context.settings.source.max_age_hours)
    for each in definition_of(kind).fresh_feeds:
        require_fresh(feeds, feed=each.feed, now=now, max_age_hours=each.max_age_hours(context.settings.policy))
