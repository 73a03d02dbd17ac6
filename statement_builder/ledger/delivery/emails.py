"""E-mails: one attempt is one message. Claimed and marked in runs, one transaction per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, bindparam, select, tuple_, update

from statement_builder.billing.selection import Channel
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import SERVICE, write_events
from statement_builder.ledger.delivery.hand_off import claim_documents, encode_receipt, hand_off, require_released
from statement_builder.ledger.document_queries import lock_documents, read_live_deliveries
from statement_builder.ledger.records import Delivery, EmailMark
from statement_builder.ledger.row_mapping import to_delivery
from statement_builder.ledger.states import DeliveryState, require_hand_off_move
from statement_builder.ledger.storage.sql_compat import in_chunks
from statement_builder.ledger.storage.tables import delivery
from statement_builder.ledger.storage.transactions import Repository


class EmailRepository(Repository):
    """`ledger.emails`."""

    def claim(
        self, document_ids: Sequence[str], *, vendor: str, at: datetime, read_by: Mapping[str, date] | None = None
    ) -> tuple[Delivery, ...]:
        """Claim an attempt to e-mail each document, in the order given. `read_by` maps those that go on
        paper if nobody opens them to the last day to do so. A document with a live attempt returns that attempt
        unchanged, with `is_new` false. DocumentsWithheld, and no claim, when some have been withheld."""
        with self._write() as connection:
            batches = lock_documents(connection, document_ids)
            live = read_live_deliveries(connection, document_ids)
            new = [document_id for document_id in document_ids if document_id not in live]
            for batch_id in sorted({batches[document_id] for document_id in new}):
                mine = [document_id for document_id in new if batches[document_id] == batch_id]
                require_released(connection, batch_id)
                claim_documents(
                    connection,
                    mine,
                    batch_id,
                    Channel.EMAIL,
                    vendor=vendor,
                    print_file_name=None,
                    read_by=read_by,
                    at=at,
                )
                claimed = DeliveryState.CLAIMED.value
                write_events(connection, [(batch_id, each) for each in mine], at=at, actor=SERVICE, what=claimed)
            made = read_live_deliveries(connection, new)
            if missing := set(new) - made.keys():
                raise InvariantError(f"document {min(missing)}: its claim is gone")
        claims = {document_id: msgspec.structs.replace(each, is_new=True) for document_id, each in made.items()}
        return tuple({**live, **claims}[document_id] for document_id in document_ids)

    def mark(self, marks: Sequence[EmailMark], *, at: datetime, mailed_on: date | None = None) -> None:
        """Record the outcome of these attempts, all or none; recording it twice changes nothing. On `sent` the
        documents are handed off, and their clocks start on `mailed_on` (by default the UTC date of `at`)."""
        with self._write() as connection:
            mark_emails(connection, marks, at=at, mailed_on=mailed_on)

    def find(self, reference: str) -> tuple[str, int] | None:
        """Document id and attempt of the e-mail with this mail service reference; None for an unknown one."""
        quoted = delivery.c.receipt.contains(msgspec.json.encode(reference).decode(), autoescape=True)
        query = select(delivery).where(delivery.c.channel == Channel.EMAIL.value, quoted)
        with self._read() as connection:
            found = [to_delivery(dict(row)) for row in connection.execute(query).mappings()]
        mine = [each for each in found if (each.receipt or {}).get("reference") == reference]
        return (mine[0].document_id, mine[0].attempt) if len(mine) == 1 else None


def mark_emails(
    connection: Connection,
    marks: Sequence[EmailMark],
    *,
    at: datetime,
    mailed_on: date | None,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """See `EmailRepository.mark`."""
    keys = {mark.delivery_id: _key(mark.delivery_id) for mark in marks}
    if len(keys) != len(marks):
        raise InvariantError("an attempt is marked twice in one call")
    batches = lock_documents(connection, [document_id for document_id, _ in keys.values()])
    found = _read_attempts(connection, list(keys.values()))
    moved = []
    for mark in marks:
        attempt = found.get(mark.delivery_id)
        if attempt is None or attempt.print_file:
            raise InvariantError(f"{mark.delivery_id} is not an attempt to e-mail a document")
        if attempt.state is not mark.state:
            require_hand_off_move(f"delivery {mark.delivery_id}", attempt.state, mark.state)
            moved.append((attempt.document_id, attempt.attempt, mark))
    if not moved:
        return
    own = (delivery.c.document_id == bindparam("own_id")) & (delivery.c.attempt == bindparam("own_attempt"))
    connection.execute(
        update(delivery).where(own).values(state=bindparam("now"), changed_at=at, receipt=bindparam("proof")),
        [
            {
                "own_id": document_id,
                "own_attempt": number,
                "now": mark.state.value,
                "proof": encode_receipt(mark.receipt),
            }
            for document_id, number, mark in moved
        ],
    )
    if sent := [document_id for document_id, _, mark in moved if mark.state is DeliveryState.SENT]:
        hand_off(connection, sent, mailed_on or at.date())
    for state in dict.fromkeys(mark.state for _, _, mark in moved):
        subjects = [(batches[document_id], document_id) for document_id, _, mark in moved if mark.state is state]
        write_events(connection, subjects, at=at, actor=actor, what=state.value, why=why)


def _key(delivery_id: str) -> tuple[str, int]:
    document_id, _, attempt = delivery_id.rpartition(".")
    return document_id, int(attempt)


def _read_attempts(connection: Connection, keys: Sequence[tuple[str, int]]) -> dict[str, Delivery]:
    found: dict[str, Delivery] = {}
    for some in in_chunks(keys):
        query = select(delivery).where(tuple_(delivery.c.document_id, delivery.c.attempt).in_(some))
        for row in connection.execute(query).mappings():
            each = to_delivery(dict(row))
            found[each.delivery_id] = each
    return found
