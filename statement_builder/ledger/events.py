"""The append-only record of who did what to what, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from statement_builder.ledger.records import Event
from statement_builder.ledger.sql_compat import insert_many
from statement_builder.ledger.tables import event

SERVICE = "service"
"""The actor where no person acts."""


def write_event(
    connection: Connection, *, at: datetime, actor: str, batch_id: str, subject: str, what: str, why: str = ""
) -> None:
    connection.execute(
        insert(event), {"at": at, "actor": actor, "batch_id": batch_id, "subject": subject, "what": what, "why": why}
    )


def write_events(
    connection: Connection, subjects: Sequence[tuple[str, str]], *, at: datetime, actor: str, what: str, why: str = ""
) -> None:
    """The same of several subjects, each with its batch id before it, in one statement."""
    common = {"at": at, "actor": actor, "what": what, "why": why}
    insert_many(connection, event, [{**common, "batch_id": batch, "subject": subject} for batch, subject in subjects])


def read_events(connection: Connection, batch_id: str, *, subject: str | None = None) -> list[Event]:
    """All that happened to a batch and to what is in it, or to one thing of it, oldest first."""
    query = select(event).where(event.c.batch_id == batch_id)
    if subject is not None:
        query = query.where(event.c.subject == subject)
    return [Event(**row) for row in connection.execute(query.order_by(event.c.event_id)).mappings()]
