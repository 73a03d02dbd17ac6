"""Events: the append-only record of who did what to what, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from statement_builder.ledger.audit.event_data import EventData, decode_event_data, encode_event_data
from statement_builder.ledger.records import BrokenLink, Event, EventHead, EventLogReport
from statement_builder.ledger.storage.event_chain import GENESIS, digest_detail, link
from statement_builder.ledger.storage.event_log import queue_events
from statement_builder.ledger.storage.sql_compat import in_chunks
from statement_builder.ledger.storage.tables import event
from statement_builder.ledger.storage.transactions import Repository

PURGED, REDACTED = "purged", "redacted"
"""What the events say of a shard that was purged, and of a batch whose events were redacted."""
_READ_AT_ONCE = 5_000
_CHAIN_COLUMNS = tuple(
    event.c[name]
    for name in ["event_id", "at", "actor", "batch_id", "subject", "what", "why", "data", "salt", "detail", "hash"]
)
_EVENT_COLUMNS = tuple(event.c[name] for name in Event.__struct_fields__)
SERVICE = "service"
"""The actor of events that no person caused."""


class EventRepository(Repository):
    """`ledger.events`. The other repositories write most events, in the transaction of the change itself."""

    def for_batch(self, batch_id: str, *, subject: str | None = None) -> list[Event]:
        """What happened to the batch and everything in it, or to one `subject` of it, oldest first."""
        query = select(*_EVENT_COLUMNS).where(event.c.batch_id == batch_id)
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

    def redact(self, batch_id: str, *, actor: str, at: datetime, why: str) -> int:
        """Erase the text and data of the events of a batch's documents, which may say something about a person. Who
        did what to what, and when, stays, and so do the events of the batch itself. Returns how many were erased.

        The erasure is an event too, unless there was nothing to erase: the check of the log requires it."""
        theirs = (event.c.batch_id == batch_id) & (event.c.subject != batch_id) & (event.c.what != PURGED)
        has_text = (event.c.why != "") | event.c.data.is_not(None)
        with self._write() as connection:
            erased = update(event).where(theirs, has_text).values(why="", data=None, salt="")
            count = connection.execute(erased).rowcount
            if count:
                write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what=REDACTED, why=why)
        return count

    def head(self) -> EventHead | None:
        """The last event; None before the first."""
        query = select(event.c.event_id, event.c.hash).order_by(event.c.event_id.desc()).limit(1)
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else EventHead(event_id=row.event_id, sha256=row.hash)

    def hashes(self, event_ids: Sequence[int]) -> dict[int, str]:
        """The stored hash of each of these events that exists."""
        found: dict[int, str] = {}
        with self._read() as connection:
            for ids in in_chunks(event_ids):
                query = select(event.c.event_id, event.c.hash).where(event.c.event_id.in_(ids))
                found |= {row.event_id: row.hash for row in connection.execute(query)}
        return found

    def last_time(self, what: str, subject: str) -> datetime | None:
        """When this last happened to the subject; None if it never did."""
        query = (
            select(event.c.at)
            .where(event.c.what == what, event.c.subject == subject)
            .order_by(event.c.event_id.desc())
            .limit(1)
        )
        with self._read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def verify(self) -> EventLogReport:
        """Calculate the whole chain again, and find the first event that does not fit."""
        with self._read() as connection:
            last = select(event.c.batch_id, func.max(event.c.event_id)).where(event.c.what == REDACTED)
            redacted_to = {row[0]: row[1] for row in connection.execute(last.group_by(event.c.batch_id))}
            chain = select(*_CHAIN_COLUMNS).order_by(event.c.event_id)
            with connection.execution_options(yield_per=_READ_AT_ONCE).execute(chain) as rows:
                return _follow(rows, redacted_to)


def _follow(rows: Iterable[Any], redacted_to: Mapping[str, int]) -> EventLogReport:
    """The chain of the rows of `_CHAIN_COLUMNS`, in order, up to the first that does not fit."""
    last, previous, count = None, GENESIS, 0
    for event_id, at, actor, batch_id, subject, what, why, data, salt, detail, stored in rows:
        expected = link(previous, at=at, actor=actor, batch_id=batch_id, subject=subject, what=what, detail=detail)
        fits = digest_detail(salt, why, data) == detail
        if not fits and not why and data is None and subject != batch_id:  # only events of documents are redacted
            fits = event_id < redacted_to.get(batch_id, 0)
        if stored != expected or not fits:
            broken = BrokenLink(event_id=event_id, batch_id=batch_id, what=what, at=at)
            return EventLogReport(events=count, broken=broken)
        previous, count = stored, count + 1
        last = event_id
    return EventLogReport(events=count, head=None if last is None else EventHead(event_id=last, sha256=previous))


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
    """Add an event to the end of this transaction."""
    write_events(connection, [(batch_id, subject)], at=at, actor=actor, what=what, why=why, data=data)


def write_events(
    connection: Connection,
    subjects: Sequence[tuple[str, str]],
    *,
    at: datetime,
    actor: str,
    what: str,
    why: str = "",
    data: EventData | None = None,
) -> None:
    """The same event for several (batch id, subject) pairs, at the end of this transaction."""
    common = {"at": at, "actor": actor, "what": what, "why": why, "data": encode_event_data(data)}
    queue_events(connection, [{**common, "batch_id": batch, "subject": subject} for batch, subject in subjects])
