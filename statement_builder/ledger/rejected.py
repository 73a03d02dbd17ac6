"""What the vendor will not print and nobody has sent again yet, and what can be sent again of a print file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, or_, select

from statement_builder.errors import AnswerError
from statement_builder.ledger.delivery_reports import send_again
from statement_builder.ledger.documents import holds_in_its_place
from statement_builder.ledger.print_files import lock_print_file
from statement_builder.ledger.records import RejectedPiece
from statement_builder.ledger.states import DeliveryState, DocumentState
from statement_builder.ledger.tables import batch, delivery, document, event, follow_up, print_file

_IS_DUE = exists().where(follow_up.c.document_id == document.c.document_id)


def read_rejected(connection: Connection, facility_id: str, batch_id: str | None = None) -> list[RejectedPiece]:
    """Pieces whose latest attempt was rejected, by print file, in mailing order; of one batch, or of all."""
    query = _rejected().where(batch.c.facility_id == facility_id, ~_IS_DUE)
    if batch_id is not None:
        query = query.where(document.c.batch_id == batch_id)
    order = (document.c.batch_id, delivery.c.print_file, document.c.sequence, document.c.position)
    return [
        RejectedPiece(
            document_id=row.document_id,
            guarantor_id=row.guarantor_id,
            batch_id=row.batch_id,
            print_file=row.print_file,
            is_whole_file=row.subject == row.print_file,
            why=row.why,
        )
        for row in connection.execute(query.order_by(*order))
    ]


def send_file_again(connection: Connection, name: str, *, actor: str, at: datetime, why: str) -> int:
    """Put every piece of a print file that was rejected in line for a new attempt; how many are in it now, those that
    were before too. AnswerError for a name that is none of ours. What was sent again is left as it is."""
    if connection.execute(select(print_file.c.name).where(print_file.c.name == name)).first() is None:
        raise AnswerError(f"print file {name} is not one of ours. `statements show BATCH` names them.")
    lock_print_file(connection, name)
    ids = [row.document_id for row in connection.execute(_rejected().where(delivery.c.print_file == name))]
    for document_id in sorted(ids):
        send_again(connection, document_id, readdressed=False, actor=actor, at=at, why=why)
    return len(ids)


def _rejected() -> Select[Any]:
    later, newer, told = delivery.alias(), document.alias(), event.alias()
    last_told = (
        select(func.max(told.c.event_id))
        .where(
            told.c.batch_id == document.c.batch_id,
            told.c.what == DeliveryState.REJECTED.value,
            or_(told.c.subject == document.c.document_id, told.c.subject == delivery.c.print_file),
        )
        .scalar_subquery()
    )
    return (
        select(
            document.c.document_id,
            document.c.guarantor_id,
            document.c.batch_id,
            delivery.c.print_file,
            event.c.subject,
            event.c.why,
        )
        .select_from(delivery)
        .join(document, document.c.document_id == delivery.c.document_id)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .join(event, event.c.event_id == last_told)
        .where(
            delivery.c.state == DeliveryState.REJECTED.value,
            document.c.state == DocumentState.HANDED_OFF.value,
            ~exists().where(later.c.document_id == delivery.c.document_id, later.c.attempt > delivery.c.attempt),
            ~exists().where(
                newer.c.guarantor_id == document.c.guarantor_id,
                newer.c.revision_of == document.c.document_id,
                holds_in_its_place(newer),
            ),
        )
    )
