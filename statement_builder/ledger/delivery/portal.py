"""The patient portal: which documents it has, and in which file each was delivered.

A file is claimed with its documents before it leaves. A document is published once, and withdrawn at most once: the
keys of `portal_document` allow no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, insert, select, update

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.document_queries import fetch_documents, select_documents
from statement_builder.ledger.records import Document, NewPortalFile, PortalFileRow, PortalTotals
from statement_builder.ledger.states import VOIDED, BatchState, DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_many, is_one_of
from statement_builder.ledger.storage.tables import (
    batch,
    candidate_hold,
    document,
    event,
    portal_document,
    portal_file,
    shard,
)
from statement_builder.ledger.storage.transactions import Repository

SHOW, WITHDRAW = "show", "withdraw"
_TO_GUARANTOR = document.c.guarantor_id.not_like(f"%{RECIPIENT_SEPARATOR}%")
"""A part of the mail that goes to somebody else, such as a confidential address, is not the guarantor's to see."""


class PortalRepository(Repository):
    """`ledger.portal`."""

    def unpublished(self, batch_id: str) -> list[Document]:
        """The batch's documents that left for the guarantor and are in no feed file, in mailing order. Without copies,
        which show nothing new."""
        query = select_documents().where(document.c.batch_id == batch_id, *_may_be_shown(), ~_is_listed(SHOW))
        with self._read() as connection:
            return fetch_documents(connection, query.order_by(document.c.sequence, document.c.position))

    def to_withdraw(self, batch_id: str) -> list[Document]:
        """The batch's documents that are in a feed file, were voided since, and are not withdrawn yet. Also those of
        which only the redelivery was still to be stopped."""
        query = select_documents().where(
            document.c.batch_id == batch_id,
            document.c.document_id.in_(_voided().where(candidate_hold.c.batch_id == batch_id)),
            _is_listed(SHOW),
            ~_is_listed(WITHDRAW),
        )
        with self._read() as connection:
            return fetch_documents(connection, query.order_by(document.c.sequence, document.c.position))

    def for_batch(self, batch_id: str) -> list[PortalFileRow]:
        """The batch's feed files in order."""
        with self._read() as connection:
            return _read_files(connection, portal_file.c.batch_id == batch_id)

    def documents(self, file: PortalFileRow) -> list[Document]:
        """The documents of a feed file, in mailing order."""
        ids = [*file.shown, *file.withdrawn]
        found: list[Document] = []
        with self._read() as connection:
            for some in in_chunks(ids):
                found += fetch_documents(connection, select_documents().where(document.c.document_id.in_(some)))
        return sorted(found, key=lambda each: (each.sequence, each.position))

    def waiting_batches(self, facility_id: str) -> list[str]:
        """Ids of the batches whose feed is not complete, as far as a look at few rows tells: batches that are handing
        off, files that were claimed and not delivered, corrections in no feed file, and void documents that are still
        shown."""
        is_handing_off = batch.c.state == BatchState.HANDING_OFF.value
        has_open_file = exists().where(
            portal_file.c.batch_id == batch.c.batch_id, portal_file.c.state == DeliveryState.CLAIMED.value
        )
        in_reissue = and_(
            shard.c.batch_id == batch.c.batch_id,
            shard.c.is_reissue,
            document.c.batch_id == shard.c.batch_id,
            document.c.sequence == shard.c.sequence,
        )
        has_correction = exists().where(in_reissue, *_may_be_shown(), ~_is_listed(SHOW))
        still_shown = select(document.c.batch_id).where(
            document.c.document_id.in_(_voided()), _is_listed(SHOW), ~_is_listed(WITHDRAW)
        )
        query = select(batch.c.batch_id).where(
            batch.c.facility_id == facility_id,
            is_handing_off | has_open_file | has_correction | batch.c.batch_id.in_(still_shown),
        )
        with self._read() as connection:
            return list(connection.execute(query.order_by(batch.c.batch_id)).scalars())

    def claim(self, new: NewPortalFile, *, at: datetime) -> PortalFileRow:
        """Claim a feed file and its documents. InvariantError when the name, or one of the documents, is claimed."""
        if not new.shown and not new.withdrawn:
            raise InvariantError(f"feed file {new.name} has no documents")
        listed = [(each, SHOW) for each in new.shown] + [(each, WITHDRAW) for each in new.withdrawn]
        with self._write() as connection:
            connection.execute(
                insert(portal_file).values(
                    name=new.name,
                    batch_id=new.batch_id,
                    sequence=new.sequence,
                    cents=new.cents,
                    sha256="",
                    state=DeliveryState.CLAIMED.value,
                    claimed_at=at,
                    changed_at=at,
                )
            )
            insert_many(
                connection,
                portal_document,
                [{"document_id": each, "action": action, "portal_file": new.name} for each, action in listed],
            )
            _note(connection, new.batch_id, new.name, DeliveryState.CLAIMED, at)
            return _read_files(connection, portal_file.c.name == new.name)[0]

    def record_content(self, name: str, *, sha256: str, at: datetime) -> None:
        """Record which lines are about to be delivered."""
        with self._write() as connection:
            mine = (portal_file.c.name == name) & (portal_file.c.state == DeliveryState.CLAIMED.value)
            connection.execute(update(portal_file).where(mine).values(sha256=sha256, changed_at=at))

    def mark_delivered(self, name: str, *, at: datetime) -> None:
        """Record that the portal has the file; recording it twice changes nothing."""
        with self._write() as connection:
            (found,) = _read_files(connection, portal_file.c.name == name)
            if found.state is DeliveryState.SENT:
                return
            sent = {"state": DeliveryState.SENT.value, "changed_at": at}
            connection.execute(update(portal_file).where(portal_file.c.name == name).values(sent))
            _note(connection, found.batch_id, name, DeliveryState.SENT, at)

    def totals(self, batch_id: str) -> PortalTotals:
        """What was handed off, published, and kept from the portal."""
        in_delivered_file = exists().where(
            portal_document.c.document_id == document.c.document_id,
            portal_document.c.action == SHOW,
            portal_file.c.name == portal_document.c.portal_file,
            portal_file.c.state == DeliveryState.SENT.value,
        )
        query = select(
            func.count(),
            _sum(document.c.amount_cents),
            _sum(case((in_delivered_file, 1), else_=0)),
            _sum(case((in_delivered_file, document.c.amount_cents), else_=0)),
            _sum(case((~_TO_GUARANTOR, 1), else_=0)),
            _sum(case((~_TO_GUARANTOR, document.c.amount_cents), else_=0)),
        ).where(
            document.c.batch_id == batch_id,
            document.c.state == DocumentState.HANDED_OFF.value,
            document.c.revision_of == "",
        )
        with self._read() as connection:
            row = [int(value) for value in connection.execute(query).one()]
        return PortalTotals(handed_off=(row[0], row[1]), published=(row[2], row[3]), other_recipients=(row[4], row[5]))


