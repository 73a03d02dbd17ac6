"""Propose a list of visits for collection agencies. Nothing is sent: a second person approves it first."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import partial

from statement_builder.billing.identifiers import is_cycle
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger.placement import PLACEMENT, NewPlacement, Placement, PlacementBatch, Refusal
from statement_builder.ledger.states import PlacementBatchState, PlacementState
from statement_builder.operations.placement.lines import PreparedPlacement, open_profiles, prepare_placement
from statement_builder.operations.placement.review import Review, ReviewedVisit, account_scope, require_agencies
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.source import read_refusing


class AgencyShare(Record, kw_only=True):
    """What one agency would get."""

    agency_id: str
    accounts: int
    cents: int


class PlacementList(Record, kw_only=True):
    """A list, and what became of it. Visits with a balance = proposed + refused + not due; amounts in cents."""

    batch_id: str
    cycle: str
    as_of: date
    state: PlacementBatchState
    proposed_by: str
    decided_by: str
    decided_why: str
    accounts: int
    """Visits that passed every gate."""
    cents: int
    agencies: tuple[AgencyShare, ...]
    dropped: int
    """Visits on the list that were not sent: it was rejected, or something changed after the approval."""
    refused: int
    refused_cents: int
    reasons: dict[str, int]
    """Hold code → visits that it keeps from an agency. A visit may have several."""
    not_due: int
    """Visits whose letters go on."""
    not_due_cents: int
    unreadable: int
    """Accounts with bad rows. `statements source check` lists them."""


def propose_placements(context: AppContext, cycle: str, as_of: date) -> PlacementList:
    """Review every visit and record the list, also an empty one.

    `GateStop` while another list waits for a decision or to be sent; `ConfigError` without agencies, or for a wrong
    cycle; `SourceError` if the billing system cannot be read; `BatchBusy` if another run is in progress;
    `NotAllowed`.
    """
    require_agencies(context)
    if not is_cycle(cycle):
        raise ConfigError(f"{cycle!r} is not a cycle: use a month such as 2026-11, or a day such as 2026-11-07")
    authorize(context, "place", batch_id=PLACEMENT)
    facility_id, lists = context.facility.facility_id, context.ledger.placement_lists
    with context.ledger.lock(PLACEMENT, owner=context.actor, at=context.now()):
        _require_no_open_list(lists.all(facility_id))
        found = read_refusing(partial(_Proposal, context, as_of))
        number = lists.next_number(facility_id, cycle)
        batch = PlacementBatch(
            batch_id=f"{cycle}-placement-{number}",
            facility_id=facility_id,
            cycle=cycle,
            number=number,
            as_of=as_of,
            state=PlacementBatchState.PROPOSED,
            proposed_by=context.actor,
            proposed_at=context.now(),
            refused=found.refused,
            refused_cents=found.refused_cents,
            not_due=found.not_due,
            not_due_cents=found.not_due_cents,
            unreadable=found.unreadable,
        )
        lists.propose(batch, found.placements, found.refusals)
    return summarize_list(context, batch)


def summarize_list(context: AppContext, batch: PlacementBatch) -> PlacementList:
    """The figures of a list."""
    placements = context.ledger.placements.of_list(batch.batch_id)
    refusals = context.ledger.placement_lists.refusals(batch.batch_id)
    return PlacementList(
        batch_id=batch.batch_id,
        cycle=batch.cycle,
        as_of=batch.as_of,
        state=batch.state,
        proposed_by=batch.proposed_by,
        decided_by=batch.decided_by,
        decided_why=batch.decided_why,
        accounts=len(placements),
        cents=sum(each.placed_cents for each in placements),
        agencies=_share(placements),
        dropped=sum(each.state is PlacementState.DROPPED for each in placements),
        refused=batch.refused,
        refused_cents=batch.refused_cents,
        reasons=dict(sorted(Counter(each.code for each in refusals if not each.late).items())),
        not_due=batch.not_due,
        not_due_cents=batch.not_due_cents,
        unreadable=batch.unreadable,
    )


def _share(placements: list[Placement]) -> tuple[AgencyShare, ...]:
    ids = sorted({each.agency_id for each in placements})
    mine = {agency_id: [each for each in placements if each.agency_id == agency_id] for agency_id in ids}
    return tuple(
        AgencyShare(agency_id=agency_id, accounts=len(some), cents=sum(each.placed_cents for each in some))
        for agency_id, some in mine.items()
    )


def _require_no_open_list(batches: list[PlacementBatch]) -> None:
    for batch in batches:
        if batch.state is PlacementBatchState.PROPOSED:
            raise GateStop(
                f"list {batch.batch_id} waits for a decision. A second person runs `statements placement approve "
                f"{batch.batch_id}` or `statements placement reject {batch.batch_id}` first."
            )
        if batch.state is PlacementBatchState.APPROVED:
            raise GateStop(f"list {batch.batch_id} is approved and not sent. Run `statements placement send` first.")


class _Proposal:
    """One reading of every account."""

    def __init__(self, context: AppContext, as_of: date, refused: frozenset[int]) -> None:
        self._itemization = context.settings.placement.itemization
        self._profiles = open_profiles(context)
        self.placements: list[NewPlacement] = []
        self.refusals: list[Refusal] = []
        self.refused = self.refused_cents = self.not_due = self.not_due_cents = 0
        review = Review(context, as_of)
        for visit in review.visits(stream_candidates(context, account_scope(context, as_of), refused=refused)):
            self._add(visit)
        self.unreadable = review.unreadable

    def _add(self, visit: ReviewedVisit) -> None:
        if not visit.is_considered:
            self.not_due += 1
            self.not_due_cents += visit.balance_cents
            return
        refusals = visit.refusals
        if not refusals:
            prepared = prepare_placement(visit, self._itemization, self._profiles, visit.candidate.as_of)
            if isinstance(prepared, PreparedPlacement):
                self.placements.append(prepared.placement)
                return
            refusals = (prepared,)
        self.refused += 1
        self.refused_cents += visit.balance_cents
        self.refusals += [
            Refusal(
                account_number=visit.account_number, guarantor_id=visit.guarantor_id, code=each.code, until=each.until
            )
            for each in refusals
        ]
