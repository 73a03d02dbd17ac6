"""What was written back to the billing system: which mailing, return, or hold is in which file.

A file is claimed with its entries before it leaves. The key of `write_back_entry` makes it impossible to write anything
back twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, or_, select, text, update

from statement_builder.billing.model import Record
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.document_queries import fetch_documents, is_live, select_documents
from statement_builder.ledger.records import Document
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_many, is_one_of
from statement_builder.ledger.storage.tables import (
    DID_NOT_ARRIVE,
    batch,
    candidate_hold,
    delivery,
    document,
    write_back_entry,
    write_back_file,
)
from statement_builder.ledger.storage.transactions import Repository


class WrittenBack(StrEnum):
    """What happened."""

    MAILED = "mailed"
    RETURNED = "returned"
    HELD = "held"


class WriteBackEntry(Record, kw_only=True):
    """One thing that the billing system is told once."""

    what: WrittenBack
    subject: str
    """The document, or the held candidate."""
    number: int
    """The attempt of a document, or the position of a hold."""
    day: date


class WriteBackFile(Record, kw_only=True):
    """A file for the billing system."""

    name: str
    batch_id: str
    number: int
    state: DeliveryState


class HeldAccount(Record, kw_only=True):
    """A hold as a file has it."""

    code: str
    account_number: str
    until: date | None


class WriteBackRepository(Repository):
    """`ledger.write_back`."""

    def waiting_batches(self, facility_id: str, *, since: datetime) -> list[str]:
        """Ids of the batches that may have something new: that are handing off, closed since then, or have mail that
        was returned since then."""
        was_returned = (
            select(document.c.batch_id)
            .join(delivery, delivery.c.document_id == document.c.document_id)
            .where(text(f"delivery.{DID_NOT_ARRIVE}"), delivery.c.changed_at >= since)
        )
        is_open = exists().where(
            write_back_file.c.batch_id == batch.c.batch_id, write_back_file.c.state == DeliveryState.CLAIMED.value
        )
        query = select(batch.c.batch_id).where(
            batch.c.facility_id == facility_id,
            or_(
                batch.c.state == BatchState.HANDING_OFF.value,
                batch.c.closed_at >= since,
                batch.c.batch_id.in_(was_returned),
                is_open,
            ),
        )
        with self._read() as connection:
            return list(connection.execute(query.order_by(batch.c.batch_id)).scalars())

    def unwritten(self, batch_id: str, *, local_date: Callable[[datetime], date], limit: int) -> list[WriteBackEntry]:
        """Mailings, returns, and holds of the batch that are in no file, at most so many. `local_date` gives the
        facility's day of a moment."""
        mailed = (
            select(document.c.document_id, delivery.c.attempt, document.c.mailed_on)
            .join(delivery, and_(delivery.c.document_id == document.c.document_id, is_live(delivery)))
            .where(
                document.c.batch_id == batch_id,
                document.c.state == DocumentState.HANDED_OFF.value,
                document.c.mailed_on.is_not(None),
                ~_is_written(WrittenBack.MAILED, document.c.document_id, delivery.c.attempt, document.c.mailed_on),
            )
            .order_by(document.c.sequence, document.c.position)
        )
        returned = (
            select(document.c.document_id, delivery.c.attempt, delivery.c.changed_at)
            .join(delivery, delivery.c.document_id == document.c.document_id)
            .where(
                document.c.batch_id == batch_id,
                text(f"delivery.{DID_NOT_ARRIVE}"),
                ~_is_written(WrittenBack.RETURNED, document.c.document_id, delivery.c.attempt),
            )
            .order_by(document.c.sequence, document.c.position, delivery.c.attempt)
        )
        held = (
            select(candidate_hold.c.subject, candidate_hold.c.position, batch.c.as_of)
            .join(batch, batch.c.batch_id == candidate_hold.c.batch_id)
            .where(
                candidate_hold.c.batch_id == batch_id,
                ~_is_written(WrittenBack.HELD, candidate_hold.c.subject, candidate_hold.c.position),
            )
            .order_by(candidate_hold.c.subject, candidate_hold.c.position)
        )
        found: list[WriteBackEntry] = []
        with self._read() as connection:
            for what, query in (
                (WrittenBack.MAILED, mailed),
                (WrittenBack.RETURNED, returned),
                (WrittenBack.HELD, held),
            ):
                for subject, number, when in connection.execute(query.limit(limit - len(found))):
                    day = local_date(when) if isinstance(when, datetime) else when
                    found.append(WriteBackEntry(what=what, subject=subject, number=number, day=day))
        return found

    def for_batch(self, batch_id: str) -> list[WriteBackFile]:
        """The batch's files in order."""
        with self._read() as connection:
            return _read_files(connection, write_back_file.c.batch_id == batch_id)

    def entries(self, name: str) -> list[WriteBackEntry]:
        """The entries of a file, in the order of its lines."""
        order = (write_back_entry.c.what, write_back_entry.c.subject, write_back_entry.c.number)
        query = select(write_back_entry).where(write_back_entry.c.write_back_file == name).order_by(*order)
        with self._read() as connection:
            return [
                WriteBackEntry(what=WrittenBack(row.what), subject=row.subject, number=row.number, day=row.day)
                for row in connection.execute(query)
            ]

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """Documents by id, with their accounts."""
        found: dict[str, Document] = {}
        with self._read() as connection:
            for some in in_chunks(document_ids):
                query = select_documents().where(document.c.document_id.in_(some))
                found |= {each.document_id: each for each in fetch_documents(connection, query)}
        return found

    def holds(self, batch_id: str, subjects: Sequence[str]) -> dict[tuple[str, int], HeldAccount]:
        """The holds on these candidates, by candidate and position."""
        query = select(candidate_hold).where(candidate_hold.c.batch_id == batch_id, is_one_of(candidate_hold.c.subject))
        found: dict[tuple[str, int], HeldAccount] = {}
        with self._read() as connection:
            for some in in_chunks(subjects):
                for row in connection.execute(query, {"ids": some}):
                    found[row.subject, row.position] = HeldAccount(
                        code=row.code, account_number=row.account_number, until=row.until
                    )
        return found

    def claim(
        self, name: str, *, batch_id: str, number: int, entries: Sequence[WriteBackEntry], at: datetime
    ) -> WriteBackFile:
        """Claim a file and its entries. InvariantError when the name, or one of the entries, is claimed."""
        claimed = {"state": DeliveryState.CLAIMED.value, "claimed_at": at, "changed_at": at}
        rows = [
            {
                "batch_id": batch_id,
                "what": each.what.value,
                "subject": each.subject,
                "number": each.number,
                "day": each.day,
                "write_back_file": name,
            }
            for each in entries
        ]
        with self._write() as connection:
            values = {"name": name, "batch_id": batch_id, "number": number, "sha256": "", **claimed}
            connection.execute(insert(write_back_file).values(values))
            insert_many(connection, write_back_entry, rows)
            _note(connection, batch_id, name, DeliveryState.CLAIMED, at)
            return _read_files(connection, write_back_file.c.name == name)[0]

    def record_content(self, name: str, *, sha256: str, at: datetime) -> None:
        """Record which lines are about to be delivered."""
        with self._write() as connection:
            mine = (write_back_file.c.name == name) & (write_back_file.c.state == DeliveryState.CLAIMED.value)
            connection.execute(update(write_back_file).where(mine).values(sha256=sha256, changed_at=at))

    def mark_delivered(self, name: str, *, at: datetime) -> None:
        """Record that the billing system has the file; recording it twice changes nothing."""
        with self._write() as connection:
            (found,) = _read_files(connection, write_back_file.c.name == name)
            if found.state is DeliveryState.SENT:
                return
            sent = {"state": DeliveryState.SENT.value, "changed_at": at}
            connection.execute(update(write_back_file).where(write_back_file.c.name == name).values(sent))
            _note(connection, found.batch_id, name, DeliveryState.SENT, at)


def _is_written(
    what: WrittenBack,
    subject: ColumnElement[str],
    number: ColumnElement[int],
    day: ColumnElement[date | None] | None = None,
) -> ColumnElement[bool]:
    """Of a query on documents or holds: a file has it. With `day`, of that day only."""
    batch_id = document.c.batch_id if what is not WrittenBack.HELD else candidate_hold.c.batch_id
    conditions = [
        write_back_entry.c.batch_id == batch_id,
        write_back_entry.c.what == what.value,
        write_back_entry.c.subject == subject,
        write_back_entry.c.number == number,
    ]
    if day is not None:
        conditions.append(write_back_entry.c.day == day)
    return exists().where(*conditions)


def _read_files(connection: Connection, where: ColumnElement[bool]) -> list[WriteBackFile]:
    query = select(write_back_file).where(where).order_by(write_back_file.c.number)
    return [
        WriteBackFile(name=row.name, batch_id=row.batch_id, number=row.number, state=DeliveryState(row.state))
        for row in connection.execute(query)
    ]


def _note(connection: Connection, batch_id: str, name: str, state: DeliveryState, at: datetime) -> None:
    write_event(connection, at=at, actor=SERVICE, batch_id=batch_id, subject=name, what=state.value, why="write-back")