def _may_be_shown() -> tuple[ColumnElement[bool], ...]:
    return document.c.state == DocumentState.HANDED_OFF.value, document.c.is_copy.is_(False), _TO_GUARANTOR


def _voided() -> Select[tuple[str]]:
    """Ids of void documents. The few holds lead to them, because nothing indexes the documents' states."""
    own = document.alias()
    return (
        select(own.c.document_id)
        .select_from(candidate_hold)
        .join(own, (own.c.batch_id == candidate_hold.c.batch_id) & (own.c.guarantor_id == candidate_hold.c.subject))
        .join(event, (event.c.batch_id == own.c.batch_id) & (event.c.subject == own.c.document_id))
        .where(
            candidate_hold.c.code == VOIDED,
            event.c.what == DocumentState.WITHHELD.value,
            event.c.data.contains(f'"{VOIDED}"'),
        )
    )


def _is_listed(action: str) -> ColumnElement[bool]:
    return exists().where(portal_document.c.document_id == document.c.document_id, portal_document.c.action == action)


def _sum(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _read_files(connection: Connection, where: ColumnElement[bool]) -> list[PortalFileRow]:
    query = select(portal_file).where(where).order_by(portal_file.c.sequence, portal_file.c.name)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    listed = _read_documents(connection, [row["name"] for row in rows])
    return [
        PortalFileRow(
            **{**row, "state": DeliveryState(row["state"])},
            shown=tuple(each for each, action in listed[row["name"]] if action == SHOW),
            withdrawn=tuple(each for each, action in listed[row["name"]] if action == WITHDRAW),
        )
        for row in rows
    ]


def _read_documents(connection: Connection, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    query = select(portal_document).where(is_one_of(portal_document.c.portal_file))
    query = query.order_by(portal_document.c.document_id)
    for some in in_chunks(names):
        for row in connection.execute(query, {"ids": some}):
            found[row.portal_file].append((row.document_id, row.action))
    return found


def _note(connection: Connection, batch_id: str, name: str, state: DeliveryState, at: datetime) -> None:
    write_event(connection, at=at, actor=SERVICE, batch_id=batch_id, subject=name, what=state.value, why="portal feed")
