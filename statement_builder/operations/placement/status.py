"""What is with each agency, whether it foots, and which answers are late."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.model import Record
from statement_builder.ledger.placement import Placement, PlacementTotals
from statement_builder.ledger.states import AT_AGENCY, PlacementState
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext


class AgencyStatus(Record, kw_only=True):
    """One agency, in accounts and cents. What went in equals what came out:

    `placed = refused + recalled + returned + closed + open` in accounts, and
    `placed = refused + collected + direct + adjusted + ended + open` in cents.
    """

    agency_id: str
    placed: int
    placed_cents: int
    not_answered: int
    """Open accounts that the agency has neither accepted nor refused."""
    refused: int
    refused_cents: int
    """What the agency did not take in."""
    collected_cents: int
    fee_cents: int
    direct_cents: int
    """Paid to the hospital."""
    adjusted_cents: int
    recalled: int
    returned: int
    closed: int
    ended_cents: int
    """What was left of these three when they ended."""
    open: int
    open_cents: int
    recalling: int
    """Of the open accounts, those whose recall the agency has not confirmed."""
    foots: bool


class PlacementStatus(Record, kw_only=True):
    """All agencies that have, or had, a visit."""

    as_of: date
    agencies: tuple[AgencyStatus, ...]
    alerts: tuple[Alert, ...]


def show_placements(context: AppContext) -> PlacementStatus:
    """The status of every agency. Reads the ledger only."""
    facility_id, ledger = context.facility.facility_id, context.ledger.placements
    placements = ledger.all(facility_id)
    totals = ledger.totals(facility_id, [each.placement_id for each in placements])
    ids = sorted({each.agency_id for each in placements})
    agencies = tuple(
        _sum_up(agency_id, [each for each in placements if each.agency_id == agency_id], totals) for agency_id in ids
    )
    return PlacementStatus(as_of=context.today(), agencies=agencies, alerts=tuple(find_late_answers(context)))


def find_late_answers(context: AppContext) -> list[Alert]:
    """An alert for each agency with placements or recalls that it has not answered in `placement.answer_days`, and for
    one whose figures do not foot."""
    facility_id, ledger = context.facility.facility_id, context.ledger.placements
    before = context.today() - timedelta(days=context.settings.placement.answer_days)
    live = ledger.live(facility_id)
    alerts = []
    for state, code, what in (
        (PlacementState.PLACED, "AGENCY_LATE", "placements that it has neither accepted nor rejected"),
        (PlacementState.RECALLING, "RECALL_LATE", "recalls that it has not confirmed"),
    ):
        late = [each for each in live if each.state is state and each.state_on < before]
        for agency_id in sorted({each.agency_id for each in late}):
            count = sum(each.agency_id == agency_id for each in late)
            message = (
                f"agency {agency_id} has {count:,} {what}, for more than "
                f"{context.settings.placement.answer_days} days. Ask the agency for its file."
            )
            alerts.append(alert(code, agency_id, message, "placement"))
    return alerts


def _sum_up(agency_id: str, placements: list[Placement], totals: dict[str, PlacementTotals]) -> AgencyStatus:
    told = {each.placement_id: totals.get(each.placement_id, PlacementTotals()) for each in placements}

    def of(*states: PlacementState) -> list[Placement]:
        return [each for each in placements if each.state in states]

    ends = of(PlacementState.RECALLED, PlacementState.RETURNED, PlacementState.CLOSED)
    refused, at_agency = of(PlacementState.REFUSED), of(*AT_AGENCY)
    placed_cents = sum(each.placed_cents for each in placements)
    refused_cents = sum(each.left_cents or 0 for each in refused)
    ended_cents = sum(each.left_cents or 0 for each in ends)
    open_cents = sum(each.placed_cents - told[each.placement_id].lowered_cents for each in at_agency)
    lowered_cents = sum(each.lowered_cents for each in told.values())
    accounts = len(ends) + len(refused) + len(at_agency)
    return AgencyStatus(
        agency_id=agency_id,
        placed=len(placements),
        placed_cents=placed_cents,
        not_answered=len(of(PlacementState.PLACED)),
        refused=len(refused),
        refused_cents=refused_cents,
        collected_cents=sum(each.collected_cents for each in told.values()),
        fee_cents=sum(each.fee_cents for each in told.values()),
        direct_cents=sum(each.direct_cents for each in told.values()),
        adjusted_cents=sum(each.adjusted_cents for each in told.values()),
        recalled=len(of(PlacementState.RECALLED)),
        returned=len(of(PlacementState.RETURNED)),
        closed=len(of(PlacementState.CLOSED)),
        ended_cents=ended_cents,
        open=len(at_agency),
        open_cents=open_cents,
        recalling=len(of(PlacementState.RECALLING)),
        foots=accounts == len(placements) and placed_cents == refused_cents + lowered_cents + ended_cents + open_cents,
    )
