"""Events: the append-only record of who did what to what, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from statement_builder.ledger.event_data import EventData, decode_event_data, encode_event_data
from statement_builder.ledger.records import Event
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import event
from statement_builder.ledger.storage.transactions import Repository

SERVICE = "service"
"""The actor of events that no person caused."""


class EventRepository(Repository):
    """`ledger.events`. The other repositories write most events, in the transaction of the change itself."""

    def for_batch(self, batch_id: str, *, subject: str | None = None) -> list[Event]:
        """What happened to the batch and everything in it, or to one `subject` of it, oldest first."""
        query = select(event).where(event.c.batch_id == batch_id)
        if subject is not None:
            query = query.where(event.c.subject == subject)
        with self._read() as connection:
            rows = connection.execute(query.order_by(event.c.event_id)).mappings()
            return [Event(**{**row, "data": decode_event_data(row["data"])}) for row in rows]

    def record(
        self,
        batch_id: str,
        subject: str,
        *,
        what: str,
        why: str,
        data: EventData | None = None,
        actor: str,
        at: datetime,
    ) -> None:
        """Record an event that changes nothing else, such as a report that an operator must read."""
        with self._write() as connection:
            write_event(
                connection, at=at, actor=actor, batch_id=batch_id, subject=subject, what=what, why=why, data=data
            )


def write_event(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    batch_id: str,
    subject: str,
    what: str,
    why: str = "",
    data: EventData | None = None,
) -> None:
    values = {"at": at, "actor": actor, "batch_id": batch_id, "subject": subject, "what": what, "why": why}
    connection.execute(insert(event), {**values, "data": encode_event_data(data)})


def write_events(
    connection: Connection, subjects: Sequence[tuple[str, str]], *, at: datetime, actor: str, what: str, why: str = ""
) -> None:
    """The same event for several (batch id, subject) pairs, in one statement."""
    common = {"at": at, "actor": actor, "what": what, "why": why}
    insert_many(connection, event, [{**common, "batch_id": batch, "subject": subject} for batch, subject in subjects])
