"""Batches and the shards of their snapshot: opened, pulled, released, closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from statement_builder.billing.selection import Kind
from statement_builder.errors import InvariantError
from statement_builder.ledger.events import write_event
from statement_builder.ledger.records import Batch, NewShard, Shard
from statement_builder.ledger.sql_compat import insert_if_new
from statement_builder.ledger.states import BatchState, ShardState, require_batch_move
from statement_builder.ledger.tables import batch, shard

_HIDDEN = {"pull_attempts", "locked_by", "locked_at"}
_BATCH_COLUMNS = tuple(column for column in batch.c if column.name not in _HIDDEN)


def open_batch(
    connection: Connection,
    *,
    batch_id: str,
    facility_id: str,
    kind: Kind,
    cycle: str,
    as_of: date,
    source: str,
    limit: int | None,
    actor: str,
    at: datetime,
) -> Batch:
    """The batch of this facility, kind and cycle: as it stands, or new."""
    values = {
        "batch_id": batch_id,
        "facility_id": facility_id,
        "kind": kind.value,
        "cycle": cycle,
        "as_of": as_of,
        "source": source,
        "limit": limit,
        "state": BatchState.OPEN.value,
        "opened_by": actor,
        "opened_at": at,
    }
    if insert_if_new(connection, batch, values):
        write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what="open")
    ours = (batch.c.facility_id == facility_id) & (batch.c.kind == kind.value) & (batch.c.cycle == cycle)
    row = connection.execute(select(*_BATCH_COLUMNS).where((batch.c.batch_id == batch_id) | ours)).mappings().one()
    return _to_batch(dict(row))


def read_batch(connection: Connection, batch_id: str, *, lock: bool = False) -> Batch | None:
    """One batch; with `lock` nobody else changes it before this transaction ends."""
    query = select(*_BATCH_COLUMNS).where(batch.c.batch_id == batch_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _to_batch(dict(row))


def require_batch(connection: Connection, batch_id: str) -> Batch:
    """One batch, locked for this transaction; InvariantError when it is not there."""
    found = read_batch(connection, batch_id, lock=True)
    if found is None:
        raise InvariantError(f"batch {batch_id} is not in the ledger")
    return found


def read_batches(connection: Connection) -> list[Batch]:
    """All batches, newest cycle first."""
    query = select(*_BATCH_COLUMNS).order_by(batch.c.cycle.desc(), batch.c.batch_id)
    return [_to_batch(dict(row)) for row in connection.execute(query).mappings()]


def next_pull_attempt(connection: Connection, batch_id: str) -> int:
    """1 for the first pull of this batch, 2 for the next: each writes its files under a number of its own."""
    query = (
        update(batch)
        .where(batch.c.batch_id == batch_id)
        .values(pull_attempts=batch.c.pull_attempts + 1)
        .returning(batch.c.pull_attempts)
    )
    attempt = connection.execute(query).scalar_one_or_none()
    if attempt is None:
        raise InvariantError(f"batch {batch_id} is not in the ledger")
    return int(attempt)


def record_pull(connection: Connection, batch_id: str, shards: Sequence[NewShard], *, actor: str, at: datetime) -> None:
    """Make these shards the batch's snapshot. InvariantError when it has one already."""
    found = require_batch(connection, batch_id)
    require_batch_move(batch_id, found.state, BatchState.PULLED)
    if found.state is not BatchState.OPEN:
        raise InvariantError(f"batch {batch_id} has a snapshot already")
    rows = [
        {
            "batch_id": batch_id,
            "sequence": new.sequence,
            "snapshot_key": new.snapshot_key,
            "snapshot_sha256": new.snapshot_sha256,
            "candidates": new.candidates,
            "cents": new.cents,
            "postal_first": new.postal_first,
            "postal_last": new.postal_last,
            "state": ShardState.PULLED.value,
        }
        for new in shards
    ]
    if rows:
        connection.execute(insert(shard), rows)
    _put_state(connection, batch_id, BatchState.PULLED, actor=actor, at=at, why="")


def read_shards(connection: Connection, batch_id: str) -> list[Shard]:
    """The batch's shards in mailing order."""
    rows = connection.execute(select(shard).where(shard.c.batch_id == batch_id).order_by(shard.c.sequence))
    return [_to_shard(dict(row)) for row in rows.mappings()]


def read_shard(connection: Connection, batch_id: str, sequence: int, *, lock: bool = False) -> Shard:
    """One shard; with `lock` nobody else changes it before this transaction ends. InvariantError when it is not
    there."""
    query = select(shard).where(shard.c.batch_id == batch_id, shard.c.sequence == sequence)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise InvariantError(f"batch {batch_id} has no shard {sequence}")
    return _to_shard(dict(row))


def set_state(connection: Connection, batch_id: str, state: BatchState, *, actor: str, at: datetime, why: str) -> None:
    """Move a batch on; it may be there already. InvariantError for a move that `states` does not know."""
    found = require_batch(connection, batch_id)
    if found.state is state:
        return
    require_batch_move(batch_id, found.state, state)
    if state is BatchState.BUILT:
        _require_all_built(connection, batch_id)
    if state is BatchState.RELEASED:
        released = {"released_by": actor, "released_at": at}
        connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(released))
    _put_state(connection, batch_id, state, actor=actor, at=at, why=why)


def record_recheck(connection: Connection, batch_id: str, *, at: datetime) -> None:
    """Keep when the whole batch was last compared with the source."""
    connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(looked_at=at))


def _require_all_built(connection: Connection, batch_id: str) -> None:
    left = [found.sequence for found in read_shards(connection, batch_id) if found.state is not ShardState.BUILT]
    if left:
        raise InvariantError(f"batch {batch_id} is not built: shard {left[0]} is still to do")


def _put_state(connection: Connection, batch_id: str, state: BatchState, *, actor: str, at: datetime, why: str) -> None:
    values: dict[str, object] = {"state": state.value}
    if state is BatchState.CLOSED:
        values["closed_at"] = at
    connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(values))
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what=state.value, why=why)


def _to_batch(row: dict[str, object]) -> Batch:
    return Batch(**{**row, "kind": Kind(row["kind"]), "state": BatchState(row["state"])})  # type: ignore[arg-type]


def _to_shard(row: dict[str, object]) -> Shard:
    return Shard(**{**row, "state": ShardState(row["state"])})  # type: ignore[arg-type]
