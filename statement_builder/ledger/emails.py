"""E-mail: one attempt, one message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from statement_builder.billing.selection import Channel
from statement_builder.errors import InvariantError
from statement_builder.ledger.deliveries import (
    claim_documents,
    encode_receipt,
    hand_off,
    read_live_delivery,
    require_released,
    tell,
)
from statement_builder.ledger.documents import lock_document
from statement_builder.ledger.events import SERVICE
from statement_builder.ledger.records import Delivery
from statement_builder.ledger.states import DeliveryState, require_delivery_move
from statement_builder.ledger.tables import delivery


def claim_email(connection: Connection, document_id: str, *, vendor: str, at: datetime) -> Delivery:
    """Claim an attempt to e-mail a document, or the live attempt as it stands when there is one."""
    found = lock_document(connection, document_id)
    live = read_live_delivery(connection, document_id)
    if live is not None:
        return live
    require_released(connection, found.batch_id)
    claim_documents(
        connection, (document_id,), found.batch_id, Channel.EMAIL, vendor=vendor, print_file_name=None, at=at
    )
    tell(connection, found.batch_id, document_id, DeliveryState.CLAIMED, at=at)
    made = read_live_delivery(connection, document_id)
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
    changed = {"state": state.value, "changed_at": at, "receipt": encode_receipt(receipt)}
    connection.execute(update(delivery).where(own).values(changed))
    if state is DeliveryState.SENT:
        hand_off(connection, [document_id], mailed_on or at.date())
    tell(connection, owner.batch_id, document_id, state, at=at, actor=actor, why=why)
