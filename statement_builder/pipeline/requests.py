"""The open requests of the accounts that are pulled: those of the billing system and of the ledger, less the answered.

A decision reads nothing but the snapshot, so what is answered is taken out before the snapshot is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from statement_builder.billing.model import DocumentRequest, FaultyAccount, GuarantorAccount, RequestKind

if TYPE_CHECKING:
    from statement_builder.pipeline.context import AppContext
    from statement_builder.pipeline.pull import Scope

_LOOKUP_SIZE = 1_000
_Each = TypeVar("_Each")
Requests = tuple[DocumentRequest, ...]


def chunked(entries: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    """The entries in lists of at most `size`."""
    iterator = iter(entries)
    while chunk := list(islice(iterator, size)):
        yield chunk


def requests_of(entry: GuarantorAccount | FaultyAccount) -> Requests:
    """Everything that was asked for about this account."""
    if isinstance(entry, FaultyAccount):
        return entry.requests
    return tuple([request for encounter in entry.encounters for request in encounter.requests])


def with_open_requests(
    context: AppContext, scope: Scope, entries: Iterable[GuarantorAccount | FaultyAccount]
) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The entries with only the open requests for the batch's kind, and with those that operators recorded.

    What the batch's own documents answer counts as open, also if the billing system has closed it since: the batch must
    find it again to check or to copy them.
    """
    kind, batch_id = RequestKind(scope.kind.value), scope.batch_id
    recorded: defaultdict[str, list[DocumentRequest]] = defaultdict(list)
    for each in context.ledger.requests.recorded(context.facility.facility_id, kind, excluding_batch=batch_id):
        recorded[each.account_number].append(
            DocumentRequest(request_id=each.request_id, kind=kind, asked_on=each.asked_on, format=each.format)
        )
    own = context.ledger.requests.of_batch(batch_id, kind)
    added = {number: (*own.get(number, ()), *recorded.get(number, ())) for number in own.keys() | recorded.keys()}
    for chunk in chunked(entries, _LOOKUP_SIZE):
        asked = [each for entry in chunk for each in requests_of(entry) if each.kind is kind]
        ids = sorted({each.request_id for each in asked})
        answered = context.ledger.requests.answered(ids, excluding_batch=batch_id) if ids else frozenset[str]()
        still_open = frozenset(each for each in asked if each.request_id not in answered)
        yield from (_with_requests(entry, still_open, added) for entry in chunk)


def _with_requests(
    entry: GuarantorAccount | FaultyAccount, still_open: frozenset[DocumentRequest], added: Mapping[str, Requests]
) -> GuarantorAccount | FaultyAccount:
    if isinstance(entry, FaultyAccount):
        return msgspec.structs.replace(entry, requests=tuple(each for each in entry.requests if each in still_open))
    if not any(each.requests or each.account_number in added for each in entry.encounters):
        return entry
    encounters = []
    for each in entry.encounters:
        own = [request for request in each.requests if request in still_open]
        by_id = {request.request_id: request for request in (*added.get(each.account_number, ()), *own)}
        encounters.append(msgspec.structs.replace(each, requests=tuple(by_id.values())))
    return msgspec.structs.replace(entry, encounters=tuple(encounters))
