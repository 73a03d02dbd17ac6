"""The lists of visits for agencies: proposed by one person, approved or rejected by another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.placement.records import NewPlacement, PlacementBatch, Refusal
from statement_builder.ledger.states import PlacementBatchState, PlacementState
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import placement, placement_batch, placement_refusal
from statement_builder.ledger.storage.transactions import Repository

_COLUMNS = tuple(placement_batch.c[name] for name in PlacementBatch.__struct_fields__)
_REFUSAL_COLUMNS = tuple(placement_refusal.c[name] for name in Refusal.__struct_fields__)


class PlacementListRepository(Repository):
    """`ledger.placement_lists`."""

    def all(self, facility_id: str) -> list[PlacementBatch]:
        """Every list, the latest first."""
        query = select(*_COLUMNS).where(placement_batch.c.facility_id == facility_id)
        order = (placement_batch.c.proposed_at.desc(), placement_batch.c.batch_id.desc())
        with self._read() as connection:
            return [_to_batch(row) for row in connection.execute(query.order_by(*order)).mappings()]

    def get(self, batch_id: str) -> PlacementBatch | None:
        """The list with this id."""
        query = select(*_COLUMNS).where(placement_batch.c.batch_id == batch_id)
        with self._read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _to_batch(row)

    def refusals(self, batch_id: str) -> list[Refusal]:
        """Every reason, by account, in the order of the gates."""
        query = select(*_REFUSAL_COLUMNS).where(placement_refusal.c.batch_id == batch_id)
        order = (placement_refusal.c.guarantor_id, placement_refusal.c.account_number, placement_refusal.c.position)
        with self._read() as connection:
            return [Refusal(**row) for row in connection.execute(query.order_by(*order)).mappings()]

    def next_number(self, facility_id: str, cycle: str) -> int:
        """The number of the cycle's next list, from 1."""
        mine = (placement_batch.c.facility_id == facility_id) & (placement_batch.c.cycle == cycle)
        with self._read() as connection:
            return (
                int(connection.execute(select(func.count()).select_from(placement_batch).where(mine)).scalar_one()) + 1
            )

    def propose(self, batch: PlacementBatch, placements: Sequence[NewPlacement], refusals: Sequence[Refusal]) -> None:
        """Record a list with its visits and every refusal. InvariantError if one of the visits is placed already."""
        facility_id = batch.facility_id
        with self._write() as connection:
            connection.execute(
                insert(placement_batch).values({name: _value(getattr(batch, name)) for name in batch.__struct_fields__})
            )
            rows = [
                {
                    **{name: getattr(each, name) for name in each.__struct_fields__},
                    "facility_id": facility_id,
                    "placement_id": each.placement_id,
                    "batch_id": batch.batch_id,
                    "position": position,
                    "state": PlacementState.PROPOSED.value,
                    "state_on": batch.as_of,
                    "reason": "",
                }
                for position, each in enumerate(placements, 1)
            ]
            insert_many(connection, placement, rows)
            _insert_refusals(connection, batch.batch_id, refusals)
            _note(
                connection,
                batch.batch_id,
                PlacementBatchState.PROPOSED,
                actor=batch.proposed_by,
                at=batch.proposed_at,
            )

    def decide(
        self, batch: PlacementBatch, state: PlacementBatchState, *, actor: str, at: datetime, on: date, why: str
    ) -> None:
        """Approve or reject a proposed list. InvariantError if it is not proposed any more."""
        changed = {"state": state.value, "decided_by": actor, "decided_at": at, "decided_why": why}
        with self._write() as connection:
            _move(connection, batch, PlacementBatchState.PROPOSED, changed)
            if state is PlacementBatchState.REJECTED:
                mine = placement.c.batch_id == batch.batch_id
                dropped = {"state": PlacementState.DROPPED.value, "state_on": on, "reason": "rejected"}
                connection.execute(update(placement).where(mine).values(dropped))
            _note(connection, batch.batch_id, state, actor=actor, at=at, why=why)

    def drop(self, batch: PlacementBatch, refusals: Sequence[Refusal], *, on: date) -> None:
        """Record the visits of an approved list that must not go any more, with every reason."""
        accounts = list(dict.fromkeys(each.account_number for each in refusals))
        with self._write() as connection:
            for account in accounts:
                mine = (placement.c.batch_id == batch.batch_id) & (placement.c.account_number == account)
                proposed = placement.c.state == PlacementState.PROPOSED.value
                reason = next(each.code for each in refusals if each.account_number == account)
                dropped = {"state": PlacementState.DROPPED.value, "state_on": on, "reason": reason}
                if not connection.execute(update(placement).where(mine, proposed).values(dropped)).rowcount:
                    raise InvariantError(
                        f"a visit of {batch.batch_id} cannot be dropped: it was sent, or dropped before"
                    )
            _insert_refusals(connection, batch.batch_id, refusals)

    def mark_sent(self, batch: PlacementBatch, *, actor: str, at: datetime) -> None:
        """Record that an approved list is sent: no visit on it waits."""
        with self._write() as connection:
            _move(connection, batch, PlacementBatchState.APPROVED, {"state": PlacementBatchState.SENT.value})
            _note(connection, batch.batch_id, PlacementBatchState.SENT, actor=actor, at=at)


def _move(connection: Connection, batch: PlacementBatch, before: PlacementBatchState, values: dict[str, Any]) -> None:
    mine = (placement_batch.c.batch_id == batch.batch_id) & (placement_batch.c.state == before.value)
    if not connection.execute(update(placement_batch).where(mine).values(values)).rowcount:
        raise InvariantError(f"list {batch.batch_id} is not {before.value} any more")


def _insert_refusals(connection: Connection, batch_id: str, refusals: Iterable[Refusal]) -> None:
    positions: dict[str, int] = {}
    rows = []
    for each in refusals:
        positions[each.account_number] = position = positions.get(each.account_number, 0) + 1
        rows.append(
            {
                **{name: getattr(each, name) for name in each.__struct_fields__},
                "batch_id": batch_id,
                "position": position,
            }
        )
    insert_many(connection, placement_refusal, rows)


def _note(
    connection: Connection, batch_id: str, state: PlacementBatchState, *, actor: str, at: datetime, why: str = ""
) -> None:
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=batch_id, what=state.value, why=why)


def _value(value: Any) -> Any:
    return value.value if isinstance(value, PlacementBatchState) else value


def _to_batch(row: Any) -> PlacementBatch:
    return PlacementBatch(**{**row, "state": PlacementBatchState(row["state"])})
