"""The second look: what has happened since the pages were made, taken just before they leave.

A payment, a bankruptcy, a death or the loss of a pregnancy that reached the billing system after rendering pulls
that piece out. What was already claimed for a hand-off is past this point and is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from statement_builder.batch.pull import Entry, scope_of, stream_candidates
from statement_builder.batch.service import Service
from statement_builder.batch.shard import read_shard
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Hold, Selection
from statement_builder.documents import Recipient, make_recipient
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.policy import decide, find_copy_holds, recheck

LOOK_GOOD_FOR = timedelta(hours=2)
"""How old the look at the whole batch may be for a part of it that leaves later; a part cleared the next day looks
for itself."""


class _Waiting(Record, kw_only=True):
    """A document that nobody has claimed yet, and what was decided when it was made."""

    document: Document
    selection: Selection | None
    """None where the settings have changed since and no longer select it, and of a copy."""
    recipient: Recipient | None
    """Of a copy: whom it is addressed to."""


_Packed = bytes
"""A `_Waiting` as MessagePack: all of a batch wait at once, and so take half of the room."""
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Waiting).decode


def withhold_late(service: Service, batch: Batch, shards: Sequence[Shard]) -> int:
    """Withhold every document of these shards that is not yet on its way and would no longer be selected; the number
    withheld.

    `SourceError` when the source has become stale or unreadable: then nothing is handed off.
    """
    as_of = max(batch.as_of, service.today())
    waiting, replaced = _waiting(service, batch, shards)
    if not waiting:
        return 0
    withheld = 0
    scope = replace(scope_of(batch), as_of=as_of, limit=None)
    for entry in stream_candidates(service, scope, replaced=replaced):
        for piece in map(_unpack, waiting.pop(_guarantor_id(entry), ())):
            withheld += _withhold(service, piece.document, _reasons(service, batch, entry, piece, as_of))
    for pieces in waiting.values():
        for piece in map(_unpack, pieces):
            withheld += _withhold(service, piece.document, _reasons(service, batch, None, piece, as_of))
    return withheld


def is_looked_at(service: Service, batch: Batch) -> bool:
    """Whether the look at the whole batch is recent enough for a part of it to leave."""
    return batch.looked_at is not None and service.now() - batch.looked_at < LOOK_GOOD_FOR


def _waiting(
    service: Service, batch: Batch, shards: Sequence[Shard]
) -> tuple[dict[str, list[_Packed]], frozenset[str]]:
    """Guarantor id to their documents, each of a shard of its own: a copy may wait beside the original. And whose is
    a correction."""
    waiting: dict[str, list[_Packed]] = defaultdict(list)
    replaced = set()
    for shard in shards:
        documents = service.ledger.waiting(batch.batch_id, sequence=shard.sequence)
        unclaimed = {each.guarantor_id: each for each in documents if each.delivery_state is None}
        for entry in read_shard(service.archive, shard) if unclaimed else ():
            if isinstance(entry, FaultyAccount) or entry.guarantor.guarantor_id not in unclaimed:
                continue
            document = unclaimed[entry.guarantor.guarantor_id]
            selection = None
            if not document.is_copy:
                selection = decide(entry, batch.kind, service.settings.policy, document.issued_on).selection
            recipient = make_recipient(entry.guarantor) if document.is_copy else None
            piece = _Waiting(document=document, selection=selection, recipient=recipient)
            waiting[document.guarantor_id].append(_pack(piece))
            if document.revision_of and not document.is_copy:
                replaced.add(document.guarantor_id)
    return waiting, frozenset(replaced)


def _reasons(service: Service, batch: Batch, entry: Entry | None, piece: _Waiting, as_of: date) -> tuple[Hold, ...]:
    document, selection = piece.document, piece.selection
    if isinstance(entry, FaultyAccount):
        return (Hold(code="BADDATA"),)
    if document.is_copy:
        return _reasons_of_copy(service, batch, entry, piece, as_of)
    if selection is None:
        return (Hold(code="RESTATED"),)
    # Refused or bounced e-mail is printed: then it is paper that has to be allowed.
    selection = replace(selection, channel=document.channel)
    holds = recheck(entry, selection, service.settings.policy, as_of=as_of, rendered_as_of=document.issued_on)
    return tuple(hold for hold in holds if not (document.readdressed and hold.code == "READDRESSED"))


def _reasons_of_copy(
    service: Service, batch: Batch, account: GuarantorAccount | None, piece: _Waiting, as_of: date
) -> tuple[Hold, ...]:
    document = piece.document
    holds = find_copy_holds(
        account,
        batch.kind,
        service.settings.policy,
        as_of,
        account_numbers=document.accounts,
        episode_id=document.episode_id,
    )
    if account is None or document.readdressed or piece.recipient is None:
        return holds
    now = make_recipient(account.guarantor)
    is_same = (now.name, now.lines) == (piece.recipient.name, piece.recipient.lines)
    return holds if is_same else (*holds, Hold(code="READDRESSED"))


def _withhold(service: Service, document: Document, holds: tuple[Hold, ...]) -> int:
    if not holds:
        return 0
    service.ledger.withhold(document.document_id, holds, actor=service.actor, at=service.now())
    return 1


def _guarantor_id(entry: Entry) -> str:
    return entry.guarantor.guarantor_id if isinstance(entry, GuarantorAccount) else entry.subject
