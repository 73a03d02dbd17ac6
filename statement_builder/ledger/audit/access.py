"""The access log: who looked at whose data, when, and why (45 CFR 164.312(b), 164.528)."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, insert, select

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.ledger.audit.event_data import Accessed, decode_event_data
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.records import Access, AccessSubject
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_many, is_one_of
from statement_builder.ledger.storage.tables import access, access_subject, document, event
from statement_builder.ledger.storage.transactions import Repository

ACCESS = "access"
"""The batch id of the events that put an access into the event log; their subject is the number of the access."""


class AccessRepository(Repository):
    """`ledger.access`."""

    def record(
        self,
        what: str,
        subjects: Sequence[AccessSubject],
        *,
        batch_id: str = "",
        purpose: str = "",
        actor: str,
        at: datetime,
    ) -> None:
        """Record that `actor` is about to see data of these subjects, each once. A document without its guarantor gets
        it from the ledger, and a recipient counts as the guarantor whose account it is.

        An access that names somebody is also an event."""
        head = {"at": at, "actor": actor, "what": what, "batch_id": batch_id, "purpose": purpose}
        with self._write() as connection:
            complete = _add_guarantors(connection, dict.fromkeys(subjects))
            access_id: int = connection.execute(
                insert(access).values(**head).returning(access.c.access_id)
            ).scalar_one()
            rows = [
                {"access_id": access_id, "position": position, **asdict(each)}
                for position, each in enumerate(complete, start=1)
            ]
            if not rows:
                return
            insert_many(connection, access_subject, rows)
            data = Accessed(subjects=len(rows), sha256=digest_access(head, complete))
            write_event(
                connection, at=at, actor=actor, batch_id=ACCESS, subject=str(access_id), what="accessed", data=data
            )

    def for_guarantor(self, guarantor_id: str, *, since: datetime) -> list[Access]:
        """Every access to data of this guarantor from `since` on, oldest first."""
        query = (
            select(access, access_subject.c.document_id)
            .join(access_subject, access_subject.c.access_id == access.c.access_id)
            .where(access_subject.c.guarantor_id == guarantor_id, access.c.at >= since)
            .order_by(access.c.access_id, access_subject.c.position)
        )
        with self._read() as connection:
            rows = list(connection.execute(query).mappings())
        found = []
        for _, mine in groupby(rows, key=lambda row: row["access_id"]):
            each = [dict(row) for row in mine]
            ids = tuple(row.pop("document_id") for row in each)
            found.append(Access(**each[0], document_ids=tuple(filter(None, ids))))
        return found

    def verify(self) -> int | None:
        """The number of the first access that is not as its event says; None if all are."""
        query = select(event.c.subject, event.c.data).where(event.c.batch_id == ACCESS).order_by(event.c.event_id)
        with self._read() as connection:
            said = {int(subject): decode_event_data(data) for subject, data in connection.execute(query)}
            with closing(_read_all(connection)) as accesses:
                for access_id, head, subjects in accesses:
                    data = said.pop(access_id, None)
                    if data is None and not subjects:
                        continue
                    if not isinstance(data, Accessed) or data.sha256 != digest_access(head, subjects):
                        return access_id
        return min(said, default=None)


def digest_access(head: dict[str, Any], subjects: Sequence[AccessSubject]) -> str:
    """The SHA-256 of an access and its subjects, as JSON. The encoding is permanent: stored digests depend on it."""
    moment = head["at"].astimezone(UTC).isoformat(timespec="microseconds")
    values = (
        [moment, head["actor"], head["what"], head["batch_id"], head["purpose"]],
        [[each.guarantor_id, each.document_id] for each in subjects],
    )
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


def _add_guarantors(
    connection: Connection, subjects: Sequence[AccessSubject] | dict[AccessSubject, None]
) -> list[AccessSubject]:
    missing = [each.document_id for each in subjects if not each.guarantor_id]
    query = select(document.c.document_id, document.c.guarantor_id).where(is_one_of(document.c.document_id))
    owners: dict[str, str] = {}
    for ids in in_chunks(missing):
        owners |= {row.document_id: row.guarantor_id for row in connection.execute(query, {"ids": ids})}
    return [
        replace(each, guarantor_id=guarantor_of(each.guarantor_id or owners.get(each.document_id, "")))
        for each in subjects
    ]


def _read_all(connection: Connection) -> Generator[tuple[int, dict[str, Any], list[AccessSubject]], None, None]:
    """Each access in order, with its subjects in order."""
    query = (
        select(access, access_subject.c.guarantor_id, access_subject.c.document_id)
        .outerjoin(access_subject, access_subject.c.access_id == access.c.access_id)
        .order_by(access.c.access_id, access_subject.c.position)
    )
    with connection.execution_options(yield_per=5_000).execute(query) as rows:
        for access_id, mine in groupby(rows.mappings(), key=lambda row: row["access_id"]):
            each = list(mine)
            subjects = [
                AccessSubject(guarantor_id=row["guarantor_id"], document_id=row["document_id"])
                for row in each
                if row["guarantor_id"] is not None
            ]
            yield access_id, dict(each[0]), subjects
