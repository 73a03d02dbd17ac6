"""What became of a batch's documents, by channel and envelope class: the lines of its control sheet."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from statement_builder.billing.selection import Channel
from statement_builder.ledger.records import Fate, PieceCount
from statement_builder.ledger.states import DeliveryState, DocumentState
from statement_builder.ledger.tables import delivery, document, print_file


def read_fates(connection: Connection, batch_id: str) -> list[Fate]:
    """Documents grouped by channel, envelope class, pages, state and the state of their live attempt."""
    live = and_(delivery.c.document_id == document.c.document_id, delivery.c.state != DeliveryState.FAILED.value)
    envelope = func.coalesce(print_file.c.envelope_class, "")
    keys = (document.c.channel, envelope, document.c.pages, document.c.state, delivery.c.state)
    query = (
        select(*keys, func.count(), func.sum(document.c.amount_cents))
        .select_from(document)
        .outerjoin(delivery, live)
        .outerjoin(print_file, print_file.c.name == delivery.c.print_file)
        .where(document.c.batch_id == batch_id)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        Fate(
            channel=Channel(row[0]),
            envelope_class=row[1],
            pages=row[2],
            state=DocumentState(row[3]),
            delivery_state=None if row[4] is None else DeliveryState(row[4]),
            documents=row[5],
            cents=int(row[6]),
        )
        for row in connection.execute(query)
    ]


def read_piece_counts(connection: Connection, batch_id: str) -> list[PieceCount]:
    """Attempts that have not failed, by the envelope class of their print file. A file that failed holds nothing."""
    query = (
        select(print_file.c.envelope_class, func.count(), func.sum(document.c.amount_cents))
        .select_from(delivery)
        .join(print_file, print_file.c.name == delivery.c.print_file)
        .join(document, document.c.document_id == delivery.c.document_id)
        .where(print_file.c.batch_id == batch_id, delivery.c.state != DeliveryState.FAILED.value)
        .group_by(print_file.c.envelope_class)
        .order_by(print_file.c.envelope_class)
    )
    return [PieceCount(envelope_class=row[0], documents=row[1], cents=int(row[2])) for row in connection.execute(query)]
