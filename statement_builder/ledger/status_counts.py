"""What became of a batch's documents, by channel and envelope class: the lines of its control sheet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, case, func, select

from statement_builder.billing.selection import Channel
from statement_builder.ledger.control_totals import name_figures, select_status_counts
from statement_builder.ledger.records import PieceCount, StatusCount
from statement_builder.ledger.states import DeliveryState, DocumentState
from statement_builder.ledger.tables import delivery, document, print_file


def read_status_counts(connection: Connection, batch_id: str) -> list[StatusCount]:
    """Documents grouped by channel, envelope class, length and what became of them; copies and corrections apart."""
    envelope = case(
        (delivery.c.state == DeliveryState.FAILED.value, ""), else_=func.coalesce(print_file.c.envelope_class, "")
    ).label("envelope_class")
    return [
        StatusCount(
            channel=Channel(row.channel),
            envelope_class=row.envelope_class,
            pages=row.pages,
            figures=tuple(name_figures(row)),
            documents=row.documents,
            cents=int(row.cents),
        )
        for row in connection.execute(select_status_counts(batch_id, envelope, document.c.pages))
        if not row.is_extra
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


def read_levels(connection: Connection, batch_id: str) -> dict[int, int]:
    """Dunning level → rendered documents that have it."""
    query = select(document.c.level, func.count()).where(*_rendered(batch_id)).group_by(document.c.level)
    return {row[0]: row[1] for row in connection.execute(query)}


def read_documents_above(connection: Connection, batch_id: str, cents: int) -> list[str]:
    """Ids of the rendered documents that ask for more than this, the largest first."""
    query = select(document.c.document_id).where(*_rendered(batch_id), document.c.amount_cents > cents)
    return list(connection.execute(query.order_by(document.c.amount_cents.desc(), document.c.document_id)).scalars())


def _rendered(batch_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        document.c.batch_id == batch_id,
        document.c.state != DocumentState.ERROR.value,
        document.c.revision_of == "",
    )
