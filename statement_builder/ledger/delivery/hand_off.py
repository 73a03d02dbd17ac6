"""What every hand-off has in common: claimed before anything is sent, and moved to `sent` exactly once.

A unique index allows one live attempt per document. A caller whose attempt is not `is_new` did not make the claim, and
must find out what became of the attempt before it does anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.errors import DocumentsWithheld, InvariantError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.batches import require_batch
from statement_builder.ledger.document_queries import IS_PENDING, is_live
from statement_builder.ledger.mailing_history import record_mailed
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_many, is_one_of
from statement_builder.ledger.storage.tables import delivery, document, event, print_file, redelivery


def require_released(connection: Connection, batch_id: str) -> None:
    """InvariantError unless the batch is released: nothing leaves a batch that nobody released. Redeliveries leave
    closed batches too."""
    found = require_batch(connection, batch_id)
    if found.state not in {BatchState.RELEASED, BatchState.HANDING_OFF, BatchState.CLOSED}:
        raise InvariantError(f"batch {batch_id} is {found.state}: nothing of it may be handed off")


def claim_documents(
    connection: Connection,
    document_ids: Sequence[str],
    batch_id: str,
    channel: Channel,
    *,
    vendor: str,
    print_file_name: str | None,
    readdressed: Mapping[str, str] | None = None,
    read_by: Mapping[str, date] | None = None,
    at: datetime,
) -> None:
    """Start one more attempt for each document. `readdressed` maps the documents that go to a different address than
    the one on their pages to the digest of that address; `read_by` maps e-mailed documents to the last day to open
    them.

    No claim at all unless every document can be sent: DocumentsWithheld when some were withheld since the hand-off was
    planned, such as for a death that was reported meanwhile, else InvariantError."""
    if len(set(document_ids)) != len(document_ids) or not document_ids:
        raise InvariantError(f"batch {batch_id}: a claim needs documents, each once")
    _require_sendable(connection, document_ids, batch_id, channel)
    attempts = _count_attempts(connection, document_ids)
    common = {"channel": channel.value, "state": DeliveryState.CLAIMED.value, "vendor": vendor}
    rows = [
        {
            **common,
            "document_id": document_id,
            "attempt": attempts.get(document_id, 0) + 1,
            "print_file": print_file_name,
            "claimed_at": at,
            "changed_at": at,
            "readdressed_to": (readdressed or {}).get(document_id, ""),
            "read_by": (read_by or {}).get(document_id),
        }
        for document_id in document_ids
    ]
    insert_many(connection, delivery, rows)


def _require_sendable(connection: Connection, document_ids: Sequence[str], batch_id: str, channel: Channel) -> None:
    """Every document is pending, in this batch, and in no live attempt. Locks the documents until the claim is
    committed."""
    # The batch is compared here: with it in the query, SQLite uses the batch's index and scans the whole batch.
    pending = (
        select(document.c.document_id, document.c.batch_id)
        .where(is_one_of(document.c.document_id), IS_PENDING)
        .order_by(document.c.document_id)
        .with_for_update()
    )
    live = select(delivery.c.document_id).where(is_one_of(delivery.c.document_id), is_live(delivery))
    for ids in in_chunks(sorted(document_ids)):
        ready = {row.document_id for row in connection.execute(pending, {"ids": ids}) if row.batch_id == batch_id}
        on_their_way = set(connection.execute(live, {"ids": ids}).scalars())
        missing = [document_id for document_id in ids if document_id not in ready or document_id in on_their_way]
        if not missing:
            continue
        withheld = _find_withheld(connection, missing, batch_id) - on_their_way
        withheld |= _find_opened(connection, missing, batch_id, channel)
        if wrong := [document_id for document_id in missing if document_id not in withheld]:
            raise InvariantError(
                f"batch {batch_id}: document {wrong[0]} cannot be claimed: it is not rendered, or already on its way"
            )
        raise DocumentsWithheld(
            f"batch {batch_id}: {len(missing)} documents were withheld just before the hand-off: run it again",
            tuple(missing),
        )


def _find_withheld(connection: Connection, document_ids: Sequence[str], batch_id: str) -> set[str]:
    """The documents of the batch that are withheld, or whose redelivery is. A document that was handed off and never
    became due again is neither: claiming it again is a bug."""
    in_batch = (document.c.batch_id == batch_id, is_one_of(document.c.document_id))
    withheld = select(document.c.document_id).where(*in_batch, document.c.state == DocumentState.WITHHELD.value)
    last_decision = (
        select(func.max(event.c.event_id))
        .where(
            event.c.batch_id == batch_id,
            is_one_of(event.c.subject),
            event.c.what.in_(("resend", DocumentState.WITHHELD.value)),
        )
        .group_by(event.c.subject)
    )
    canceled = (
        select(document.c.document_id)
        .join(event, event.c.subject == document.c.document_id)
        .where(*in_batch, document.c.state == DocumentState.HANDED_OFF.value)
        .where(event.c.event_id.in_(last_decision), event.c.what == DocumentState.WITHHELD.value)
    )
    ids = {"ids": document_ids}
    return {*connection.execute(withheld, ids).scalars(), *connection.execute(canceled, ids).scalars()}


def _find_opened(connection: Connection, document_ids: Sequence[str], batch_id: str, channel: Channel) -> set[str]:
    """The documents of the batch that were to go on paper because their e-mail was unread, and were opened since the
    hand-off was planned."""
    if channel is not Channel.PRINT:
        return set()
    query = select(document.c.document_id).where(
        document.c.batch_id == batch_id,
        is_one_of(document.c.document_id),
        document.c.channel == Channel.EMAIL.value,
        document.c.viewed_on.is_not(None),
    )
    return set(connection.execute(query, {"ids": document_ids}).scalars())


def _count_attempts(connection: Connection, document_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    query = (
        select(delivery.c.document_id, func.max(delivery.c.attempt))
        .where(is_one_of(delivery.c.document_id))
        .group_by(delivery.c.document_id)
    )
    for ids in in_chunks(document_ids):
        found |= {row[0]: row[1] for row in connection.execute(query, {"ids": ids})}
    return found


def hand_off(connection: Connection, document_ids: Sequence[str], mailed_on: date) -> None:
    """Move documents whose attempt was sent to `handed_off`. The dunning clocks start now only for documents whose
    vendor reports nothing more."""
    handed_off = update(document).where(is_one_of(document.c.document_id)).values(state=DocumentState.HANDED_OFF.value)
    reported = (
        select(delivery.c.document_id)
        .join(print_file, print_file.c.name == delivery.c.print_file)
        .where(
            is_one_of(delivery.c.document_id),
            is_live(delivery),
            print_file.c.reports != FinalVendorStatus.NOTHING.value,
        )
    )
    for ids in in_chunks(document_ids):
        connection.execute(handed_off, {"ids": ids})
        connection.execute(delete(redelivery).where(is_one_of(redelivery.c.document_id)), {"ids": ids})
        later = set(connection.execute(reported, {"ids": ids}).scalars())
        record_mailed(connection, [document_id for document_id in ids if document_id not in later], mailed_on)


def encode_receipt(receipt: Mapping[str, Any] | None) -> str | None:
    return None if receipt is None else msgspec.json.encode(receipt).decode()


def record_status_event(
    connection: Connection,
    batch_id: str,
    subject: str,
    state: DeliveryState,
    *,
    at: datetime,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """Record the event that an attempt or print file reached a state."""
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=subject, what=state.value, why=why)
