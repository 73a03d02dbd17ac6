"""The open requests of the accounts that are pulled: those of the billing system and of the ledger, less the answered.

A decision reads nothing but the snapshot, so what is answered is taken out before the snapshot is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from statement_builder.billing.model import DocumentRequest, FaultyAccount, GuarantorAccount, RequestKind
from statement_builder.policy.states.itemized_bills import complete_requests, is_rule_request, is_with_first_bill

if TYPE_CHECKING:
    from statement_builder.pipeline.context import AppContext
    from statement_builder.pipeline.pull.scope import Scope

_LOOKUP_SIZE = 1_000
_Each = TypeVar("_Each")
Requests = tuple[DocumentRequest, ...]
RequestKey = tuple[str, str]
"""Account number and request id: an id alone may occur for several accounts."""


def chunked(entries: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    """The entries in lists of at most `size`."""
    iterator = iter(entries)
    while chunk := list(islice(iterator, size)):
        yield chunk


def requests_of(entry: GuarantorAccount | FaultyAccount) -> tuple[tuple[str, DocumentRequest], ...]:
    """Everything that was asked for about this account, each with its account number."""
    if isinstance(entry, FaultyAccount):
        return entry.requests
    return tuple([(each.account_number, request) for each in entry.encounters for request in each.requests])


def with_open_requests(
    context: AppContext, scope: Scope, entries: Iterable[GuarantorAccount | FaultyAccount]
) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The entries with only the open requests that the batch's kind reads, and with those that operators recorded.

    What the batch's own documents answer counts as open, also if the billing system has closed it since: the batch must
    find it again to check or to copy them. Not so if an operator withdrew it or another batch answered it.
    """
    kinds, batch_id = frozenset(scope.kind.traits.reads_requests), scope.batch_id
    added: defaultdict[str, list[DocumentRequest]] = defaultdict(list)
    for number, asked in _own_requests(context, batch_id, scope.kind.traits.reads_requests[0]).items():
        added[number] += asked
    for each in context.ledger.requests.recorded(context.facility.facility_id, excluding_batch=batch_id):
        if each.kind in kinds:
            added[each.account_number].append(each.request)
    for chunk in chunked(entries, _LOOKUP_SIZE):
        asked_for = [
            (number, each.request_id) for entry in chunk for number, each in requests_of(entry) if each.kind in kinds
        ]
        still_open = frozenset(asked_for) - _answered_elsewhere(context, batch_id, asked_for)
        yield from _complete(context, scope, [_with_requests(entry, kinds, still_open, added) for entry in chunk])


def _complete(
    context: AppContext, scope: Scope, entries: Sequence[GuarantorAccount | FaultyAccount]
) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The entries with the deadlines and the requests of the state's law (`policy.states.itemized_bills`)."""
    policy, state = context.settings.policy, context.facility.return_address.state.upper()
    numbers: list[str] = []
    if is_with_first_bill(state, policy):
        accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
        numbers = [each.account_number for account in accounts for each in account.encounters]
    sent = context.ledger.requests.itemized(context.facility.facility_id, numbers, excluding_batch=scope.batch_id)
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            yield entry
        else:
            yield complete_requests(entry, policy, state, scope.as_of, sent=sent)


def _own_requests(context: AppContext, batch_id: str, kind: RequestKind) -> dict[str, Requests]:
    """Account number → what the batch's own documents answer and nothing else has ended."""
    found = context.ledger.requests.of_batch(batch_id, kind)
    own = {number: [each for each in asked if not is_rule_request(each)] for number, asked in found.items()}
    keys = [(number, each.request_id) for number, asked in own.items() for each in asked]
    ended = _answered_elsewhere(context, batch_id, keys)
    if keys:
        ended |= context.ledger.requests.withdrawn(context.facility.facility_id)
    return {
        number: tuple(each for each in asked if (number, each.request_id) not in ended) for number, asked in own.items()
    }


def _answered_elsewhere(context: AppContext, batch_id: str, keys: Iterable[RequestKey]) -> frozenset[RequestKey]:
    """What another batch answered, of all requests with these ids."""
    ids = sorted({request_id for _, request_id in keys})
    return context.ledger.requests.answered(context.facility.facility_id, ids, excluding_batch=batch_id)


def _with_requests(
    entry: GuarantorAccount | FaultyAccount,
    kinds: Container[RequestKind],
    still_open: frozenset[RequestKey],
    added: Mapping[str, Sequence[DocumentRequest]],
) -> GuarantorAccount | FaultyAccount:
    def is_open(number: str, request: DocumentRequest) -> bool:
        return request.kind in kinds and (number, request.request_id) in still_open

    if isinstance(entry, FaultyAccount):
        return msgspec.structs.replace(entry, requests=tuple(each for each in entry.requests if is_open(*each)))
    if not any(each.requests or each.account_number in added for each in entry.encounters):
        return entry
    encounters = []
    for each in entry.encounters:
        own = [request for request in each.requests if is_open(each.account_number, request)]
        by_id = {request.request_id: request for request in (*added.get(each.account_number, ()), *own)}
        encounters.append(msgspec.structs.replace(each, requests=tuple(by_id.values())))
    return msgspec.structs.replace(entry, encounters=tuple(encounters))
