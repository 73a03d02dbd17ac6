"""Record one row that an agency reported, if it fits what the agency has."""

from __future__ import annotations

from mail_house.agency import AgencyRow, AgencyRowType
from statement_builder.ledger.placement import Placement, PlacementChange, PlacementTotals
from statement_builder.ledger.states import AT_AGENCY, PlacementEntryType, PlacementState
from statement_builder.pipeline.context import AppContext

_WRONG_BALANCE = "its amount is not the balance that the agency should have: compare the payments, then ask the agency"
_ENDS = {
    AgencyRowType.REJECTED: PlacementState.REFUSED,
    AgencyRowType.CLOSED: PlacementState.CLOSED,
    AgencyRowType.RETURNED: PlacementState.RETURNED,
    AgencyRowType.RECALLED: PlacementState.RECALLED,
}
_FROM = {
    AgencyRowType.REJECTED: (PlacementState.PLACED,),
    AgencyRowType.CLOSED: AT_AGENCY,
    AgencyRowType.RETURNED: AT_AGENCY,
    AgencyRowType.RECALLED: (PlacementState.RECALLING,),
}
"""The states in which the agency may report each end."""


def record_row(context: AppContext, agency_id: str, row: AgencyRow) -> bool | str:
    """Record a row. True: it is news. False: the ledger knows it. A text: why a person must read it; it names no
    amount."""
    placement = context.ledger.placements.find(context.facility.facility_id, row.placement)
    if placement is None or placement.agency_id != agency_id:
        return "this agency has no such placement from us"
    if row.on > context.today():
        return "its day is in the future"
    if placement.placed_on is None or row.on < placement.placed_on:
        return "its day is before the placement"
    totals = context.ledger.placements.totals(context.facility.facility_id, [row.placement])
    told = totals.get(row.placement, PlacementTotals())
    if row.row is AgencyRowType.PAYMENT:
        return _record_payment(context, placement, told, row)
    if row.row is AgencyRowType.ACCEPTED:
        return _record_acceptance(context, placement, row)
    return _record_end(context, placement, told, row)


def _record_acceptance(context: AppContext, placement: Placement, row: AgencyRow) -> bool | str:
    if row.cents != placement.placed_cents:
        return "its amount is not the balance that was placed"
    if placement.state is not PlacementState.PLACED:
        return "the agency did not take it in before" if placement.state is PlacementState.REFUSED else False
    return _move(context, placement, PlacementState.ACCEPTED, row)


def _record_payment(context: AppContext, placement: Placement, told: PlacementTotals, row: AgencyRow) -> bool | str:
    ledger, facility_id = context.ledger.placements, context.facility.facility_id
    payment = PlacementChange(
        placement_id=placement.placement_id,
        what=PlacementEntryType.PAYMENT,
        reference=row.reference,
        day=row.on,
        cents=row.cents,
        fee_cents=row.fee_cents,
    )
    known = ledger.find_payment(facility_id, placement.placement_id, row.reference)
    if known is not None:
        return False if known == payment else "another payment with this reference is on record"
    if placement.state not in AT_AGENCY:
        return f"the placement is {placement.state.value}, so the agency must not collect on it: ask the agency"
    if abs(row.fee_cents) > abs(row.cents):
        return "its fee is more than the payment"
    if row.cents > placement.placed_cents - told.lowered_cents:
        return "it is more than was left: ask the agency to pay it back, or correct the placement's balance"
    if told.collected_cents + row.cents < 0:
        return "it takes back more than was paid"
    return ledger.record_payment(facility_id, payment, at=context.now())


def _record_end(context: AppContext, placement: Placement, told: PlacementTotals, row: AgencyRow) -> bool | str:
    end = _ENDS[row.row]
    if placement.state is end:
        return False if placement.left_cents == row.cents else "another balance is on record for this end"
    if placement.state not in _FROM[row.row]:
        return f"the placement is {placement.state.value}, which does not go with this row"
    left_cents = placement.placed_cents - told.lowered_cents
    if row.cents != left_cents:
        return _WRONG_BALANCE
    return _move(context, placement, end, row, left_cents)


def _move(
    context: AppContext, placement: Placement, state: PlacementState, row: AgencyRow, left_cents: int | None = None
) -> bool:
    reason = row.reason or (placement.reason if state is PlacementState.RECALLED else "")
    return context.ledger.placements.move(
        context.facility.facility_id,
        placement,
        state,
        on=row.on,
        at=context.now(),
        reason=reason,
        left_cents=left_cents,
    )
