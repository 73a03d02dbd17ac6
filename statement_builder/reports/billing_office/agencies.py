"""Collection agencies side by side: what each got, what it collected and kept, and what it returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from statement_builder.ledger.placement import Placement, PlacementChange, PlacementTotals
from statement_builder.ledger.states import AT_AGENCY, PlacementState
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row, share

COMPLAINTS = frozenset({"COMPLAINT", "DISPUTE", "VERIFY_OPEN", "CONTEST"})
"""Recalls for these reasons count as complaints."""
_ENDS = {PlacementState.RECALLED: "recalled", PlacementState.RECALLING: "recalled", PlacementState.RETURNED: "returned"}


def report_agencies(
    placements: Iterable[Placement],
    totals: Mapping[str, PlacementTotals],
    payments: Iterable[PlacementChange],
    *,
    since: date,
    as_of: date,
) -> Report:
    """A row for each agency, of the visits placed since a day. `totals` is by placement id."""
    mine = [each for each in placements if each.placed_on is not None and each.placed_on >= since]
    paid_on: dict[str, list[date]] = {}
    for payment in payments:
        if payment.cents > 0:
            paid_on.setdefault(payment.placement_id, []).append(payment.day)
    ids = sorted({each.agency_id for each in mine})
    by_agency = [(agency_id, [each for each in mine if each.agency_id == agency_id]) for agency_id in ids]
    return Report(
        name="agencies",
        title=f"Collection agencies, placements since {since}",
        meaning=(
            "What each agency got, collected, and kept. Compare agencies with the same kind and age of accounts: a "
            "newer placement had less time. Complaints are recalls for a complaint or a dispute."
        ),
        as_of=as_of,
        columns=(
            Column(name="agency", title="agency"),
            Column(name="placed", title="placed", type=ColumnType.COUNT, adds_up=True),
            Column(name="placed_cents", title="amount", type=ColumnType.CENTS, adds_up=True),
            Column(name="refused", title="refused", type=ColumnType.COUNT, adds_up=True),
            Column(name="collected_cents", title="collected", type=ColumnType.CENTS, adds_up=True),
            Column(name="collected_percent", title="of placed", type=ColumnType.PERCENT),
            Column(name="fee_cents", title="kept", type=ColumnType.CENTS, adds_up=True),
            Column(name="fee_percent", title="of collected", type=ColumnType.PERCENT),
            Column(name="direct_cents", title="paid to us", type=ColumnType.CENTS, adds_up=True),
            Column(name="recalled", title="recalled", type=ColumnType.COUNT, adds_up=True),
            Column(name="complaints", title="complaints", type=ColumnType.COUNT, adds_up=True),
            Column(name="returned", title="returned", type=ColumnType.COUNT, adds_up=True),
            Column(name="open", title="open", type=ColumnType.COUNT, adds_up=True),
            Column(name="payment_days", title="days to a payment", type=ColumnType.COUNT),
        ),
        rows=[_row(agency_id, some, totals, paid_on) for agency_id, some in by_agency],
        plots=(
            Plot(title="Collected and kept", label="agency", parts=("collected_cents", "fee_cents"), is_stacked=False),
        ),
    )


def _row(
    agency_id: str,
    placements: list[Placement],
    totals: Mapping[str, PlacementTotals],
    paid_on: Mapping[str, list[date]],
) -> Row:
    told = [totals.get(each.placement_id, PlacementTotals()) for each in placements]
    ends = [_ENDS.get(each.state) for each in placements]
    placed_cents = sum(each.placed_cents for each in placements)
    collected_cents, fee_cents = sum(each.collected_cents for each in told), sum(each.fee_cents for each in told)
    days = [
        (day - each.placed_on).days
        for each in placements
        if each.placed_on is not None
        for day in paid_on.get(each.placement_id, ())
    ]
    return (
        agency_id,
        len(placements),
        placed_cents,
        sum(each.state is PlacementState.REFUSED for each in placements),
        collected_cents,
        share(collected_cents, placed_cents),
        fee_cents,
        share(fee_cents, collected_cents),
        sum(each.direct_cents for each in told),
        ends.count("recalled"),
        sum(end == "recalled" and each.reason in COMPLAINTS for each, end in zip(placements, ends, strict=True)),
        ends.count("returned"),
        sum(each.state in AT_AGENCY for each in placements),
        sum(days) // len(days) if days else None,
    )
