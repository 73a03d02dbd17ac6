"""Redeliveries: documents due for a new attempt because they did not arrive, and rejected pieces that need one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, literal_column, or_, select

from statement_builder.errors import DeliveryReportError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.delivery.print_files import lock_print_file
from statement_builder.ledger.document_queries import lock_document, supersedes
from statement_builder.ledger.records import RejectedPiece
from statement_builder.ledger.states import DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import batch, delivery, document, event, print_file, redelivery, shard
from statement_builder.ledger.storage.transactions import Repository

_IS_DUE = exists().where(redelivery.c.document_id == document.c.document_id)


class RedeliveryRepository(Repository):
    """`ledger.redeliveries`."""

    def due_batches(self, facility_id: str) -> list[str]:
        """Ids of the batches, open or closed, that have documents due for redelivery."""
        query = (
            select(document.c.batch_id)
            .join(redelivery, redelivery.c.document_id == document.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(batch.c.facility_id == facility_id)
        )
        with self._read() as connection:
            return list(connection.execute(query.distinct().order_by(document.c.batch_id)).scalars())

    def count_due(self, batch_id: str) -> int:
        """The number of a batch's documents that are due for redelivery."""
        query = select(func.count()).select_from(document).where(document.c.batch_id == batch_id, _IS_DUE)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def count_sender_faults(self, facility_id: str, *, since: datetime) -> int:
        """How many e-mails bounced since then because of the sender, and were not sent again."""
        query = (
            select(func.count())
            .select_from(redelivery)
            .join(document, redelivery.c.document_id == document.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(batch.c.facility_id == facility_id, redelivery.c.is_sender_fault, redelivery.c.since >= since)
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def sender_faults(self, batch_id: str) -> frozenset[str]:
        """The ids of the batch's documents whose e-mail bounced because of the sender and was not sent again."""
        query = (
            select(redelivery.c.document_id)
            .join(document, redelivery.c.document_id == document.c.document_id)
            .where(document.c.batch_id == batch_id, redelivery.c.is_sender_fault)
        )
        with self._read() as connection:
            return frozenset(connection.execute(query).scalars())

    def schedule(self, document_id: str, *, readdressed: bool, actor: str, at: datetime, why: str) -> None:
        """Schedule a new attempt, on an operator's request, for a document that did not arrive; no change when it is
        due already. `readdressed` sends it to the address now on file. `DeliveryReportError` while an attempt may still
        arrive."""
        with self._write() as connection:
            _schedule(connection, document_id, readdressed=readdressed, actor=actor, at=at, why=why)

    def schedule_print_file(self, name: str, *, actor: str, at: datetime, why: str) -> int:
        """Schedule a new attempt for every rejected piece of a print file; returns how many are due now, including
        those scheduled earlier. DeliveryReportError for an unknown file."""
        with self._write() as connection:
            if connection.execute(select(print_file.c.name).where(print_file.c.name == name)).first() is None:
                raise DeliveryReportError(f"print file {name} is not one of ours. `statements show BATCH` names them.")
            lock_print_file(connection, name)
            ids = [row.document_id for row in connection.execute(_rejected().where(delivery.c.print_file == name))]
            for document_id in sorted(ids):
                _schedule(connection, document_id, readdressed=False, actor=actor, at=at, why=why)
        return len(ids)

    def rejected(self, facility_id: str, batch_id: str | None = None) -> list[RejectedPiece]:
        """Pieces of one batch, or of all, whose latest attempt was rejected and that are not due for redelivery: by
        print file, in mailing order."""
        query = _rejected().where(batch.c.facility_id == facility_id, ~_IS_DUE)
        if batch_id is not None:
            query = query.where(document.c.batch_id == batch_id)
        order = (document.c.batch_id, delivery.c.print_file, document.c.sequence, document.c.position)
        with self._read() as connection:
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


def _schedule(
    connection: Connection, document_id: str, *, readdressed: bool, actor: str, at: datetime, why: str
) -> None:
    if connection.execute(select(document.c.state).where(document.c.document_id == document_id)).first() is None:
        raise DeliveryReportError(f"document {document_id} is not one of ours.")
    found = lock_document(connection, document_id)
    if found.delivery_state is not None or found.state is not DocumentState.HANDED_OFF:
        raise DeliveryReportError(
            f"document {document_id}: only a document that was handed off and did not arrive can be sent again."
        )
    if insert_if_new(connection, redelivery, {"document_id": document_id, "since": at, "readdressed": readdressed}):
        write_event(
            connection, at=at, actor=actor, batch_id=found.batch_id, subject=document_id, what="resend", why=why
        )


def _rejected() -> Select[Any]:
    """Documents whose latest attempt was rejected, unless a correction replaces them, with the event of the latest
    rejection: of the piece, or of its whole print file."""
    later, newer, rejection = delivery.alias(), document.alias(), event.alias()
    latest_rejection = (
        select(func.max(rejection.c.event_id))
        .where(
            rejection.c.batch_id == document.c.batch_id,
            rejection.c.what == DeliveryState.REJECTED.value,
            or_(rejection.c.subject == document.c.document_id, rejection.c.subject == delivery.c.print_file),
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
        .join(shard, (shard.c.batch_id == document.c.batch_id) & (shard.c.sequence == document.c.sequence))
        .join(event, event.c.event_id == latest_rejection)
        .where(
            delivery.c.state == literal_column(f"'{DeliveryState.REJECTED.value}'"),  # as in its index: no parameter
            shard.c.purged_on.is_(None),
            document.c.state == DocumentState.HANDED_OFF.value,
            ~exists().where(later.c.document_id == delivery.c.document_id, later.c.attempt > delivery.c.attempt),
            ~exists().where(
                newer.c.guarantor_id == document.c.guarantor_id,
                newer.c.revision_of == document.c.document_id,
                supersedes(newer),
            ),
        )
    )
