"""Placements: which visits are with which agency, what happened to their balances, and how they ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Select, func, select, update

from statement_builder.billing.model import Record
from statement_builder.billing.selection import FINAL_LEVEL, Kind
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.placement.records import PLACEMENT, Placement, PlacementChange, PlacementTotals
from statement_builder.ledger.states import AT_AGENCY, PlacementEntryType, PlacementState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, is_one_of
from statement_builder.ledger.storage.tables import document, document_account, placement, placement_entry
from statement_builder.ledger.storage.transactions import Repository

_COLUMNS = tuple(placement.c[name] for name in Placement.__struct_fields__)
_CHANGE_COLUMNS = tuple(placement_entry.c[name] for name in PlacementChange.__struct_fields__)
_TOTALS = {
    PlacementEntryType.PAID_DIRECT: "direct_cents",
    PlacementEntryType.ADJUSTMENT: "adjusted_cents",
    PlacementEntryType.PAYMENT: "collected_cents",
}


class PlacedBefore(Record, kw_only=True):
    """What is known about one visit before it is proposed."""

    placements: int = 0
    """How often it was on a list."""
    returned_by: tuple[str, ...] = ()
    """The agencies that returned it, the latest last."""
    notice_due_on: date | None = None
    notice_mailed_on: date | None = None
    """The latest deadline of a mailed final notice about it, and the latest mailing."""


class AgencyStay(Record, kw_only=True):
    """When agencies had a visit."""

    placed_on: date
    """The first day."""
    returned_on: date | None
    """When the last agency gave it back, closed it, or confirmed the recall. None: one has it now."""


class PlacementRepository(Repository):
    """`ledger.placements`."""

    def at_agencies(self, facility_id: str, account_numbers: Sequence[str]) -> dict[str, date]:
        """Account → since when it is with an agency, of those that are."""
        query = select(placement.c.account_number, placement.c.placed_on).where(
            placement.c.facility_id == facility_id,
            placement.c.state.in_([state.value for state in AT_AGENCY]),
            is_one_of(placement.c.account_number),
        )
        with self._read() as connection:
            return {
                account: placed_on
                for ids in in_chunks(account_numbers)
                for account, placed_on in connection.execute(query, {"ids": ids})
            }

    def agency_stays(self, facility_id: str, account_numbers: Sequence[str]) -> dict[str, AgencyStay]:
        """Account → when agencies had it, of those that an agency ever took."""
        query = (
            select(placement.c.account_number, placement.c.state, placement.c.placed_on, placement.c.state_on)
            .where(
                placement.c.facility_id == facility_id,
                placement.c.placed_on.is_not(None),
                placement.c.state != PlacementState.REFUSED.value,
                is_one_of(placement.c.account_number),
            )
            .order_by(placement.c.account_number, placement.c.number)
        )
        live = {state.value for state in AT_AGENCY}
        found: dict[str, AgencyStay] = {}
        with self._read() as connection:
            for ids in in_chunks(account_numbers):
                for account, state, placed_on, state_on in connection.execute(query, {"ids": ids}):
                    first_on = found[account].placed_on if account in found else placed_on
                    found[account] = AgencyStay(
                        placed_on=min(first_on, placed_on), returned_on=None if state in live else state_on
                    )
        return found

    def has_any(self, facility_id: str) -> bool:
        """Whether any visit is with an agency."""
        mine = (placement.c.facility_id == facility_id) & placement.c.state.in_([state.value for state in AT_AGENCY])
        with self._read() as connection:
            return connection.execute(select(placement.c.placement_id).where(mine).limit(1)).first() is not None

    def before(self, facility_id: str, account_numbers: Sequence[str]) -> dict[str, PlacedBefore]:
        """Account → its earlier placements and final notices, of those that have any."""
        found: defaultdict[str, PlacedBefore] = defaultdict(PlacedBefore)
        rows = (
            select(placement.c.account_number, placement.c.agency_id, placement.c.state)
            .where(placement.c.facility_id == facility_id, is_one_of(placement.c.account_number))
            .order_by(placement.c.account_number, placement.c.number)
        )
        notices = (
            select(document_account.c.account_number, func.max(document.c.due_on), func.max(document.c.mailed_on))
            .join(document, document.c.document_id == document_account.c.document_id)
            .where(
                is_one_of(document_account.c.account_number),
                document.c.kind == Kind.DUNNING.value,
                document.c.level == FINAL_LEVEL,
                document.c.mailed_on.is_not(None),
            )
            .group_by(document_account.c.account_number)
        )
        with self._read() as connection:
            for ids in in_chunks(account_numbers):
                for account, agency_id, state in connection.execute(rows, {"ids": ids}):
                    each = found[account]
                    returned = (*each.returned_by, agency_id) if state == PlacementState.RETURNED else each.returned_by
                    found[account] = replace(each, placements=each.placements + 1, returned_by=returned)
                for account, due_on, mailed_on in connection.execute(notices, {"ids": ids}):
                    found[account] = replace(found[account], notice_due_on=due_on, notice_mailed_on=mailed_on)
        return dict(found)

    def holding(self, facility_id: str, guarantor_ids: Sequence[str]) -> dict[str, str]:
        """Guarantor → the agency that has a visit of theirs now."""
        query = select(placement.c.guarantor_id, placement.c.agency_id).where(
            placement.c.facility_id == facility_id,
            placement.c.state.in_([state.value for state in AT_AGENCY]),
            is_one_of(placement.c.guarantor_id),
        )
        with self._read() as connection:
            return {
                guarantor: agency
                for ids in in_chunks(guarantor_ids)
                for guarantor, agency in connection.execute(query.order_by(placement.c.placement_id), {"ids": ids})
            }

    def of_list(self, batch_id: str) -> list[Placement]:
        """The visits on a list, in its order."""
        return self._select(select(*_COLUMNS).where(placement.c.batch_id == batch_id).order_by(placement.c.position))

    def live(self, facility_id: str) -> list[Placement]:
        """Every visit that is with an agency."""
        mine = (placement.c.facility_id == facility_id) & placement.c.state.in_([state.value for state in AT_AGENCY])
        return self._select(select(*_COLUMNS).where(mine).order_by(placement.c.placement_id))

    def all(self, facility_id: str) -> list[Placement]:
        """Every placement that was sent, whatever became of it."""
        mine = (placement.c.facility_id == facility_id) & placement.c.placed_on.is_not(None)
        return self._select(select(*_COLUMNS).where(mine).order_by(placement.c.placement_id))

    def find(self, facility_id: str, placement_id: str) -> Placement | None:
        """The placement with this id, if it was sent."""
        mine = (placement.c.facility_id == facility_id) & (placement.c.placement_id == placement_id)
        found = self._select(select(*_COLUMNS).where(mine, placement.c.placed_on.is_not(None)))
        return found[0] if found else None

    def find_live(self, facility_id: str, account_number: str) -> Placement | None:
        """The placement of a visit that is with an agency."""
        mine = (placement.c.facility_id == facility_id) & (placement.c.account_number == account_number)
        found = self._select(select(*_COLUMNS).where(mine, placement.c.state.in_([state.value for state in AT_AGENCY])))
        return found[0] if found else None

    def totals(self, facility_id: str, placement_ids: Sequence[str]) -> dict[str, PlacementTotals]:
        """Placement → what happened to its balance, of those to which anything did."""
        query = (
            select(
                placement_entry.c.placement_id,
                placement_entry.c.what,
                func.sum(placement_entry.c.cents),
                func.sum(placement_entry.c.fee_cents),
                func.count(),
            )
            .where(placement_entry.c.facility_id == facility_id, is_one_of(placement_entry.c.placement_id))
            .group_by(placement_entry.c.placement_id, placement_entry.c.what)
        )
        found: defaultdict[str, PlacementTotals] = defaultdict(PlacementTotals)
        with self._read() as connection:
            for ids in in_chunks(placement_ids):
                for placement_id, what, cents, fee_cents, count in connection.execute(query, {"ids": ids}):
                    kind, each = PlacementEntryType(what), found[placement_id]
                    values: dict[str, int] = {_TOTALS[kind]: int(cents)} if kind in _TOTALS else {}
                    if kind is PlacementEntryType.PAYMENT:
                        values["fee_cents"] = int(fee_cents)
                    else:
                        values["told"] = each.told + int(count)
                    found[placement_id] = replace(each, **values)
        return dict(found)

    def payments(self, facility_id: str) -> list[PlacementChange]:
        """Every payment that agencies reported."""
        mine = placement_entry.c.facility_id == facility_id
        query = select(*_CHANGE_COLUMNS).where(mine, placement_entry.c.what == PlacementEntryType.PAYMENT.value)
        order = (placement_entry.c.placement_id, placement_entry.c.reference)
        with self._read() as connection:
            return [_to_change(row) for row in connection.execute(query.order_by(*order)).mappings()]

    def record_payment(self, facility_id: str, payment: PlacementChange, *, at: datetime) -> bool:
        """Record what an agency collected. False if there is a payment with this reference, which stays."""
        values: dict[str, Any] = {name: getattr(payment, name) for name in payment.__struct_fields__}
        values |= {"what": payment.what.value, "facility_id": facility_id, "recorded_at": at}
        with self._write() as connection:
            return insert_if_new(connection, placement_entry, values)

    def find_payment(self, facility_id: str, placement_id: str, reference: str) -> PlacementChange | None:
        """The payment with the agency's reference."""
        mine = (
            (placement_entry.c.facility_id == facility_id)
            & (placement_entry.c.placement_id == placement_id)
            & (placement_entry.c.what == PlacementEntryType.PAYMENT.value)
            & (placement_entry.c.reference == reference)
        )
        with self._read() as connection:
            row = connection.execute(select(*_CHANGE_COLUMNS).where(mine)).mappings().one_or_none()
        return None if row is None else _to_change(row)

    def move(
        self,
        facility_id: str,
        each: Placement,
        state: PlacementState,
        *,
        on: date,
        at: datetime,
        reason: str = "",
        left_cents: int | None = None,
    ) -> bool:
        """Record what the agency reported. False if the placement is not in the state that it was read in."""
        mine = (placement.c.facility_id == facility_id) & (placement.c.placement_id == each.placement_id)
        unchanged = placement.c.state == each.state.value
        values = {"state": state.value, "state_on": on, "reason": reason, "left_cents": left_cents}
        with self._write() as connection:
            moved = bool(connection.execute(update(placement).where(mine, unchanged).values(values)).rowcount)
            if moved:
                write_event(
                    connection,
                    at=at,
                    actor=each.agency_id,
                    batch_id=PLACEMENT,
                    subject=each.batch_id,
                    what=state.value,
                    why=reason,
                )
        return moved

    def _select(self, query: Select[Any]) -> list[Placement]:
        with self._read() as connection:
            return [_to_placement(row) for row in connection.execute(query).mappings()]


def begin_recalls(connection: Connection, facility_id: str, recalls: Mapping[str, str], *, on: date) -> None:
    """Record that agencies are told to stop, in the transaction that claims the file: placement → reason."""
    for placement_id, reason in recalls.items():
        mine = (placement.c.facility_id == facility_id) & (placement.c.placement_id == placement_id)
        values = {"state": PlacementState.RECALLING.value, "state_on": on, "reason": reason}
        connection.execute(update(placement).where(mine).values(values))


def _to_change(row: Any) -> PlacementChange:
    return PlacementChange(**{**row, "what": PlacementEntryType(row["what"])})


def _to_placement(row: Any) -> Placement:
    return Placement(**{**row, "state": PlacementState(row["state"])})
