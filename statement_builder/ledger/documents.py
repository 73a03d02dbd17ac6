"""Read documents, hold one back at the last moment, and answer a clerk's question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.errors import InvariantError
from statement_builder.ledger.events import write_event
from statement_builder.ledger.records import Delivery, Document, FoundDocument
from statement_builder.ledger.shards import hold_row
from statement_builder.ledger.sql_compat import is_one_of
from statement_builder.ledger.states import TERMINAL_FAILURES, BatchState, DeliveryState, DocumentState
from statement_builder.ledger.tables import batch, candidate_hold, delivery, document, document_account, follow_up

_Each = TypeVar("_Each")

IDS_MAX = 500
"""How many ids go into one query, so that what it answers stays small."""
PREFIX_MIN = 8
"""The shortest beginning of a document id that `find` takes for one."""

_live = delivery.alias("live")


def is_live(attempt: FromClause) -> ColumnElement[bool]:
    """Something may still come of this attempt: the condition of the unique index, in its own words."""
    return attempt.c.state.not_in([state.value for state in DeliveryState if state in TERMINAL_FAILURES])


_IS_LIVE = and_(_live.c.document_id == document.c.document_id, is_live(_live))
_again = follow_up.alias("again")
_IS_DUE_AGAIN = exists().where(_again.c.document_id == document.c.document_id)
IS_WAITING = or_(document.c.state == DocumentState.RENDERED.value, _IS_DUE_AGAIN)
"""A document that is to go out and has not, or has to go out again; it may be in a live attempt already."""


def read_documents(
    connection: Connection,
    batch_id: str,
    *,
    channel: Channel | None = None,
    state: DocumentState | None = None,
    sequence: int | None = None,
    extras: bool | None = None,
) -> list[Document]:
    """The batch's documents in mailing order."""
    query = _documents().where(document.c.batch_id == batch_id)
    if extras is not None:
        query = query.where((document.c.revision_of != "") == extras)
    if channel is not None:
        query = query.where(document.c.channel == channel.value)
    if state is not None:
        query = query.where(document.c.state == state.value)
    if sequence is not None:
        query = query.where(document.c.sequence == sequence)
    return _fetch(connection, query.order_by(document.c.sequence, document.c.position))


def read_waiting(
    connection: Connection, batch_id: str, *, channel: Channel | None = None, sequence: int | None = None
) -> list[Document]:
    """The batch's documents that are to go out, or to go out again, in mailing order; some may be on their way."""
    query = _documents().where(document.c.batch_id == batch_id, IS_WAITING)
    if channel is not None:
        query = query.where(document.c.channel == channel.value)
    if sequence is not None:
        query = query.where(document.c.sequence == sequence)
    return _fetch(connection, query.order_by(document.c.sequence, document.c.position))


def batches_due_again(connection: Connection, facility_id: str) -> list[str]:
    """The batches that have documents to go out again."""
    query = (
        select(document.c.batch_id)
        .join(follow_up, follow_up.c.document_id == document.c.document_id)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .where(batch.c.facility_id == facility_id)
    )
    return list(connection.execute(query.distinct().order_by(document.c.batch_id)).scalars())


def read_document(connection: Connection, document_id: str) -> Document | None:
    found = _fetch(connection, _documents().where(document.c.document_id == document_id))
    return found[0] if found else None


def read_family(connection: Connection, document_id: str) -> list[Document]:
    """A document with its copies and corrections, and what it copies or corrects: those of one batch and guarantor, by
    revision. Nothing where it is not there."""
    own = select(document.c.batch_id, document.c.guarantor_id).where(document.c.document_id == document_id).subquery()
    mine = and_(document.c.batch_id == own.c.batch_id, document.c.guarantor_id == own.c.guarantor_id)
    return _fetch(connection, _documents().join(own, mine).order_by(document.c.revision))


def lock_document(connection: Connection, document_id: str) -> Document:
    """One document that nobody else changes before this transaction ends; InvariantError when it is not there."""
    connection.execute(select(document.c.state).where(document.c.document_id == document_id).with_for_update())
    found = read_document(connection, document_id)
    if found is None:
        raise InvariantError(f"document {document_id} is not in the ledger")
    return found


def lock_documents(connection: Connection, document_ids: Sequence[str]) -> dict[str, str]:
    """Document id to batch id; nobody else changes these documents before this transaction ends. InvariantError when
    one is not there."""
    found: dict[str, str] = {}
    query = select(document.c.document_id, document.c.batch_id).where(is_one_of(document.c.document_id))
    query = query.order_by(document.c.document_id).with_for_update()
    for ids in in_chunks(sorted(document_ids)):
        found |= {row.document_id: row.batch_id for row in connection.execute(query, {"ids": ids})}
    if missing := set(document_ids) - found.keys():
        raise InvariantError(f"document {min(missing)} is not in the ledger")
    return found


