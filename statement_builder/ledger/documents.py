"""Documents: find them, list what is still to be handed off, withhold one, change its channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, not_, or_, select, text, update

from statement_builder.billing.model import CausedLetter
from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.event_data import Withheld
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.document_queries import (
    IS_PENDING,
    IS_REDELIVERY_DUE,
    IS_UNCERTAIN,
    fetch_documents,
    is_live,
    is_other_recipient_of,
    lock_document,
    read_deliveries,
    read_document,
    read_revisions,
    select_documents,
    supersedes,
)
from statement_builder.ledger.records import Document, FoundDocument
from statement_builder.ledger.row_mapping import hold_row
from statement_builder.ledger.states import BatchState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import (
    IS_REISSUE,
    UNCERTAIN,
    batch,
    candidate,
    candidate_hold,
    delivery,
    document,
    document_account,
    redelivery,
)
from statement_builder.ledger.storage.transactions import Repository

PREFIX_MIN = 8
"""The shortest document id prefix that `find` accepts."""


class DocumentRepository(Repository):
    """`ledger.documents`. `ledger.shards.record_built` and `ledger.reissues.record` write them."""

    def get(self, document_id: str) -> Document | None:
        """One document; None for an unknown id."""
        with self._read() as connection:
            return read_document(connection, document_id)

    def for_batch(
        self,
        batch_id: str,
        *,
        channel: Channel | None = None,
        state: DocumentState | None = None,
        sequence: int | None = None,
        reissues: bool | None = None,
    ) -> list[Document]:
        """The batch's documents in mailing order. `sequence` selects one shard. `reissues` selects only the copies and
        corrections (True) or only the originals (False)."""
        query = select_documents().where(document.c.batch_id == batch_id)
        if reissues is not None:
            query = query.where(text(IS_REISSUE) if reissues else document.c.revision_of == "")
        if channel is not None:
            query = query.where(document.c.channel == channel.value)
        if state is not None:
            query = query.where(document.c.state == state.value)
        if sequence is not None:
            query = query.where(document.c.sequence == sequence)
        with self._read() as connection:
            return fetch_documents(connection, query.order_by(document.c.sequence, document.c.position))

    def pending(
        self,
        batch_id: str,
        *,
        channel: Channel | None = None,
        sequence: int | None = None,
        recipients: Sequence[str] | None = None,
    ) -> list[Document]:
        """The batch's documents that are still to be handed off or due for redelivery, in mailing order. Those with a
        `delivery_state` are in a live attempt already. `recipients`, at most `IDS_MAX`, selects theirs."""
        query = select_documents().where(document.c.batch_id == batch_id, IS_PENDING)
        if recipients is not None:
            query = query.where(document.c.guarantor_id.in_(recipients))
        if channel is not None:
            query = query.where(document.c.channel == channel.value)
        if sequence is not None:
            query = query.where(document.c.sequence == sequence)
        with self._read() as connection:
            return fetch_documents(connection, query.order_by(document.c.sequence, document.c.position))

    def unclaimed_recipients(self, batch_id: str, sequence: int) -> list[tuple[str, bool, bool]]:
        """Of a shard's `pending` documents without a live attempt: the recipient, and whether it is a correction or a
        copy."""
        live = exists().where(delivery.c.document_id == document.c.document_id, is_live(delivery))
        query = (
            select(document.c.guarantor_id, document.c.revision_of, document.c.is_copy)
            .where(document.c.batch_id == batch_id, document.c.sequence == sequence, IS_PENDING, ~live)
            .order_by(document.c.position)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [(recipient, bool(revision_of) and not is_copy, is_copy) for recipient, revision_of, is_copy in rows]

    def uncertain(self, batch_id: str) -> list[Document]:
        """Those of `pending` whose hand-off has an unknown outcome."""
        query = select_documents().where(document.c.batch_id == batch_id, IS_PENDING, IS_UNCERTAIN)
        query = query.where(document.c.document_id.in_(select(delivery.c.document_id).where(text(UNCERTAIN))))
        with self._read() as connection:
            return fetch_documents(connection, query.order_by(document.c.sequence, document.c.position))

    def pending_sequences(self, batch_id: str) -> set[int]:
        """The shards that have a document in `pending`."""
        query = select(document.c.sequence).distinct().where(document.c.batch_id == batch_id, IS_PENDING)
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def revisions(self, document_id: str) -> list[Document]:
        """A document with the original, copies and corrections that belong to it, by revision."""
        with self._read() as connection:
            return read_revisions(connection, document_id)

    def open_kinds(
        self, facility_id: str, guarantor_ids: Sequence[str], *, excluding_batch: str
    ) -> dict[str, tuple[Kind, ...]]:
        """Guarantor → kinds of document that other open batches are still to hand off, that are due for redelivery, or
        that were handed off again after a failed attempt and are not reported as mailed yet."""
        failed = delivery.alias("failed")
        is_on_its_way = and_(
            document.c.state == DocumentState.HANDED_OFF.value,
            document.c.mailed_on.is_(None),
            exists().where(delivery.c.document_id == document.c.document_id, is_live(delivery)),
            exists().where(failed.c.document_id == document.c.document_id, not_(is_live(failed))),
        )
        found: defaultdict[str, set[Kind]] = defaultdict(set)
        query = (
            select(document.c.guarantor_id, document.c.kind)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(
                is_one_of(document.c.guarantor_id),
                or_(
                    and_(document.c.state == DocumentState.RENDERED.value, batch.c.state != BatchState.CLOSED.value),
                    IS_REDELIVERY_DUE,
                    is_on_its_way,
                ),
                document.c.is_copy.is_(False),
                document.c.batch_id != excluding_batch,
                batch.c.facility_id == facility_id,
            )
        )
        with self._read() as connection:
            for ids in in_chunks(guarantor_ids):
                for guarantor_id, kind in connection.execute(query, {"ids": ids}):
                    found[guarantor_id].add(Kind(kind))
        return {guarantor_id: tuple(sorted(kinds)) for guarantor_id, kinds in found.items()}

    def caused_letters(
        self, facility_id: str, guarantor_ids: Sequence[str], *, excluding_batch: str
    ) -> dict[str, tuple[CausedLetter, ...]]:
        """Guarantor → the letters that answer an event and were handed off, as if `excluding_batch` had made none.

        A letter counts from its hand-off, before its mailing is reported, so that tomorrow's batch does not repeat it.
        One that was rejected, recalled or returned does not count: nobody got it.
        """
        found: defaultdict[str, list[CausedLetter]] = defaultdict(list)
        live = exists().where(delivery.c.document_id == document.c.document_id, is_live(delivery))
        query = (
            select(document.c.guarantor_id, document.c.kind, document.c.cause_id, document.c.mailed_on)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(
                is_one_of(document.c.guarantor_id),
                document.c.cause_id != "",
                document.c.is_copy.is_(False),
                document.c.state == DocumentState.HANDED_OFF.value,
                or_(document.c.mailed_on.is_not(None), live),
                document.c.batch_id != excluding_batch,
                batch.c.facility_id == facility_id,
            )
            .order_by(document.c.guarantor_id, document.c.kind, document.c.cause_id, document.c.document_id)
        )
        with self._read() as connection:
            for ids in in_chunks(guarantor_ids):
                for guarantor_id, kind, cause_id, mailed_on in connection.execute(query, {"ids": ids}):
                    found[guarantor_id].append(CausedLetter(kind=kind, cause_id=cause_id, mailed_on=mailed_on))
        return {guarantor_id: tuple(letters) for guarantor_id, letters in found.items()}

    def find(self, text: str, limit: int = 50) -> list[FoundDocument]:
        """Documents by document id (or at least its first 8 characters), guarantor, recipient, account or batch id;
        newest first. A guarantor's include those for other recipients."""
        found: dict[str, Document] = {}
        with self._read() as connection:
            for where in _search_conditions(text):
                newest = select_documents().where(where).order_by(document.c.issued_on.desc(), document.c.document_id)
                found |= {each.document_id: each for each in fetch_documents(connection, newest.limit(limit))}
            # All documents of a batch are issued on one day, and the index returns them in mailing order.
            first = select_documents().where(document.c.batch_id == text)
            first = first.order_by(document.c.sequence, document.c.position).limit(limit)
            found |= {each.document_id: each for each in fetch_documents(connection, first)}
            attempts = read_deliveries(connection, list(found))
            replaced = _read_replaced(connection, list(found.values()))
        newest_first = sorted(
            found.values(), key=lambda d: (-d.issued_on.toordinal(), d.batch_id, d.sequence, d.position)
        )
        return [
            FoundDocument(
                document=each,
                deliveries=attempts.get(each.document_id, ()),
                replaced_by=replaced.get(each.document_id, ""),
            )
            for each in newest_first[:limit]
        ]

    def withhold(self, document_id: str, holds: Sequence[Hold], *, actor: str, at: datetime, why: str = "") -> bool:
        """Withhold a document that is still to be handed off; False when a live attempt makes it too late."""
        with self._write() as connection:
            return withhold(connection, document_id, holds, actor=actor, at=at, why=why)

    def change_channel(self, document_id: str, channel: Channel, *, actor: str, at: datetime, why: str) -> None:
        """Send a pending document by another channel, such as refused e-mail on paper. InvariantError while an attempt
        is live."""
        with self._write() as connection:
            found = lock_document(connection, document_id)
            if found.channel is channel:
                return
            is_pending = found.state is DocumentState.RENDERED or found.is_redelivery_due
            if not is_pending or found.delivery_state is not None:
                raise InvariantError(f"document {document_id} is on its way: its channel cannot change")
            _update(connection, document_id, channel=channel.value)
            what = f"channel {channel.value}"
            write_event(
                connection, at=at, actor=actor, batch_id=found.batch_id, subject=document_id, what=what, why=why
            )


