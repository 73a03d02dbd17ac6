"""What a shard became: its candidates, holds and documents, recorded in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from statement_builder.billing.selection import Hold
from statement_builder.errors import InvariantError, LedgerError
from statement_builder.ledger.batches import read_shard, require_batch, set_state
from statement_builder.ledger.events import SERVICE, write_event
from statement_builder.ledger.records import NewCandidate, NewDocument
from statement_builder.ledger.sql_compat import insert_many
from statement_builder.ledger.states import BatchState, Outcome, ShardState
from statement_builder.ledger.tables import candidate, candidate_hold, delivery, document, document_account, shard


def record_shard(
    connection: Connection,
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
    """Record a built shard. InvariantError when it is built already or lost or doubled anybody on the way."""
    found = read_shard(connection, batch_id, sequence, lock=True)
    if found.state is not ShardState.PULLED:
        raise InvariantError(f"batch {batch_id}: shard {sequence} is built already")
    _require_complete(batch_id, sequence, found.candidates, candidates, documents)
    insert_many(connection, candidate, [_candidate_row(batch_id, sequence, new) for new in candidates])
    insert_many(connection, candidate_hold, [row for new in candidates for row in _hold_rows(batch_id, new)])
    common = {
        "batch_id": batch_id,
        "sequence": sequence,
        "pack_key": pack_key or "",
        "template_version": template_version,
    }
    insert_many(connection, document, [document_row(common, n, new) for n, new in enumerate(documents, 1)])
    insert_many(connection, document_account, [row for new in documents for row in account_rows(new)])
    built = {
        "state": ShardState.BUILT.value,
        "pack_key": pack_key,
        "pack_sha256": pack_sha256,
        "template_version": template_version,
    }
    connection.execute(update(shard).where(*_is(batch_id, sequence)).values(built))
    write_event(connection, at=at, actor=SERVICE, batch_id=batch_id, subject=f"shard {sequence}", what="built")


def reopen_shard(connection: Connection, batch_id: str, sequence: int, *, actor: str, at: datetime) -> None:
    """Forget what a shard became, so that it is built again; a built batch goes back to `pulled` with it.

    LedgerError once anything of it was claimed for a hand-off, or the batch is released.
    """
    found = require_batch(connection, batch_id)
    if found.state not in {BatchState.PULLED, BatchState.BUILT, BatchState.WAITING}:
        raise LedgerError(f"batch {batch_id} is {found.state}: its shards can no longer be built again")
    if read_shard(connection, batch_id, sequence, lock=True).state is ShardState.PULLED:
        return
    own = select(document.c.document_id).where(document.c.batch_id == batch_id, document.c.sequence == sequence)
    if connection.execute(select(delivery.c.document_id).where(delivery.c.document_id.in_(own)).limit(1)).first():
        raise LedgerError(f"batch {batch_id}: of shard {sequence} something was handed off: it cannot be built again")
    people = select(candidate.c.subject).where(candidate.c.batch_id == batch_id, candidate.c.sequence == sequence)
    connection.execute(delete(document_account).where(document_account.c.document_id.in_(own)))
    connection.execute(delete(document).where(document.c.batch_id == batch_id, document.c.sequence == sequence))
    connection.execute(
        delete(candidate_hold).where(candidate_hold.c.batch_id == batch_id, candidate_hold.c.subject.in_(people))
    )
    connection.execute(delete(candidate).where(candidate.c.batch_id == batch_id, candidate.c.sequence == sequence))
    pulled = {"state": ShardState.PULLED.value, "pack_key": None, "pack_sha256": None, "template_version": ""}
    connection.execute(update(shard).where(*_is(batch_id, sequence)).values(pulled))
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=f"shard {sequence}", what="reopened")
    set_state(connection, batch_id, BatchState.PULLED, actor=actor, at=at, why=f"shard {sequence} is built again")


def _hold_rows(batch_id: str, new: NewCandidate) -> list[dict[str, Any]]:
    """The rows of a candidate's holds, in the order given."""
    return [hold_row(batch_id, new.subject, n, hold, late=False) for n, hold in enumerate(new.holds, 1)]


def hold_row(batch_id: str, subject: str, position: int, hold: Hold, *, late: bool) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "subject": subject,
        "position": position,
        "code": hold.code,
        "account_number": hold.account_number,
        "until": hold.until,
        "late": late,
    }


def _require_complete(
    batch_id: str,
    sequence: int,
    candidates_pulled: int,
    candidates: Sequence[NewCandidate],
    documents: Sequence[NewDocument],
) -> None:
    """Nobody lost, nobody doubled: as many candidates as were pulled, and one document for each selected one."""
    where = f"batch {batch_id}, shard {sequence}"
    if len(candidates) != candidates_pulled:
        raise InvariantError(f"{where}: {candidates_pulled} candidates were pulled, {len(candidates)} came out")
    selected = sorted(new.guarantor_id for new in candidates if new.outcome is Outcome.SELECTED)
    if selected != sorted(new.guarantor_id for new in documents):
        raise InvariantError(f"{where}: the documents are not those of the {len(selected)} selected candidates")


def _candidate_row(batch_id: str, sequence: int, new: NewCandidate) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "subject": new.subject,
        "sequence": sequence,
        "guarantor_id": new.guarantor_id,
        "outcome": new.outcome.value,
        "balance_cents": new.balance_cents,
        "amount_cents": new.amount_cents,
        "faults": msgspec.json.encode(new.faults).decode() if new.outcome is Outcome.EXCEPTION else None,
    }


def document_row(common: dict[str, Any], position: int, new: NewDocument) -> dict[str, Any]:
    """The row of a document at its place in its shard; `common` is what it shares with the others there."""
    row = {name: getattr(new, name) for name in new.__struct_fields__ if name != "accounts"}
    values = {"kind": new.kind.value, "channel": new.channel.value, "state": new.state.value, "position": position}
    return {**row, **common, **values}


def account_rows(new: NewDocument) -> list[dict[str, Any]]:
    """The rows of a document's encounters, in the order in which they are printed."""
    return [
        {"document_id": new.document_id, "position": n, "account_number": account}
        for n, account in enumerate(new.accounts, 1)
    ]


def _is(batch_id: str, sequence: int) -> tuple[Any, Any]:
    return shard.c.batch_id == batch_id, shard.c.sequence == sequence