def withhold(
    connection: Connection, document_id: str, holds: Sequence[Hold], *, actor: str, at: datetime, why: str = ""
) -> bool:
    """Hold back a document that waits; False where it is too late because an attempt to hand it off is live.

    What left once and came back stays handed off: only its next attempt is given up.
    """
    found = lock_document(connection, document_id)
    if found.state is DocumentState.WITHHELD:
        return True
    if found.state is DocumentState.ERROR:
        raise InvariantError(f"document {document_id} was never rendered: there is nothing to withhold")
    if found.delivery_state is not None or (found.state is DocumentState.HANDED_OFF and not found.due_again):
        return False
    mine = (candidate_hold.c.batch_id == found.batch_id) & (candidate_hold.c.subject == found.guarantor_id)
    last = connection.execute(select(func.coalesce(func.max(candidate_hold.c.position), 0)).where(mine)).scalar_one()
    rows = [hold_row(found.batch_id, found.guarantor_id, last + n, hold, late=True) for n, hold in enumerate(holds, 1)]
    if not rows:
        raise InvariantError(f"document {document_id} cannot be withheld without a reason")
    connection.execute(insert(candidate_hold), rows)
    connection.execute(delete(follow_up).where(follow_up.c.document_id == document_id))
    if found.state is DocumentState.RENDERED:
        _set(connection, document_id, state=DocumentState.WITHHELD.value)
    why = " ".join((*sorted({hold.code for hold in holds}), why)).strip()
    write_event(connection, at=at, actor=actor, batch_id=found.batch_id, subject=document_id, what="withheld", why=why)
    return True


def change_channel(
    connection: Connection, document_id: str, channel: Channel, *, actor: str, at: datetime, why: str
) -> None:
    """Send a rendered document another way: refused e-mail goes to print. InvariantError while an attempt is live."""
    found = lock_document(connection, document_id)
    if found.channel is channel:
        return
    waits = found.state is DocumentState.RENDERED or found.due_again
    if not waits or found.delivery_state is not None:
        raise InvariantError(f"document {document_id} is on its way: its channel cannot change")
    _set(connection, document_id, channel=channel.value)
    what = f"channel {channel.value}"
    write_event(connection, at=at, actor=actor, batch_id=found.batch_id, subject=document_id, what=what, why=why)


def open_documents(
    connection: Connection, facility_id: str, guarantor_ids: Sequence[str], *, excluding_batch: str
) -> dict[str, tuple[Kind, ...]]:
    """Guarantor → kinds of document that other batches have yet to hand off, or to hand off again."""
    found: defaultdict[str, set[Kind]] = defaultdict(set)
    query = (
        select(document.c.guarantor_id, document.c.kind)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .where(
            is_one_of(document.c.guarantor_id),
            or_(
                and_(document.c.state == DocumentState.RENDERED.value, batch.c.state != BatchState.CLOSED.value),
                _IS_DUE_AGAIN,
            ),
            document.c.is_copy.is_(False),
            document.c.batch_id != excluding_batch,
            batch.c.facility_id == facility_id,
        )
    )
    for ids in in_chunks(guarantor_ids):
        for guarantor_id, kind in connection.execute(query, {"ids": ids}):
            found[guarantor_id].add(Kind(kind))
    return {guarantor_id: tuple(sorted(kinds)) for guarantor_id, kinds in found.items()}


def find(connection: Connection, text: str, limit: int) -> list[FoundDocument]:
    """Documents by document id (or its first 8 characters or more), guarantor, account or batch id; newest first."""
    documents: dict[str, Document] = {}
    for where in _ways_to_find(text):
        newest = _documents().where(where).order_by(document.c.issued_on.desc(), document.c.document_id).limit(limit)
        documents |= {found.document_id: found for found in _fetch(connection, newest)}
    # All of a batch are issued on one day, and the index has its mailing order ready.
    first = _documents().where(document.c.batch_id == text).order_by(document.c.sequence, document.c.position)
    documents |= {found.document_id: found for found in _fetch(connection, first.limit(limit))}
    attempts = read_deliveries(connection, list(documents))
    replaced = _read_replaced(connection, list(documents.values()))
    newest_first = sorted(
        documents.values(), key=lambda d: (-d.issued_on.toordinal(), d.batch_id, d.sequence, d.position)
    )
    return [
        FoundDocument(
            document=found,
            deliveries=attempts.get(found.document_id, ()),
            replaced_by=replaced.get(found.document_id, ""),
        )
        for found in newest_first[:limit]
    ]


