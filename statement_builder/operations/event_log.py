"""Seal the event log when a batch closes, and check it later: the chain, the seals, and the access log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from statement_builder.archive import Archive
from statement_builder.errors import ArchiveError, InvariantError, StatementsError
from statement_builder.ledger import ArchivedControlSheet, Batch, BatchState, EventLogReport, Ledger
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.event_seal import (
    KEY_VARIABLE,
    EventSeal,
    encode_seal,
    find_seal_fault,
    make_seal,
    read_event_keys,
)

_ADOPTED = "adopted"
"""What the event says when a person adopts a restored store."""
_RUNBOOK = "See docs/runbooks/event-log.md."


def seal_events(context: AppContext, batch: Batch, *, at: datetime) -> EventSeal:
    """Archive the end of the event log for a batch that is about to close. `at` is in UTC.

    If the process dies before the batch is closed, the next try finds this seal and keeps it. A ledger that was
    restored from a backup and adopted gets another seal. Otherwise, one that does not fit is a `StatementsError`.
    """
    seals = read_seals(context.archive, batch)
    if seals:
        last = seals[-1]
        if context.ledger.events.hashes([last.event]).get(last.event) == last.sha256:
            return last
        if not _was_adopted_after(context.ledger, last):
            raise StatementsError(
                f"batch {batch.batch_id} cannot close: its seal in the archive does not fit this ledger's event log. "
                f"{_RUNBOOK}"
            )
    head = context.ledger.events.head()
    if head is None:
        raise InvariantError(f"batch {batch.batch_id} has no events")
    keys = read_event_keys(context.environ)
    seal = make_seal(head, facility_id=batch.facility_id, batch_id=batch.batch_id, at=at, keys=keys)
    data = encode_seal(seal)
    key = _seal_key(batch, len(seals) + 1)
    context.archive.put(key, data, sha256=hashlib.sha256(data).hexdigest())
    return seal


def read_seals(archive: Archive, batch: Batch) -> list[EventSeal]:
    """The archived seals of a batch, oldest first: one, unless the ledger was restored. `ArchiveError` if one cannot be
    read."""
    seals: list[EventSeal] = []
    while archive.exists(key := _seal_key(batch, len(seals) + 1)):
        try:
            seals.append(msgspec.json.decode(archive.get(key), type=EventSeal))
        except msgspec.DecodeError as exc:
            raise ArchiveError(f"{key} is damaged in the archive. Restore it from a backup.") from exc
    return seals


def check_event_log(ledger: Ledger, archive: Archive, environ: Mapping[str, str]) -> str:
    """Verify the chain of events, the access log, and the seals of closed batches. Returns a sentence that says so.

    `StatementsError` names the first broken link, access or seal.
    """
    keys = read_event_keys(environ)
    report = ledger.events.verify()
    if report.broken is not None:
        raise StatementsError(
            f"the event log was changed: event {report.broken.event_id} ({report.broken.what}, batch "
            f"{report.broken.batch_id}, {report.broken.at:%Y-%m-%d %H:%M} UTC) does not fit the {report.events:,} "
            f"events before it. It was changed, or an event before it was changed or removed. {_RUNBOOK}"
        )
    if (access_id := ledger.access.verify()) is not None:
        raise StatementsError(
            f"the access log was changed: access {access_id} is not as the event log says. {_RUNBOOK}"
        )
    sealed = _check_seals(ledger, archive, keys)
    return f"{_describe(report)}; {sealed}{'' if keys else f'; {KEY_VARIABLE} is not set'}"


def _check_seals(ledger: Ledger, archive: Archive, keys: tuple[str, ...]) -> str:
    closed = [batch for batch in ledger.batches.all() if batch.state is BatchState.CLOSED]
    seals = [seal for batch in closed for seal in _require_seals(ledger, archive, batch)]
    hashes = ledger.events.hashes([seal.event for seal in seals])
    signed_to = max((seal.event for seal in seals if seal.signature), default=0)
    for seal in seals:
        if hashes.get(seal.event) != seal.sha256 and not _was_adopted_after(ledger, seal):
            raise StatementsError(
                f"the event log was rewritten: event {seal.event} is not the one that the seal of batch {seal.batch} "
                f"names. {_RUNBOOK}"
            )
        if keys and not seal.signature and seal.event > signed_to:  # a later signature covers all events before it
            raise StatementsError(
                f"the seal of batch {seal.batch} is not signed, although {KEY_VARIABLE} is set: its signature was "
                "removed, or the batch was closed before the key was set. In that case, the next batch that closes "
                f"signs everything up to it. {_RUNBOOK}"
            )
        if fault := find_seal_fault(seal, keys):
            raise StatementsError(f"the seal of batch {seal.batch} {fault}. {_RUNBOOK}")
    unsigned = sum(not seal.signature for seal in seals)
    count = f"{len(seals):,} seal{'' if len(seals) == 1 else 's'}"
    return f"{count}, {unsigned:,} not signed" if unsigned else count


def _require_seals(ledger: Ledger, archive: Archive, batch: Batch) -> list[EventSeal]:
    """The seals of a closed batch. None if the batch was closed before seals existed."""
    seals = read_seals(archive, batch)
    if any((seal.batch, seal.facility) != (batch.batch_id, batch.facility_id) for seal in seals):
        raise StatementsError(f"the seal of batch {batch.batch_id} in the archive is another batch's. {_RUNBOOK}")
    if not seals:
        events = ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
        if any(isinstance(event.data, ArchivedControlSheet) and event.data.is_sealed for event in events):
            raise StatementsError(f"the seal of batch {batch.batch_id} is missing from the archive. {_RUNBOOK}")
    return seals


def _was_adopted_after(ledger: Ledger, seal: EventSeal) -> bool:
    """Whether a person has adopted this ledger since then, as one that was restored from a backup."""
    adopted_at = ledger.events.last_time(_ADOPTED, "ledger")
    return adopted_at is not None and adopted_at >= seal.sealed_at


def _describe(report: EventLogReport) -> str:
    return f"{report.events:,} event{'' if report.events == 1 else 's'}, none changed or removed"


def _seal_key(batch: Batch, number: int) -> str:
    return f"event-log/{batch.batch_id}{'' if number == 1 else f'-{number}'}.json"
