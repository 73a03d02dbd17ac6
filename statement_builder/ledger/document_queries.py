"""Read and lock documents and their attempts inside a transaction: shared by the repositories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, or_, select

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.billing.selection import Kind
from statement_builder.errors import InvariantError
from statement_builder.ledger.records import Delivery, Document
from statement_builder.ledger.row_mapping import to_delivery, to_document
from statement_builder.ledger.states import TERMINAL_FAILURES, DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import delivery, document, document_account, redelivery

_live = delivery.alias("live")


def is_live(attempt: FromClause) -> ColumnElement[bool]:
    """The attempt has not failed for good. Must match the condition of the index `delivery_one_live`."""
    return attempt.c.state.not_in([state.value for state in TERMINAL_FAILURES])


_IS_LIVE = and_(_live.c.document_id == document.c.document_id, is_live(_live))
IS_UNCERTAIN = _live.c.state == DeliveryState.UNCERTAIN.value
"""Of a query built on `select_documents`: the outcome of the live attempt is unknown."""
_due = redelivery.alias("due")
IS_REDELIVERY_DUE = exists().where(_due.c.document_id == document.c.document_id)
IS_PENDING = or_(document.c.state == DocumentState.RENDERED.value, IS_REDELIVERY_DUE)
"""The document is still to be handed off, or due for redelivery; it may already be in a live attempt."""
IS_TO_ESTATE = document.c.kind.in_([kind.value for kind in Kind if kind.traits.is_estate])
"""The document goes to the representative of a guarantor who has died, so the death does not stop it."""


def supersedes(newer: FromClause) -> ColumnElement[bool]:
    """The document replaces the one it was made from: it is a correction, and was not withheld itself."""
    return and_(newer.c.revision_of != "", newer.c.is_copy.is_(False), newer.c.state != DocumentState.WITHHELD.value)


def select_documents() -> Select[Any]:
    """Documents with the state of their live attempt and whether redelivery is due."""
    return (
        select(
            document,
            _live.c.state.label("delivery_state"),
            redelivery.c.since.label("due_since"),
            redelivery.c.readdressed,
        )
        .outerjoin(_live, _IS_LIVE)
        .outerjoin(redelivery, redelivery.c.document_id == document.c.document_id)
    )


def fetch_documents(connection: Connection, query: Select[Any]) -> list[Document]:
    """The documents of a query built on `select_documents`, with their accounts."""
    found = connection.execute(query)
    names = tuple(found.keys())
    rows = [dict(zip(names, row, strict=True)) for row in found]
    accounts = _read_accounts(connection, [row["document_id"] for row in rows])
    return [to_document(row, accounts.get(row["document_id"], ())) for row in rows]


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


def read_document(connection: Connection, document_id: str) -> Document | None:
    found = fetch_documents(connection, select_documents().where(document.c.document_id == document_id))
    return found[0] if found else None


def read_revisions(connection: Connection, document_id: str) -> list[Document]:
    """A document with the original, copies and corrections that belong to it (those of one batch and guarantor), by
    revision. Empty for an unknown id."""
    own = select(document.c.batch_id, document.c.guarantor_id).where(document.c.document_id == document_id).subquery()
    mine = and_(document.c.batch_id == own.c.batch_id, document.c.guarantor_id == own.c.guarantor_id)
    return fetch_documents(connection, select_documents().join(own, mine).order_by(document.c.revision))


def is_other_recipient_of(guarantor_id: str) -> ColumnElement[bool]:
    """The document goes to another recipient of this guarantor's mail. Ids sort by bytes, so an index answers."""
    first = f"{guarantor_id}{RECIPIENT_SEPARATOR}"
    return (document.c.guarantor_id >= first) & (document.c.guarantor_id < f"{first}\U0010ffff")


def lock_document(connection: Connection, document_id: str) -> Document:
    """One document, locked until this transaction ends. InvariantError for an unknown id."""
    connection.execute(select(document.c.state).where(document.c.document_id == document_id).with_for_update())
    found = read_document(connection, document_id)
    if found is None:
        raise InvariantError(f"document {document_id} is not in the ledger")
    return found


def lock_documents(connection: Connection, document_ids: Sequence[str]) -> dict[str, str]:
    """Document id → batch id; the documents are locked until this transaction ends. InvariantError for an unknown
    id."""
    found: dict[str, str] = {}
    query = select(document.c.document_id, document.c.batch_id).where(is_one_of(document.c.document_id))
    query = query.order_by(document.c.document_id).with_for_update()
    for ids in in_chunks(sorted(document_ids)):
        found |= {row.document_id: row.batch_id for row in connection.execute(query, {"ids": ids})}
    if missing := set(document_ids) - found.keys():
        raise InvariantError(f"document {min(missing)} is not in the ledger")
    return found


def read_deliveries(connection: Connection, document_ids: Sequence[str]) -> dict[str, tuple[Delivery, ...]]:
    """Document id → its attempts, first to last."""
    found: defaultdict[str, list[Delivery]] = defaultdict(list)
    query = select(delivery).where(is_one_of(delivery.c.document_id))
    query = query.order_by(delivery.c.document_id, delivery.c.attempt)
    for ids in in_chunks(document_ids):
        for row in connection.execute(query, {"ids": ids}).mappings():
            found[row["document_id"]].append(to_delivery(dict(row)))
    return {document_id: tuple(attempts) for document_id, attempts in found.items()}


def read_live_deliveries(connection: Connection, document_ids: Sequence[str]) -> dict[str, Delivery]:
    """Document id → its live attempt, for the documents that have one."""
    found: dict[str, Delivery] = {}
    query = select(delivery).where(is_one_of(delivery.c.document_id), is_live(delivery))
    for ids in in_chunks(document_ids):
        rows = connection.execute(query, {"ids": ids}).mappings()
        found |= {row["document_id"]: to_delivery(dict(row)) for row in rows}
    return found