def withhold(
    connection: Connection, document_id: str, holds: Sequence[Hold], *, actor: str, at: datetime, why: str = ""
) -> bool:
    """Withhold a pending document; False when a live attempt makes it too late.

    A document that was handed off once and is due for redelivery stays handed off: only its redelivery is canceled.
    """
    found = lock_document(connection, document_id)
    if found.state is DocumentState.WITHHELD:
        return True
    if found.state is DocumentState.ERROR:
        raise InvariantError(f"document {document_id} was never rendered: there is nothing to withhold")
    if found.delivery_state is not None or (found.state is DocumentState.HANDED_OFF and not found.is_redelivery_due):
        return False
    mine = (candidate_hold.c.batch_id == found.batch_id) & (candidate_hold.c.subject == found.guarantor_id)
    last = connection.execute(select(func.coalesce(func.max(candidate_hold.c.position), 0)).where(mine)).scalar_one()
    amounts = select(candidate.c.balance_cents - candidate.c.amount_cents)
    is_mine = (candidate.c.batch_id == found.batch_id) & (candidate.c.subject == found.guarantor_id)
    held_cents = connection.execute(amounts.where(is_mine)).scalar_one()
    rows = [
        hold_row(found.batch_id, found.guarantor_id, last + n, hold, late=True, held_cents=held_cents)
        for n, hold in enumerate(holds, 1)
    ]
    if not rows:
        raise InvariantError(f"document {document_id} cannot be withheld without a reason")
    connection.execute(insert(candidate_hold), rows)
    connection.execute(delete(redelivery).where(redelivery.c.document_id == document_id))
    if found.state is DocumentState.RENDERED:
        _update(connection, document_id, state=DocumentState.WITHHELD.value)
    codes = tuple(sorted({hold.code for hold in holds}))
    write_event(
        connection,
        at=at,
        actor=actor,
        batch_id=found.batch_id,
        subject=document_id,
        what=DocumentState.WITHHELD.value,
        why=" ".join((*codes, why)).strip(),
        data=Withheld(codes=codes, reason=why),
    )
    return True


