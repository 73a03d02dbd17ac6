"""Shards: the slices of a batch's snapshot, and the candidates and documents that each becomes when it is built."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from statement_builder.errors import InvariantError, LedgerError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.batches import require_batch, set_batch_state
from statement_builder.ledger.keep_voids import keep_voids
from statement_builder.ledger.records import NewCandidate, NewDocument, Shard
from statement_builder.ledger.row_mapping import (
    account_rows,
    candidate_row,
    document_row,
    hold_rows,
    request_rows,
    to_shard,
)
from statement_builder.ledger.states import BatchState, Outcome, ShardState
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import (
    candidate,
    candidate_hold,
    delivery,
    document,
    document_account,
    document_request,
    event,
    shard,
)
from statement_builder.ledger.storage.transactions import Repository

_REOPENED = "reopened"
"""What the event says of a shard that is built again."""


class ShardRepository(Repository):
    """`ledger.shards`."""

    def for_batch(self, batch_id: str) -> list[Shard]:
        """The batch's shards in mailing order."""
        query = select(shard).where(shard.c.batch_id == batch_id).order_by(shard.c.sequence)
        with self._read() as connection:
            return [to_shard(dict(row)) for row in connection.execute(query).mappings()]

    def require(self, batch_id: str, sequence: int) -> Shard:
        """One shard. InvariantError for an unknown one."""
        with self._read() as connection:
            return _read_shard(connection, batch_id, sequence, lock=False)

    def record_built(
        self,
        batch_id: str,
        sequence: int,
        *,
        candidates: Sequence[NewCandidate],
        documents: Sequence[NewDocument],
        pack_key: str | None,
        pack_sha256: str | None,
        template_version: str,
        at: datetime,
    ) -> None:
        """Record the candidates and documents of a built shard. Documents voided before the shard was reopened stay
        void. InvariantError when the shard is built already, or when candidates or documents are missing or
        duplicated."""
        with self._write() as connection:
            found = _read_shard(connection, batch_id, sequence, lock=True)
            if found.state is not ShardState.PULLED:
                raise InvariantError(f"batch {batch_id}: shard {sequence} is built already")
            _require_complete(batch_id, sequence, found.candidates, candidates, documents)
            insert_many(connection, candidate, [candidate_row(batch_id, sequence, new) for new in candidates])
            insert_many(connection, candidate_hold, [row for new in candidates for row in hold_rows(batch_id, new)])
            common = {
                "batch_id": batch_id,
                "sequence": sequence,
                "pack_key": pack_key or "",
                "template_version": template_version,
            }
            insert_many(connection, document, [document_row(common, n, new) for n, new in enumerate(documents, 1)])
            insert_many(connection, document_account, [row for new in documents for row in account_rows(new)])
            insert_many(connection, document_request, [row for new in documents for row in request_rows(new)])
            built = {
                "state": ShardState.BUILT.value,
                "pack_key": pack_key,
                "pack_sha256": pack_sha256,
                "template_version": template_version,
            }
            connection.execute(update(shard).where(*_is(batch_id, sequence)).values(built))
            write_event(connection, at=at, actor=SERVICE, batch_id=batch_id, subject=f"shard {sequence}", what="built")
            keep_voids(connection, batch_id, documents, at=at)

    def reopen(self, batch_id: str, sequence: int, *, actor: str, at: datetime) -> None:
        """Discard the candidates and documents of a shard so that it is built again; a built batch moves back to
        `pulled`. LedgerError once the batch is released, or any document of the shard was claimed for hand-off."""
        with self._write() as connection:
            found = require_batch(connection, batch_id)
            if found.state not in {BatchState.PULLED, BatchState.BUILT, BatchState.WAITING}:
                raise LedgerError(f"batch {batch_id} is {found.state}: its shards can no longer be built again")
            if _read_shard(connection, batch_id, sequence, lock=True).state is ShardState.PULLED:
                return
            _delete_results(connection, batch_id, sequence)
            pulled = {"state": ShardState.PULLED.value, "pack_key": None, "pack_sha256": None, "template_version": ""}
            connection.execute(update(shard).where(*_is(batch_id, sequence)).values(pulled))
            write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=f"shard {sequence}", what=_REOPENED)
            why = f"shard {sequence} is built again"
            set_batch_state(connection, batch_id, BatchState.PULLED, actor=actor, at=at, why=why)

    def was_reopened(self, batch_id: str) -> bool:
        """Whether any shard of the batch was built again."""
        query = select(event.c.subject).where(event.c.batch_id == batch_id, event.c.what == _REOPENED)
        with self._read() as connection:
            return connection.execute(query.limit(1)).first() is not None


def _read_shard(connection: Connection, batch_id: str, sequence: int, *, lock: bool) -> Shard:
    query = select(shard).where(shard.c.batch_id == batch_id, shard.c.sequence == sequence)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise InvariantError(f"batch {batch_id} has no shard {sequence}")
    return to_shard(dict(row))


def _require_complete(
    batch_id: str,
    sequence: int,
    candidates_pulled: int,
    candidates: Sequence[NewCandidate],
    documents: Sequence[NewDocument],
) -> None:
    """As many candidates as were pulled, and exactly one document for each selected one."""
    where = f"batch {batch_id}, shard {sequence}"
    if len(candidates) != candidates_pulled:
        raise InvariantError(f"{where}: {candidates_pulled} candidates were pulled, {len(candidates)} came out")
    selected = sorted(new.guarantor_id for new in candidates if new.outcome is Outcome.SELECTED)
    if selected != sorted(new.guarantor_id for new in documents):
        raise InvariantError(f"{where}: the documents do not match the {len(selected)} selected candidates")


def _delete_results(connection: Connection, batch_id: str, sequence: int) -> None:
    own = select(document.c.document_id).where(document.c.batch_id == batch_id, document.c.sequence == sequence)
    if connection.execute(select(delivery.c.document_id).where(delivery.c.document_id.in_(own)).limit(1)).first():
        raise LedgerError(
            f"batch {batch_id}: documents of shard {sequence} were handed off, so it cannot be built again"
        )
    subjects = select(candidate.c.subject).where(candidate.c.batch_id == batch_id, candidate.c.sequence == sequence)
    for table in (document_account, document_request):
        connection.execute(delete(table).where(table.c.document_id.in_(own)))
    connection.execute(delete(document).where(document.c.batch_id == batch_id, document.c.sequence == sequence))
    connection.execute(
        delete(candidate_hold).where(candidate_hold.c.batch_id == batch_id, candidate_hold.c.subject.in_(subjects))
    )
    connection.execute(delete(candidate).where(candidate.c.batch_id == batch_id, candidate.c.sequence == sequence))


def _is(batch_id: str, sequence: int) -> tuple[Any, Any]:
    return shard.c.batch_id == batch_id, shard.c.sequence == sequence
