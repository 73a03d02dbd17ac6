"""The files for agencies: each is claimed with its accounts before it leaves, and recorded when it was delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.placement.placements import begin_recalls
from statement_builder.ledger.placement.records import PLACEMENT, AgencyFileRow, NewPlacement, PlacementChange
from statement_builder.ledger.states import DeliveryState, PlacementState
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import agency_file, placement, placement_entry
from statement_builder.ledger.storage.transactions import Repository

_COLUMNS = tuple(agency_file.c[name] for name in AgencyFileRow.__struct_fields__)


class AgencyFileRepository(Repository):
    """`ledger.agency_files`."""

    def claimed(self, facility_id: str) -> list[AgencyFileRow]:
        """The files that were claimed and are not recorded as delivered: a run died."""
        mine = (agency_file.c.facility_id == facility_id) & (agency_file.c.state == DeliveryState.CLAIMED.value)
        query = select(*_COLUMNS).where(mine).order_by(agency_file.c.name)
        with self._read() as connection:
            return [_to_file(row) for row in connection.execute(query).mappings()]

    def count(self, facility_id: str, agency_id: str) -> int:
        """How many files of the agency were claimed so far, which numbers the next one."""
        mine = (agency_file.c.facility_id == facility_id) & (agency_file.c.agency_id == agency_id)
        with self._read() as connection:
            return int(connection.execute(select(func.count()).select_from(agency_file).where(mine)).scalar_one())

    def claim_placements(
        self, file: AgencyFileRow, placements: Sequence[NewPlacement], *, on: date, at: datetime
    ) -> None:
        """Claim a placement file with its visits. InvariantError when the name is claimed, or one of the visits is not
        proposed any more: then nothing is claimed."""
        values = {"state": PlacementState.PLACED.value, "state_on": on, "placed_on": on, "agency_file": file.name}
        with self._write() as connection:
            _claim(connection, file, at)
            for each in placements:
                mine = (placement.c.facility_id == file.facility_id) & (placement.c.placement_id == each.placement_id)
                proposed = placement.c.state == PlacementState.PROPOSED.value
                if connection.execute(update(placement).where(mine, proposed).values(values)).rowcount != 1:
                    raise InvariantError(f"{file.name}: one of its visits is not proposed any more")

    def claim_changes(
        self,
        file: AgencyFileRow,
        changes: Sequence[PlacementChange],
        recalls: Mapping[str, str],
        *,
        on: date,
        at: datetime,
    ) -> None:
        """Claim a file of changes. `recalls` has the reason of each placement that is recalled in it.
        InvariantError when the name, or one of the changes, is claimed."""
        with self._write() as connection:
            _claim(connection, file, at)
            insert_many(
                connection,
                placement_entry,
                [
                    {
                        **{name: getattr(each, name) for name in each.__struct_fields__},
                        "what": each.what.value,
                        "facility_id": file.facility_id,
                        "agency_file": file.name,
                        "recorded_at": at,
                    }
                    for each in changes
                ],
            )
            begin_recalls(connection, file.facility_id, recalls, on=on)

    def mark_delivered(self, name: str, *, at: datetime) -> None:
        """Record that the agency has the file; recording it twice changes nothing."""
        mine = (agency_file.c.name == name) & (agency_file.c.state == DeliveryState.CLAIMED.value)
        sent = {"state": DeliveryState.SENT.value, "changed_at": at}
        with self._write() as connection:
            if connection.execute(update(agency_file).where(mine).values(sent)).rowcount:
                _note(connection, name, DeliveryState.SENT, at)


def _claim(connection: Connection, file: AgencyFileRow, at: datetime) -> None:
    values: dict[str, Any] = {name: getattr(file, name) for name in file.__struct_fields__}
    values |= {"state": DeliveryState.CLAIMED.value, "claimed_at": at, "changed_at": at}
    connection.execute(insert(agency_file).values(values))
    _note(connection, file.name, DeliveryState.CLAIMED, at)


def _note(connection: Connection, name: str, state: DeliveryState, at: datetime) -> None:
    write_event(connection, at=at, actor=SERVICE, batch_id=PLACEMENT, subject=name, what=state.value, why="placement")


def _to_file(row: Any) -> AgencyFileRow:
    return AgencyFileRow(**{**row, "state": DeliveryState(row["state"])})
