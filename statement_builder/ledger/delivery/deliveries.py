"""Deliveries: a document's attempts, and an operator's decision on one whose outcome is unknown."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select

from statement_builder.errors import InvariantError
from statement_builder.ledger.delivery.emails import mark_emails
from statement_builder.ledger.delivery.print_files import mark_print_file
from statement_builder.ledger.document_queries import is_other_recipient_of, read_deliveries, read_live_deliveries
from statement_builder.ledger.records import Delivery, EmailMark
from statement_builder.ledger.states import DeliveryState
from statement_builder.ledger.storage.tables import document
from statement_builder.ledger.storage.transactions import Repository


class DeliveryRepository(Repository):
    """`ledger.deliveries`. `ledger.print_files` and `ledger.emails` claim and mark them."""

    def for_document(self, document_id: str) -> tuple[Delivery, ...]:
        """The document's attempts, first to last."""
        with self._read() as connection:
            return read_deliveries(connection, [document_id]).get(document_id, ())

    def for_guarantor(self, guarantor_id: str) -> tuple[Delivery, ...]:
        """Every attempt to deliver a document of this guarantor, also those to other recipients."""
        mine = or_(document.c.guarantor_id == guarantor_id, is_other_recipient_of(guarantor_id))
        with self._read() as connection:
            ids = list(connection.execute(select(document.c.document_id).where(mine)).scalars())
            return tuple(each for attempts in read_deliveries(connection, ids).values() for each in attempts)

    def resolve(
        self, document_id: str, *, sent: bool, actor: str, at: datetime, why: str, mailed_on: date | None = None
    ) -> None:
        """Record an operator's decision on an attempt whose outcome is unknown. InvariantError when the document has no
        such attempt.

        The vendor has all of a print file or nothing, so a decision on one piece decides the whole file. Without
        `mailed_on`, it counts as mailed on the day (UTC) of its claim.
        """
        with self._write() as connection:
            live = read_live_deliveries(connection, [document_id]).get(document_id)
            if live is None or live.state is not DeliveryState.UNCERTAIN:
                raise InvariantError(f"document {document_id} has no uncertain attempt: there is nothing to resolve")
            state = DeliveryState.SENT if sent else DeliveryState.FAILED
            on = mailed_on or live.claimed_at.date()
            if live.print_file:
                mark_print_file(
                    connection, live.print_file, state, receipt=live.receipt, at=at, mailed_on=on, actor=actor, why=why
                )
            else:
                mark = EmailMark(delivery_id=live.delivery_id, state=state, receipt=live.receipt)
                mark_emails(connection, [mark], at=at, mailed_on=on, actor=actor, why=why)
