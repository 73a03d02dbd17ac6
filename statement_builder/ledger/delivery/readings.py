"""What the portal showed to its reader: an e-mailed document that nobody opened in time goes on paper.

The paper is the same document, as its next attempt. An e-mail that was not opened proves no delivery, so the clocks
that it started are reset and start with the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, delete, select, update

from statement_builder.billing.selection import Channel
from statement_builder.errors import DeliveryReportError
from statement_builder.ledger.audit.event_data import Withheld, decode_event_data
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.delivery.delivery_reports import mark_delivered, require_document, switch_channel
from statement_builder.ledger.delivery.hand_off import record_status_event
from statement_builder.ledger.document_queries import (
    lock_document,
    read_deliveries,
    read_revisions,
)
from statement_builder.ledger.mailing_history import record_mailed, reverse_mailed
from statement_builder.ledger.records import Delivery, Document, UnreadEmail, replaced_by
from statement_builder.ledger.states import VOIDED, DeliveryState, DocumentState, require_delivery_move
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import batch, delivery, document, event, redelivery, shard
from statement_builder.ledger.storage.transactions import Repository

VIEWED = "viewed"
"""The event that a document was opened."""
_ARRIVED = (DeliveryState.SENT, DeliveryState.DELIVERED)


class ReadingRepository(Repository):
    """`ledger.readings`."""

    def record_view(
        self, document_id: str, *, on: date, local_date: Callable[[datetime], date], at: datetime, why: str
    ) -> bool:
        """The portal showed this document on that day; False if it is known to have done so by then.

        Ends the wait for an e-mail to be opened. If the paper that follows an unread e-mail has not left, it stays, and
        the e-mail counts as mailed on its own day (`local_date` of its claim) again. Paper that has left is not
        stopped. `DeliveryReportError` when the document is not ours, or was never handed off.
        """
        with self._write() as connection:
            found = require_document(connection, document_id)
            if found.state is not DocumentState.HANDED_OFF:
                raise DeliveryReportError(
                    f"document {document_id} is {found.state}: it was never handed off, so the portal cannot have "
                    "shown it. Ask the portal where it has it from."
                )
            if found.viewed_on is not None and found.viewed_on <= on:
                return False
            mine = document.c.document_id == document_id
            connection.execute(update(document).where(mine).values(viewed_on=on))
            awaited = (delivery.c.document_id == document_id) & delivery.c.read_by.is_not(None)
            connection.execute(update(delivery).where(awaited).values(read_by=None))
            write_event(
                connection, at=at, actor=SERVICE, batch_id=found.batch_id, subject=document_id, what=VIEWED, why=why
            )
            attempts = read_deliveries(connection, [document_id]).get(document_id, ())
            email = _last_email(attempts)
            if email is not None and email.state is DeliveryState.SENT:
                mark_delivered(connection, found, email, at=at, why=why)
            _keep_email(connection, found, attempts, local_date=local_date, at=at, why=why)
            return True

    def keep_opened(self, batch_id: str, *, local_date: Callable[[datetime], date], at: datetime) -> None:
        """As `record_view`, for the batch's documents that were opened while a print file with them was claimed, and it
        is now known that the file did not leave."""
        query = (
            select(redelivery.c.document_id)
            .join(document, document.c.document_id == redelivery.c.document_id)
            .where(document.c.batch_id == batch_id, document.c.viewed_on.is_not(None))
            .order_by(redelivery.c.document_id)
        )
        with self._write() as connection:
            for document_id in list(connection.execute(query).scalars()):
                found = lock_document(connection, document_id)
                attempts = read_deliveries(connection, [document_id]).get(document_id, ())
                _keep_email(connection, found, attempts, local_date=local_date, at=at, why=f"viewed {found.viewed_on}")

    def overdue(self, facility_id: str, *, today: date) -> list[UnreadEmail]:
        """E-mails whose document had to be opened before today and was not, by batch and in mailing order."""
        query = (
            select(
                document.c.document_id,
                document.c.batch_id,
                delivery.c.attempt,
                delivery.c.read_by,
            )
            .select_from(delivery)
            .join(document, document.c.document_id == delivery.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .join(shard, (shard.c.batch_id == document.c.batch_id) & (shard.c.sequence == document.c.sequence))
            .where(
                delivery.c.read_by.is_not(None),
                delivery.c.read_by < today,
                delivery.c.state.in_([state.value for state in _ARRIVED]),
                batch.c.facility_id == facility_id,
                shard.c.purged_on.is_(None),
            )
            .order_by(document.c.batch_id, document.c.sequence, document.c.position)
        )
        with self._read() as connection:
            return [UnreadEmail(**row) for row in connection.execute(query).mappings()]

    def has_views(self, batch_id: str) -> bool:
        """Whether any document of the batch was opened."""
        query = select(document.c.document_id).where(document.c.batch_id == batch_id, document.c.viewed_on.is_not(None))
        with self._read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def print_unread(self, email: UnreadEmail, *, at: datetime, why: str) -> bool:
        """Schedule an overdue e-mail's document for paper; False if it was opened, corrected or bounced meanwhile.

        Its clocks are reset, in the same transaction: the paper starts them.
        """
        with self._write() as connection:
            found = lock_document(connection, email.document_id)
            attempts = read_deliveries(connection, [email.document_id]).get(email.document_id, ())
            last = attempts[-1]
            is_current = last.attempt == email.attempt and last.read_by is not None and last.state in _ARRIVED
            if not is_current or found.viewed_on is not None:
                return False
            own = (delivery.c.document_id == email.document_id) & (delivery.c.attempt == email.attempt)
            if replaced_by(read_revisions(connection, email.document_id), email.document_id):
                connection.execute(update(delivery).where(own).values(read_by=None))
                return False
            require_delivery_move(f"document {email.document_id}", last.state, DeliveryState.UNREAD)
            unread = {"state": DeliveryState.UNREAD.value, "read_by": None, "changed_at": at}
            connection.execute(update(delivery).where(own).values(unread))
            record_status_event(connection, found.batch_id, email.document_id, DeliveryState.UNREAD, at=at, why=why)
            reverse_mailed(connection, email.document_id)
            switch_channel(connection, found, Channel.PRINT, at=at, why=why)
            insert_if_new(connection, redelivery, {"document_id": email.document_id, "since": at, "readdressed": False})
            return True


def _last_email(attempts: Sequence[Delivery]) -> Delivery | None:
    return next((each for each in reversed(attempts) if each.channel is Channel.EMAIL), None)


def _keep_email(
    connection: Connection,
    found: Document,
    attempts: Sequence[Delivery],
    *,
    local_date: Callable[[datetime], date],
    at: datetime,
    why: str,
) -> None:
    """Let an unread e-mail stand, if the paper that follows it has not left: it is due or was held back, in no live
    attempt, and every earlier attempt on paper is known not to have been accepted. A void document stays void."""
    email = _last_email(attempts)
    if email is None or email.state is not DeliveryState.UNREAD:
        return
    later = [each for each in attempts if each.attempt > email.attempt]
    has_left = any(each.state is not DeliveryState.FAILED for each in later)
    if has_left or found.delivery_state is not None:
        return
    if not found.is_redelivery_due and not _is_paper_held_back(connection, found):
        return
    connection.execute(delete(redelivery).where(redelivery.c.document_id == found.document_id))
    switch_channel(connection, found, Channel.EMAIL, at=at, why="opened before its paper left")
    mark_delivered(connection, found, email, at=at, why=why)
    record_mailed(connection, [found.document_id], local_date(email.claimed_at))


def _is_paper_held_back(connection: Connection, found: Document) -> bool:
    """Whether the recheck, or news such as a death, canceled the redelivery. Not if the document is void or
    corrected."""
    query = (
        select(event.c.data)
        .where(
            event.c.batch_id == found.batch_id,
            event.c.subject == found.document_id,
            event.c.what == DocumentState.WITHHELD.value,
        )
        .order_by(event.c.event_id.desc())
    )
    withheld = decode_event_data(connection.execute(query.limit(1)).scalar())
    if not isinstance(withheld, Withheld) or VOIDED in withheld.codes:
        return False
    return not replaced_by(read_revisions(connection, found.document_id), found.document_id)
