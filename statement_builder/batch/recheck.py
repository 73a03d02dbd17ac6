"""The second look: what has happened since the pages were made, taken just before they leave.

A payment, a bankruptcy, a death or the loss of a pregnancy that reached the billing system after rendering pulls
that piece out. What was already claimed for a hand-off is past this point and is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from statement_builder.batch.pull import Entry, scope_of, stream_candidates
from statement_builder.batch.service import Service
from statement_builder.batch.shard import read_shard
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Hold, Selection
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.policy import decide, recheck

LOOK_GOOD_FOR = timedelta(hours=2)
"""How old the look at the whole batch may be for a part of it that leaves later; a part cleared the next day looks
for itself."""


Waiting = tuple[Document, Selection | None]


def withhold_late(service: Service, batch: Batch, shards: Sequence[Shard]) -> int:
    """Withhold every document of these shards that is not yet on its way and would no longer be selected; the number
    withheld.

    `SourceError` when the source has become stale or unreadable: then nothing is handed off.
    """
    as_of = max(batch.as_of, service.today())
    waiting = _waiting(service, batch, shards)
    if not waiting:
        return 0
    withheld = 0
    for entry in stream_candidates(service, replace(scope_of(batch), as_of=as_of, limit=None)):
        if found := waiting.pop(_guarantor_id(entry), None):
            withheld += _withhold(service, found[0], _reasons(service, batch, entry, found, as_of))
    for found in waiting.values():
        withheld += _withhold(service, found[0], _reasons(service, batch, None, found, as_of))
    return withheld


def is_looked_at(service: Service, batch: Batch) -> bool:
    """Whether the look at the whole batch is recent enough for a part of it to leave."""
    return batch.looked_at is not None and service.now() - batch.looked_at < LOOK_GOOD_FOR


def _waiting(service: Service, batch: Batch, shards: Sequence[Shard]) -> dict[str, Waiting]:
    """Guarantor id to document and what was decided, for every document that nobody has claimed yet.

    None where the settings have changed since and no longer select it.
    """
    waiting: dict[str, Waiting] = {}
    for shard in shards:
        documents = service.ledger.waiting(batch.batch_id, sequence=shard.sequence)
        unclaimed = {each.guarantor_id: each for each in documents if each.delivery_state is None}
        for entry in read_shard(service.archive, shard) if unclaimed else ():
            if isinstance(entry, FaultyAccount) or entry.guarantor.guarantor_id not in unclaimed:
                continue
            guarantor_id = entry.guarantor.guarantor_id
            decision = decide(entry, batch.kind, service.settings.policy, batch.as_of)
            waiting[guarantor_id] = (unclaimed[guarantor_id], decision.selection)
    return waiting


def _reasons(service: Service, batch: Batch, entry: Entry | None, found: Waiting, as_of: date) -> tuple[Hold, ...]:
    document, selection = found
    if selection is None:
        return (Hold(code="RESTATED"),)
    if isinstance(entry, FaultyAccount):
        return (Hold(code="BADDATA"),)
    # Refused or bounced e-mail is printed: then it is paper that has to be allowed.
    selection = replace(selection, channel=document.channel)
    holds = recheck(entry, selection, service.settings.policy, as_of=as_of, rendered_as_of=batch.as_of)
    return tuple(hold for hold in holds if not (document.readdressed and hold.code == "READDRESSED"))


def _withhold(service: Service, document: Document, holds: tuple[Hold, ...]) -> int:
    if not holds:
        return 0
    service.ledger.withhold(document.document_id, holds, actor=service.actor, at=service.now())
    return 1


def _guarantor_id(entry: Entry) -> str:
    return entry.guarantor.guarantor_id if isinstance(entry, GuarantorAccount) else entry.subject
