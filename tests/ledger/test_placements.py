"""Placements in the ledger: a visit is placed once, whatever claims it, and an end is recorded once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.errors import InvariantError
from statement_builder.ledger import Ledger
from statement_builder.ledger.placement import AgencyFileRow, NewPlacement, PlacementBatch, PlacementChange, Refusal
from statement_builder.ledger.placement.placements import AgencyStay
from statement_builder.ledger.states import PlacementBatchState, PlacementEntryType, PlacementState
from tests.ledger.world import AS_OF, AT, FACILITY, SHA

BATCH = PlacementBatch(
    batch_id="2026-11-placement-1",
    facility_id=FACILITY,
    cycle="2026-11",
    number=1,
    as_of=AS_OF,
    state=PlacementBatchState.PROPOSED,
    proposed_by="ana",
    proposed_at=AT,
    refused=1,
    refused_cents=100,
    not_due=2,
    not_due_cents=200,
    unreadable=0,
)
FIRST = NewPlacement(
    account_number="A1",
    number=1,
    guarantor_id="G1",
    agency_id="granite",
    placed_cents=5_000,
    charged_cents=6_000,
    direct_cents=1_000,
)
SECOND = replace(FIRST, account_number="A2", guarantor_id="G2")
REFUSED = Refusal(account_number="A9", guarantor_id="G9", code="PLACE_SCREEN")
FILE = AgencyFileRow(
    name="AGENCY_1",
    facility_id=FACILITY,
    agency_id="granite",
    number=1,
    file_type="placement",
    batch_id=BATCH.batch_id,
    archive_key="placements/AGENCY_1/x.txt",
    file="x.txt",
    sha256=SHA,
    records=2,
    cents=10_000,
)


def propose(ledger: Ledger, *placements: NewPlacement, **changes: Any) -> PlacementBatch:
    batch = replace(BATCH, **changes)
    ledger.placement_lists.propose(batch, placements or (FIRST, SECOND), [REFUSED])
    return batch


def place(ledger: Ledger) -> None:
    batch = propose(ledger)
    ledger.placement_lists.decide(batch, PlacementBatchState.APPROVED, actor="ben", at=AT, on=AS_OF, why="")
    ledger.agency_files.claim_placements(FILE, [FIRST, SECOND], on=AS_OF, at=AT)


def test_list__keeps_every_visit_and_every_reason(ledger: Ledger) -> None:
    batch = propose(ledger)
    assert ledger.placement_lists.get(batch.batch_id) == batch
    assert [each.account_number for each in ledger.placements.of_list(batch.batch_id)] == ["A1", "A2"]
    assert ledger.placement_lists.refusals(batch.batch_id) == [REFUSED]
    assert ledger.placement_lists.next_number(FACILITY, "2026-11") == 2
    assert ledger.placements.at_agencies(FACILITY, ["A1"]) == {}, "a proposal is with nobody"
    assert not ledger.placements.has_any(FACILITY)


def test_visit__cannot_be_on_two_lists(ledger: Ledger) -> None:
    propose(ledger)
    with pytest.raises(InvariantError):
        propose(ledger, replace(FIRST, number=2), batch_id="2026-11-placement-2", number=2)
    assert ledger.placement_lists.get("2026-11-placement-2") is None


def test_list__is_decided_once(ledger: Ledger) -> None:
    batch = propose(ledger)
    ledger.placement_lists.decide(batch, PlacementBatchState.REJECTED, actor="ben", at=AT, on=AS_OF, why="no")
    with pytest.raises(InvariantError):
        ledger.placement_lists.decide(batch, PlacementBatchState.APPROVED, actor="cy", at=AT, on=AS_OF, why="")
    assert {each.state for each in ledger.placements.of_list(batch.batch_id)} == {PlacementState.DROPPED}
    propose(ledger, replace(FIRST, number=2), batch_id="2026-11-placement-2", number=2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "AGENCY_1", "number": 2}, id="name-is-taken"),
        pytest.param({"name": "AGENCY_2", "number": 2}, id="visits-are-placed"),
    ],
)
def test_file__claims_each_visit_once(ledger: Ledger, change: dict[str, Any]) -> None:
    place(ledger)
    with pytest.raises(InvariantError):
        ledger.agency_files.claim_placements(replace(FILE, **change), [FIRST], on=AS_OF, at=AT)
    assert [file.name for file in ledger.agency_files.claimed(FACILITY)] == ["AGENCY_1"]
    assert ledger.placements.at_agencies(FACILITY, ["A1", "A3"]) == {"A1": AS_OF}
    assert ledger.placements.holding(FACILITY, ["G1", "G9"]) == {"G1": "granite"}
    ledger.agency_files.mark_delivered("AGENCY_1", at=AT)
    assert ledger.agency_files.claimed(FACILITY) == []
    with pytest.raises(InvariantError):
        ledger.placement_lists.drop(BATCH, [replace(REFUSED, account_number="A1", late=True)], on=AS_OF)


def test_change__is_told_once_and_a_payment_counts_once(ledger: Ledger) -> None:
    place(ledger)
    told = PlacementChange(
        placement_id=FIRST.placement_id,
        what=PlacementEntryType.PAID_DIRECT,
        reference="1",
        day=AS_OF,
        cents=500,
    )
    changes = replace(FILE, name="AGENCY_2", number=2, file_type="changes", batch_id="")
    ledger.agency_files.claim_changes(changes, [told], {SECOND.placement_id: "BANKR_STAY"}, on=AS_OF, at=AT)
    with pytest.raises(InvariantError):
        ledger.agency_files.claim_changes(replace(changes, name="AGENCY_3", number=3), [told], {}, on=AS_OF, at=AT)
    paid = replace(told, what=PlacementEntryType.PAYMENT, reference="R1", cents=700, fee_cents=70)
    assert ledger.placements.record_payment(FACILITY, paid, at=AT)
    assert not ledger.placements.record_payment(FACILITY, replace(paid, cents=1), at=AT)
    totals = ledger.placements.totals(FACILITY, [FIRST.placement_id, SECOND.placement_id])[FIRST.placement_id]
    assert (totals.direct_cents, totals.collected_cents, totals.fee_cents, totals.told) == (500, 700, 70, 1)
    assert totals.lowered_cents == 1_200
    assert {each.account_number: each.state for each in ledger.placements.live(FACILITY)} == {
        "A1": PlacementState.PLACED,
        "A2": PlacementState.RECALLING,
    }


def test_agency_stays__are_the_first_and_the_last_day_at_an_agency(ledger: Ledger) -> None:
    """CMS Pub. 15-1, 310.A: a bad debt is claimed after the agency has given it back."""
    propose(ledger)
    assert ledger.placements.agency_stays(FACILITY, ["A1", "A2"]) == {}, "a proposal is with nobody"


@pytest.mark.parametrize(
    ("state", "stay"),
    [
        pytest.param(PlacementState.ACCEPTED, AgencyStay(placed_on=AS_OF, returned_on=None), id="there"),
        pytest.param(
            PlacementState.RETURNED, AgencyStay(placed_on=AS_OF, returned_on=date(2026, 12, 1)), id="returned"
        ),
        pytest.param(PlacementState.CLOSED, AgencyStay(placed_on=AS_OF, returned_on=date(2026, 12, 1)), id="closed"),
        pytest.param(PlacementState.REFUSED, None, id="the-agency-never-took-it"),
    ],
)
def test_agency_stays__end_with_what_the_agency_reported(
    ledger: Ledger, state: PlacementState, stay: AgencyStay | None
) -> None:
    place(ledger)
    placed = ledger.placements.find(FACILITY, FIRST.placement_id)
    assert placed is not None
    assert ledger.placements.move(FACILITY, placed, state, on=date(2026, 12, 1), at=AT)
    assert ledger.placements.agency_stays(FACILITY, ["A1", "A9"]).get("A1") == stay


def test_end__is_recorded_once_and_frees_the_visit(ledger: Ledger) -> None:
    place(ledger)
    placed = ledger.placements.find(FACILITY, FIRST.placement_id)
    assert placed is not None
    end = {"on": date(2026, 12, 1), "at": AT, "reason": "uncollectible", "left_cents": 5_000}
    assert ledger.placements.move(FACILITY, placed, PlacementState.RETURNED, **end)  # type: ignore[arg-type]
    assert not ledger.placements.move(FACILITY, placed, PlacementState.CLOSED, **end)  # type: ignore[arg-type]
    assert ledger.placements.at_agencies(FACILITY, ["A1", "A2"]) == {"A2": AS_OF}
    before = ledger.placements.before(FACILITY, ["A1"])["A1"]
    assert (before.placements, before.returned_by) == (1, ("granite",))
    propose(ledger, replace(FIRST, number=2), batch_id="2026-12-placement-1", cycle="2026-12")