def _read_replaced(connection: Connection, documents: Sequence[Document]) -> dict[str, str]:
    """Document id to the correction that holds in its place, for those that have one."""
    found: dict[str, str] = {}
    query = select(document.c.revision_of, document.c.document_id).where(
        is_one_of(document.c.guarantor_id, "guarantor_ids"),
        is_one_of(document.c.revision_of),
        holds_in_its_place(document),
    )
    for some in in_chunks(documents):
        values = {
            "guarantor_ids": [each.guarantor_id for each in some],
            "ids": [each.document_id for each in some],
        }
        found |= {row.revision_of: row.document_id for row in connection.execute(query, values)}
    return found


def holds_in_its_place(newer: FromClause) -> ColumnElement[bool]:
    """Whether this document replaces the one that it was made from: a correction that was not held back itself."""
    return and_(newer.c.revision_of != "", newer.c.is_copy.is_(False), newer.c.state != DocumentState.WITHHELD.value)


def read_deliveries(connection: Connection, document_ids: Sequence[str]) -> dict[str, tuple[Delivery, ...]]:
    """Document id → its attempts, first to last."""
    found: defaultdict[str, list[Delivery]] = defaultdict(list)
    query = select(delivery).where(is_one_of(delivery.c.document_id))
    query = query.order_by(delivery.c.document_id, delivery.c.attempt)
    for ids in in_chunks(document_ids):
        for row in connection.execute(query, {"ids": ids}).mappings():
            found[row["document_id"]].append(to_delivery(dict(row)))
    return {document_id: tuple(attempts) for document_id, attempts in found.items()}


def to_delivery(row: dict[str, Any]) -> Delivery:
    values = {
        "channel": Channel(row["channel"]),
        "state": DeliveryState(row["state"]),
        "print_file": row["print_file"] or "",
        "receipt": msgspec.json.decode(row["receipt"]) if row["receipt"] else None,
    }
    return Delivery(**{**row, **values})


def in_chunks(ids: Sequence[_Each]) -> Iterable[Sequence[_Each]]:
    for start in range(0, len(ids), IDS_MAX):
        yield ids[start : start + IDS_MAX]


def _ways_to_find(text: str) -> list[ColumnElement[bool]]:
    """One condition per index, so that each is a look-up and not a walk through a million rows."""
    accounts = select(document_account.c.document_id).where(document_account.c.account_number == text)
    ways = [
        document.c.guarantor_id == text,
        document.c.document_id.in_(accounts),
    ]
    beginning = text.lower()
    if len(beginning) >= PREFIX_MIN:
        # Ids sort by bytes and "g" comes after every hexadecimal digit: a range that the primary key answers.
        ways.append((document.c.document_id >= beginning) & (document.c.document_id < beginning + "g"))
    return ways


def _documents() -> Select[Any]:
    return (
        select(
            document,
            _live.c.state.label("delivery_state"),
            follow_up.c.since.label("due_since"),
            follow_up.c.readdressed,
        )
        .outerjoin(_live, _IS_LIVE)
        .outerjoin(follow_up, follow_up.c.document_id == document.c.document_id)
    )


def _fetch(connection: Connection, query: Select[Any]) -> list[Document]:
    found = connection.execute(query)
    names = tuple(found.keys())
    rows = [dict(zip(names, row, strict=True)) for row in found]
    accounts = _read_accounts(connection, [row["document_id"] for row in rows])
    return [_to_document(row, accounts.get(row["document_id"], ())) for row in rows]


def _read_accounts(connection: Connection, document_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    query = (
        select(document_account.c.document_id, document_account.c.account_number)
        .where(is_one_of(document_account.c.document_id))
        .order_by(document_account.c.document_id, document_account.c.position)
    )
    for ids in in_chunks(document_ids):
        for document_id, account in connection.execute(query, {"ids": ids}):
            found[document_id].append(account)
    return {document_id: tuple(numbers) for document_id, numbers in found.items()}


def _to_document(row: dict[str, Any], accounts: tuple[str, ...]) -> Document:
    live = row["delivery_state"]
    row["kind"] = Kind(row["kind"])
    row["channel"] = Channel(row["channel"])
    row["state"] = DocumentState(row["state"])
    row["delivery_state"] = None if live is None else DeliveryState(live)
    row["readdressed"] = bool(row["readdressed"])
    return Document(**row, accounts=accounts)


def _set(connection: Connection, document_id: str, **values: str) -> None:
    connection.execute(update(document).where(document.c.document_id == document_id).values(values))
