"""Print files: claimed with an attempt for every document in them, and marked as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from statement_builder.billing.selection import Channel, Reports
from statement_builder.errors import InvariantError
from statement_builder.ledger.deliveries import claim_documents, encode_receipt, hand_off, require_released, tell
from statement_builder.ledger.events import SERVICE
from statement_builder.ledger.records import NewPrintFile, PrintFileRow
from statement_builder.ledger.sql_compat import insert_if_new
from statement_builder.ledger.states import DeliveryState, require_hand_off_move
from statement_builder.ledger.tables import delivery, print_file


def claim_print_file(
    connection: Connection, new: NewPrintFile, *, readdressed: Mapping[str, str] | None = None, at: datetime
) -> PrintFileRow:
    """Claim a file and an attempt for each document in it; the file as it stands when somebody has claimed it.

    A file that failed is claimed afresh, with whatever is in it now. InvariantError when one of its documents is not
    there to be sent: withheld, handed off, or on its way in something else.
    """
    require_released(connection, new.batch_id)
    values = {**_print_file_values(new), "attempt": 1, "claimed_at": at, "changed_at": at}
    if not insert_if_new(connection, print_file, values):
        found = lock_print_file(connection, new.name)
        if found.batch_id != new.batch_id:
            raise InvariantError(f"print file {new.name} belongs to batch {found.batch_id}")
        if found.state is not DeliveryState.FAILED:
            return found
        again = {**values, "attempt": found.attempt + 1, "receipt": None}
        connection.execute(update(print_file).where(print_file.c.name == new.name).values(again))
    claim_documents(
        connection,
        new.documents,
        new.batch_id,
        Channel.PRINT,
        vendor=new.vendor,
        print_file_name=new.name,
        readdressed=readdressed,
        at=at,
    )
    tell(connection, new.batch_id, new.name, DeliveryState.CLAIMED, at=at)
    return msgspec.structs.replace(lock_print_file(connection, new.name), is_new=True)


def mark_print_file(
    connection: Connection,
    name: str,
    state: DeliveryState,
    *,
    attempt: int | None = None,
    receipt: Mapping[str, Any] | None,
    at: datetime,
    mailed_on: date | None,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """Say what became of a file and of everything in it. Saying the same again changes nothing."""
    found = lock_print_file(connection, name)
    if attempt is not None and found.attempt != attempt:
        raise InvariantError(f"print file {name} was claimed by somebody else since: run the batch again")
    if found.state is state:
        return
    require_hand_off_move(f"print file {name}", found.state, state)
    own = (delivery.c.print_file == name) & (delivery.c.state == found.state.value)
    moved = list(connection.execute(select(delivery.c.document_id).where(own)).scalars())
    changed = {"state": state.value, "changed_at": at, "receipt": encode_receipt(receipt)}
    connection.execute(update(print_file).where(print_file.c.name == name).values(changed))
    connection.execute(update(delivery).where(own).values(state=state.value, changed_at=at))
    if state is DeliveryState.SENT:
        hand_off(connection, moved, mailed_on or at.date())
    tell(connection, found.batch_id, name, state, at=at, actor=actor, why=why)


def read_print_files(connection: Connection, batch_id: str) -> list[PrintFileRow]:
    query = select(print_file).where(print_file.c.batch_id == batch_id)
    rows = connection.execute(query.order_by(print_file.c.sequence, print_file.c.name))
    return [to_print_file(dict(row)) for row in rows.mappings()]


def lock_print_file(connection: Connection, name: str) -> PrintFileRow:
    row = connection.execute(select(print_file).where(print_file.c.name == name).with_for_update())
    found = row.mappings().one_or_none()
    if found is None:
        raise InvariantError(f"print file {name} is not in the ledger")
    return to_print_file(dict(found))


def _print_file_values(new: NewPrintFile) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in new.__struct_fields__}
    documents = msgspec.json.encode(new.documents).decode()
    return {
        **values,
        "documents": documents,
        "reports": new.reports.value,
        "state": DeliveryState.CLAIMED.value,
    }


def to_print_file(row: dict[str, Any]) -> PrintFileRow:
    values = {
        "documents": msgspec.json.decode(row["documents"], type=tuple[str, ...]),
        "state": DeliveryState(row["state"]),
        "reports": Reports(row["reports"]),
        "receipt": msgspec.json.decode(row["receipt"]) if row["receipt"] else None,
    }
    return PrintFileRow(**{**row, **values})