def _read_replaced(connection: Connection, documents: Sequence[Document]) -> dict[str, str]:
    """Document id → the correction that replaces it, for the documents that have one."""
    found: dict[str, str] = {}
    query = select(document.c.revision_of, document.c.document_id).where(
        is_one_of(document.c.guarantor_id, "guarantor_ids"),
        is_one_of(document.c.revision_of),
        supersedes(document),
    )
    for some in in_chunks(documents):
        values = {
            "guarantor_ids": [each.guarantor_id for each in some],
            "ids": [each.document_id for each in some],
        }
        found |= {row.revision_of: row.document_id for row in connection.execute(query, values)}
    return found


def _search_conditions(text: str) -> list[ColumnElement[bool]]:
    """One condition per index, so that each is a look-up instead of a scan of a million rows."""
    accounts = select(document_account.c.document_id).where(document_account.c.account_number == text)
    conditions = [
        document.c.guarantor_id == text,
        is_other_recipient_of(text),
        document.c.document_id.in_(accounts),
    ]
    prefix = text.lower()
    if len(prefix) >= PREFIX_MIN:
        # Ids sort by bytes and "g" follows every hexadecimal digit, so the primary key answers this range.
        conditions.append((document.c.document_id >= prefix) & (document.c.document_id < prefix + "g"))
    return conditions


def _update(connection: Connection, document_id: str, **values: str) -> None:
    connection.execute(update(document).where(document.c.document_id == document_id).values(values))
