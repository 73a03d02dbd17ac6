"""Hand-offs: claimed before anything leaves, marked after, and moved to `sent` exactly once.

A unique index lets one live attempt exist per document. Whoever is not told `is_new` has not made the claim,
and must find out what became of it before doing anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from statement_builder.billing.selection import Channel
from statement_builder.errors import InvariantError
from statement_builder.ledger.batches import require_batch
from statement_builder.ledger.correspondence import record_mailed
from statement_builder.ledger.dialects import insert_if_new, insert_many
from statement_builder.ledger.documents import in_chunks, lock_document, to_delivery
from statement_builder.ledger.events import SERVICE, write_event
from statement_builder.ledger.records import Delivery, NewPrintFile, PrintFileRow
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState, require_delivery_move
from statement_builder.ledger.tables import delivery, document, print_file


def claim_print_file(connection: Connection, new: NewPrintFile, *, at: datetime) -> PrintFileRow:
    """Claim a file and an attempt for each document in it; the file as it stands when somebody has claimed it.

    A file that failed is claimed afresh, with whatever is in it now. InvariantError when one of its documents is not
    there to be sent: withheld, handed off, or on its way in something else.
    """
    _require_released(connection, new.batch_id)
    values = {**_print_file_values(new), "attempt": 1, "claimed_at": at, "changed_at": at}
    if not insert_if_new(connection, print_file, values):
        found = lock_print_file(connection, new.name)
        if found.batch_id != new.batch_id:
            raise InvariantError(f"print file {new.name} belongs to batch {found.batch_id}")
        if found.state is not DeliveryState.FAILED:
            return found
        again = {**values, "attempt": found.attempt + 1, "receipt": None}
        connection.execute(update(print_file).where(print_file.c.name == new.name).values(again))
    _claim(connection, new.documents, new.batch_id, Channel.PRINT, vendor=new.vendor, print_file_name=new.name, at=at)
    _tell(connection, new.batch_id, new.name, DeliveryState.CLAIMED, at=at)
    return msgspec.structs.replace(lock_print_file(connection, new.name), is_new=True)


def mark_print_file(
    connection: Connection,
    name: str,
    state: DeliveryState,
    *,
    receipt: Mapping[str, Any] | None,
    at: datetime,
    mailed_on: date | None,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """Say what became of a file and of everything in it. Saying the same again changes nothing."""
    found = lock_print_file(connection, name)
    if found.state is state:
        return
    require_delivery_move(f"print file {name}", found.state, state)
    own = (delivery.c.print_file == name) & (delivery.c.state == found.state.value)
    moved = list(connection.execute(select(delivery.c.document_id).where(own)).scalars())
    changed = {"state": state.value, "changed_at": at, "receipt": _encode(receipt)}
    connection.execute(update(print_file).where(print_file.c.name == name).values(changed))
    connection.execute(update(delivery).where(own).values(state=state.value, changed_at=at))
    if state is DeliveryState.SENT:
        _hand_off(connection, moved, mailed_on or at.date())
    _tell(connection, found.batch_id, name, state, at=at, actor=actor, why=why)


def read_print_files(connection: Connection, batch_id: str) -> list[PrintFileRow]:
    query = select(print_file).where(print_file.c.batch_id == batch_id)
    rows = connection.execute(query.order_by(print_file.c.sequence, print_file.c.name))
    return [_to_print_file(dict(row)) for row in rows.mappings()]


def lock_print_file(connection: Connection, name: str) -> PrintFileRow:
    row = connection.execute(select(print_file).where(print_file.c.name == name).with_for_update())
    found = row.mappings().one_or_none()
    if found is None:
        raise InvariantError(f"print file {name} is not in the ledger")
    return _to_print_file(dict(found))


def claim_email(connection: Connection, document_id: str, *, vendor: str, at: datetime) -> Delivery:
    """Claim an attempt to e-mail a document, or the live attempt as it stands when there is one."""
    found = lock_document(connection, document_id)
    live = _live_delivery(connection, document_id)
    if live is not None:
        return live
    _require_released(connection, found.batch_id)
    _claim(connection, (document_id,), found.batch_id, Channel.EMAIL, vendor=vendor, print_file_name=None, at=at)
    _tell(connection, found.batch_id, document_id, DeliveryState.CLAIMED, at=at)
    made = _live_delivery(connection, document_id)
    if made is None:
        raise InvariantError(f"document {document_id}: its claim is gone")
    return msgspec.structs.replace(made, is_new=True)


def mark_email(
    connection: Connection,
    delivery_id: str,
    state: DeliveryState,
    *,
    receipt: Mapping[str, Any] | None,
    at: datetime,
    mailed_on: date | None,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """Say what became of one attempt. Saying the same again changes nothing."""
    document_id, _, attempt = delivery_id.rpartition(".")
    owner = lock_document(connection, document_id)
    own = (delivery.c.document_id == document_id) & (delivery.c.attempt == int(attempt))
    row = connection.execute(select(delivery).where(own)).mappings().one_or_none()
    if row is None or row["print_file"] is not None:
        raise InvariantError(f"{delivery_id} is not an attempt to e-mail a document")
    now = DeliveryState(row["state"])
    if now is state:
        return
    require_delivery_move(f"delivery {delivery_id}", now, state)
    changed = {"state": state.value, "changed_at": at, "receipt": _encode(receipt)}
    connection.execute(update(delivery).where(own).values(changed))
    if state is DeliveryState.SENT:
        _hand_off(connection, [document_id], mailed_on or at.date())
    _tell(connection, owner.batch_id, document_id, state, at=at, actor=actor, why=why)


def settle(
    connection: Connection,
    document_id: str,
    *,
    sent: bool,
    actor: str,
    at: datetime,
    why: str,
    mailed_on: date | None,
) -> None:
    """A person's word on an attempt that nobody else can tell about.

    Of a print file the vendor has all or nothing, so the word on one of its documents settles the whole file.
    """
    live = _live_delivery(connection, document_id)
    if live is None or live.state is not DeliveryState.UNCERTAIN:
        raise InvariantError(f"document {document_id} has no uncertain attempt: there is nothing to settle")
    state = DeliveryState.SENT if sent else DeliveryState.FAILED
    mark, subject = (mark_print_file, live.print_file) if live.print_file else (mark_email, live.delivery_id)
    mark(connection, subject, state, receipt=live.receipt, at=at, mailed_on=mailed_on, actor=actor, why=why)


def _require_released(connection: Connection, batch_id: str) -> None:
    found = require_batch(connection, batch_id)
    if found.state not in {BatchState.RELEASED, BatchState.HANDING_OFF}:
        raise InvariantError(f"batch {batch_id} is {found.state}: nothing of it may be handed off")


def _claim(
    connection: Connection,
    document_ids: Sequence[str],
    batch_id: str,
    channel: Channel,
    *,
    vendor: str,
    print_file_name: str | None,
    at: datetime,
) -> None:
    if len(set(document_ids)) != len(document_ids) or not document_ids:
        raise InvariantError(f"batch {batch_id}: a claim needs documents, each once")
    _require_sendable(connection, document_ids, batch_id)
    attempts = _attempts_so_far(connection, document_ids)
    common = {"channel": channel.value, "state": DeliveryState.CLAIMED.value, "vendor": vendor}
    rows = [
        {
            **common,
            "document_id": document_id,
            "attempt": attempts.get(document_id, 0) + 1,
            "print_file": print_file_name,
            "claimed_at": at,
            "changed_at": at,
        }
        for document_id in document_ids
    ]
    insert_many(connection, delivery, rows)


def _require_sendable(connection: Connection, document_ids: Sequence[str], batch_id: str) -> None:
    """Every document is rendered, of this batch, and in no live attempt; locked until the claim is in."""
    for ids in in_chunks(sorted(document_ids)):
        query = select(document.c.document_id).where(
            document.c.document_id.in_(ids),
            document.c.batch_id == batch_id,
            document.c.state == DocumentState.RENDERED.value,
        )
        ready = set(connection.execute(query.order_by(document.c.document_id).with_for_update()).scalars())
        live = select(delivery.c.document_id).where(
            delivery.c.document_id.in_(ids), delivery.c.state != DeliveryState.FAILED.value
        )
        ready -= set(connection.execute(live).scalars())
        if missing := [document_id for document_id in ids if document_id not in ready]:
            raise InvariantError(
                f"batch {batch_id}: document {missing[0]} cannot be claimed: it is not rendered, or already on its way"
            )


def _attempts_so_far(connection: Connection, document_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for ids in in_chunks(document_ids):
        query = select(delivery.c.document_id, func.max(delivery.c.attempt)).where(delivery.c.document_id.in_(ids))
        rows = connection.execute(query.group_by(delivery.c.document_id))
        found |= {row[0]: row[1] for row in rows}
    return found


def _live_delivery(connection: Connection, document_id: str) -> Delivery | None:
    query = select(delivery).where(
        delivery.c.document_id == document_id, delivery.c.state != DeliveryState.FAILED.value
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else to_delivery(dict(row))


def _hand_off(connection: Connection, document_ids: Sequence[str], mailed_on: date) -> None:
    """The third fact: only now do the document's state and the clocks move."""
    handed_off = {"state": DocumentState.HANDED_OFF.value}
    for ids in in_chunks(document_ids):
        connection.execute(update(document).where(document.c.document_id.in_(ids)).values(handed_off))
    record_mailed(connection, document_ids, mailed_on)


def _print_file_values(new: NewPrintFile) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in new.__struct_fields__}
    documents = msgspec.json.encode(new.documents).decode()
    return {**values, "documents": documents, "state": DeliveryState.CLAIMED.value}


def _to_print_file(row: dict[str, Any]) -> PrintFileRow:
    values = {
        "documents": msgspec.json.decode(row["documents"], type=tuple[str, ...]),
        "state": DeliveryState(row["state"]),
        "receipt": msgspec.json.decode(row["receipt"]) if row["receipt"] else None,
    }
    return PrintFileRow(**{**row, **values})


def _encode(receipt: Mapping[str, Any] | None) -> str | None:
    return None if receipt is None else msgspec.json.encode(receipt).decode()


def _tell(
    connection: Connection,
    batch_id: str,
    subject: str,
    state: DeliveryState,
    *,
    at: datetime,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=subject, what=state.value, why=why)
