"""Collection agencies side by side: shares are of what each got, and a late placement has its own row of time."""

from __future__ import annotations

from datetime import date
from typing import Any

from statement_builder.ledger.placement import Placement, PlacementChange, PlacementTotals
from statement_builder.ledger.states import PlacementEntryType, PlacementState
from statement_builder.reports.billing_office import Footing, report_agencies

SINCE, AS_OF = date(2026, 1, 1), date(2026, 11, 20)


def make_placement(account: str, agency: str = "granite", **changes: Any) -> Placement:
    facts: dict[str, Any] = {
        "account_number": account,
        "number": 1,
        "guarantor_id": f"G{account}",
        "agency_id": agency,
        "placed_cents": 10_000,
        "charged_cents": 10_000,
        "direct_cents": 0,
        "batch_id": "2026-02-placement-1",
        "state": PlacementState.ACCEPTED,
        "state_on": date(2026, 2, 1),
        "placed_on": date(2026, 2, 1),
        "left_cents": None,
        "reason": "",
    }
    return Placement(**(facts | changes))


def paid(placement: Placement, day: date, cents: int) -> PlacementChange:
    return PlacementChange(
        placement_id=placement.placement_id,
        what=PlacementEntryType.PAYMENT,
        reference=f"{day}",
        day=day,
        cents=cents,
    )


def test_agencies__what_each_collected_kept_and_returned() -> None:
    first, second = make_placement("A1"), make_placement("A2", state=PlacementState.RETURNED, left_cents=10_000)
    complained = make_placement("A3", state=PlacementState.RECALLED, reason="COMPLAINT", left_cents=10_000)
    refused = make_placement("B1", "summit", state=PlacementState.REFUSED, left_cents=10_000)
    old = make_placement("A9", placed_on=date(2025, 12, 31))
    report = report_agencies(
        [first, second, complained, refused, old],
        {first.placement_id: PlacementTotals(collected_cents=6_000, fee_cents=1_500, direct_cents=500)},
        [paid(first, date(2026, 3, 3), 7_000), paid(first, date(2026, 3, 13), -1_000)],
        since=SINCE,
        as_of=AS_OF,
    )
    names = [column.name for column in report.columns]
    footing = Footing(report)
    granite, summit = (dict(zip(names, row, strict=True)) for row in footing)
    assert granite == {
        "agency": "granite",
        "placed": 3,
        "placed_cents": 30_000,
        "refused": 0,
        "collected_cents": 6_000,
        "collected_percent": 2_000,
        "fee_cents": 1_500,
        "fee_percent": 2_500,
        "direct_cents": 500,
        "recalled": 1,
        "complaints": 1,
        "returned": 1,
        "open": 1,
        "payment_days": 30,
    }
    assert (summit["placed"], summit["refused"], summit["open"], summit["payment_days"]) == (1, 1, 0, None)
    assert summit["fee_percent"] is None
    totals = dict(zip(names, footing.totals or (), strict=True))
    assert (totals["placed"], totals["placed_cents"], totals["fee_cents"]) == (4, 40_000, 1_500)
