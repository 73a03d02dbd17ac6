"""Batches: opened, pulled, built, released, handed off, closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from statement_builder.billing.selection import Kind
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.event_data import EventData
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.records import Batch, NewShard
from statement_builder.ledger.row_mapping import to_batch
from statement_builder.ledger.states import BatchState, ShardState, require_batch_move
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import batch, shard
from statement_builder.ledger.storage.transactions import Repository

_HIDDEN = {"pull_attempts", "locked_by", "locked_at"}
_BATCH_COLUMNS = tuple(column for column in batch.c if column.name not in _HIDDEN)
BATCH_REJECTED = "batch rejected"
"""What the event says. `rejected` alone is said of mail that the vendor rejected."""


class BatchRepository(Repository):
    """`ledger.batches`."""

    def open(
        self,
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
        """The batch of this facility, kind and cycle: the existing one unchanged, or a new one."""
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
        with self._write() as connection:
            if insert_if_new(connection, batch, values):
                write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what="open")
            ours = (batch.c.facility_id == facility_id) & (batch.c.kind == kind.value) & (batch.c.cycle == cycle)
            query = select(*_BATCH_COLUMNS).where((batch.c.batch_id == batch_id) | ours)
            return to_batch(dict(connection.execute(query).mappings().one()))

    def get(self, batch_id: str) -> Batch | None:
        """One batch; None for an unknown id."""
        with self._read() as connection:
            return _read_batch(connection, batch_id, lock=False)

    def all(self, *, limit: int | None = None) -> list[Batch]:
        """All batches, newest first by date (as text, a month is before its days); with `limit`, at most so many."""
        newest = (batch.c.as_of.desc(), batch.c.cycle.desc(), batch.c.batch_id)
        query = select(*_BATCH_COLUMNS).order_by(*newest).limit(limit)
        with self._read() as connection:
            return [to_batch(dict(row)) for row in connection.execute(query).mappings()]

    def next_pull_attempt(self, batch_id: str) -> int:
        """1, 2, 3 …: each pull writes its files under its own number. InvariantError for an unknown batch."""
        query = (
            update(batch)
            .where(batch.c.batch_id == batch_id)
            .values(pull_attempts=batch.c.pull_attempts + 1)
            .returning(batch.c.pull_attempts)
        )
        with self._write() as connection:
            attempt = connection.execute(query).scalar_one_or_none()
        if attempt is None:
            raise InvariantError(f"batch {batch_id} is not in the ledger")
        return int(attempt)

    def record_pull(self, batch_id: str, shards: Sequence[NewShard], *, actor: str, at: datetime) -> None:
        """Make these shards the batch's permanent snapshot and move the batch to `pulled`. InvariantError when it has a
        snapshot already."""
        with self._write() as connection:
            found = require_batch(connection, batch_id)
            require_batch_move(batch_id, found.state, BatchState.PULLED)
            if found.state is not BatchState.OPEN:
                raise InvariantError(f"batch {batch_id} has a snapshot already")
            if rows := [_shard_row(batch_id, new) for new in shards]:
                connection.execute(insert(shard), rows)
            _write_state(connection, batch_id, BatchState.PULLED, actor=actor, at=at, why="")

    def set_state(
        self,
        batch_id: str,
        state: BatchState,
        *,
        actor: str,
        at: datetime,
        why: str = "",
        data: EventData | None = None,
    ) -> None:
        """Move the batch to `state`; no change when it is there already. InvariantError for a move that
        `states.BATCH_MOVES` does not allow."""
        with self._write() as connection:
            set_batch_state(connection, batch_id, state, actor=actor, at=at, why=why, data=data)

    def is_signed(self, batch_id: str) -> bool:
        """Whether the batch is still signed by a process that locked it: it works now, or it was killed."""
        with self._read() as connection:
            query = select(batch.c.locked_by).where(batch.c.batch_id == batch_id)
            return connection.execute(query).scalar_one_or_none() is not None

    def release(self, batch_id: str, *, actor: str, at: datetime, why: str = "", data: EventData | None = None) -> None:
        """Release the batch for hand-off and record who approved it."""
        self.set_state(batch_id, BatchState.RELEASED, actor=actor, at=at, why=why, data=data)

    def reject(self, batch_id: str, *, actor: str, at: datetime, why: str) -> None:
        """Record that a person rejected a built batch. It stays as it is, until a release that says why after all.
        InvariantError if it is not built, or released already."""
        with self._write() as connection:
            found = require_batch(connection, batch_id)
            if found.state not in {BatchState.BUILT, BatchState.WAITING}:
                raise InvariantError(f"batch {batch_id} is {found.state}: it cannot be rejected")
            rejected = {"rejected_by": actor, "rejected_at": at, "rejected_why": why}
            connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(rejected))
            write_event(
                connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what=BATCH_REJECTED, why=why
            )

    def record_recheck(self, batch_id: str, *, at: datetime) -> None:
        """Record when the pre-mail recheck of the whole batch was completed."""
        with self._write() as connection:
            connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(rechecked_at=at))


def require_batch(connection: Connection, batch_id: str) -> Batch:
    """One batch, locked until this transaction ends. InvariantError for an unknown id."""
    found = _read_batch(connection, batch_id, lock=True)
    if found is None:
        raise InvariantError(f"batch {batch_id} is not in the ledger")
    return found


def set_batch_state(
    connection: Connection,
    batch_id: str,
    state: BatchState,
    *,
    actor: str,
    at: datetime,
    why: str,
    data: EventData | None = None,
) -> None:
    """See `BatchRepository.set_state`."""
    found = require_batch(connection, batch_id)
    if found.state is state:
        return
    require_batch_move(batch_id, found.state, state)
    if state is BatchState.BUILT:
        _require_all_built(connection, batch_id)
    if state is BatchState.RELEASED:
        not_rejected = {"rejected_by": "", "rejected_at": None, "rejected_why": ""}
        released = {"released_by": actor, "released_at": at, **not_rejected}
        connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(released))
    _write_state(connection, batch_id, state, actor=actor, at=at, why=why, data=data)


def _read_batch(connection: Connection, batch_id: str, *, lock: bool) -> Batch | None:
    query = select(*_BATCH_COLUMNS).where(batch.c.batch_id == batch_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else to_batch(dict(row))


def _require_all_built(connection: Connection, batch_id: str) -> None:
    query = select(shard.c.sequence).where(shard.c.batch_id == batch_id, shard.c.state != ShardState.BUILT.value)
    first = connection.execute(query.order_by(shard.c.sequence).limit(1)).scalar()
    if first is not None:
        raise InvariantError(f"batch {batch_id} is not built: shard {first} is not built yet")


def _write_state(
    connection: Connection,
    batch_id: str,
    state: BatchState,
    *,
    actor: str,
    at: datetime,
    why: str,
    data: EventData | None = None,
) -> None:
    values: dict[str, object] = {"state": state.value}
    if state is BatchState.CLOSED:
        values["closed_at"] = at
    connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(values))
    write_event(
        connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what=state.value, why=why, data=data
    )


def _shard_row(batch_id: str, new: NewShard) -> dict[str, object]:
    return {
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
