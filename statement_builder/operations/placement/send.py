"""Send agencies what was approved, and each day what changed since: payments, adjustments, and recalls.

Every approved visit passes the gates again first. A visit that does not, or whose amounts changed, is dropped from the
list with its reasons; the next list proposes it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Hold
from statement_builder.ledger.placement import PLACEMENT, Placement, PlacementBatch, Refusal
from statement_builder.ledger.states import PlacementBatchState, PlacementState
from statement_builder.operations.placement.changes import send_changes
from statement_builder.operations.placement.delivery import Outbox
from statement_builder.operations.placement.lines import PreparedPlacement, open_profiles, prepare_placement
from statement_builder.operations.placement.review import (
    Review,
    ReviewedVisit,
    find_agency,
    read_guarantors,
    require_agencies,
)
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import make_hold


class SentPlacements(Record, kw_only=True):
    """What one run sent to agencies."""

    files: tuple[str, ...]
    """The files that were delivered, also one that an earlier run could not deliver."""
    placed: int
    """Visits in placement files."""
    placed_cents: int
    dropped: int
    """Approved visits that were not sent. `statements placement show LIST` has the reasons."""
    changes: int
    """Payments, adjustments, and recalls that agencies were told."""
    alerts: tuple[Alert, ...]


def send_placements(context: AppContext) -> SentPlacements:
    """Send approved lists, and what changed about placed visits. Without anything new, there is no file.

    An agency whose folder cannot be reached becomes an alert, and the others go on. `SourceError` if the billing system
    cannot be read: nothing new is sent. `BatchBusy` if another run is in progress. `ConfigError`, `NotAllowed`.
    """
    require_agencies(context)
    authorize(context, "place", batch_id=PLACEMENT)
    dropped = 0
    with context.ledger.lock(PLACEMENT, owner=context.actor, at=context.now()):
        outbox = Outbox(context)
        for batch in context.ledger.placement_lists.all(context.facility.facility_id):
            if batch.state is PlacementBatchState.APPROVED:
                dropped += _send_list(context, outbox, batch)
        gone = send_changes(context, outbox)
    placed = [file for file in outbox.files if file.file_type == "placement"]
    return SentPlacements(
        files=tuple(file.name for file in outbox.files),
        placed=sum(file.records for file in placed),
        placed_cents=sum(file.cents for file in placed),
        dropped=dropped,
        changes=sum(file.records for file in outbox.files if file.file_type != "placement"),
        alerts=(*outbox.alerts, *gone),
    )


def _send_list(context: AppContext, outbox: Outbox, batch: PlacementBatch) -> int:
    """Check an approved list again, and send it: one file for each agency. Returns how many visits were dropped. The
    visits for an agency that cannot be reached wait for the next run."""
    waiting = [
        each
        for each in context.ledger.placements.of_list(batch.batch_id)
        if each.state is PlacementState.PROPOSED and each.agency_id not in outbox.blocked
    ]
    visits = _read_again(context, waiting)
    refusals: list[Refusal] = []
    ready: defaultdict[str, list[PreparedPlacement]] = defaultdict(list)
    for each in waiting:
        found = _check_again(context, each, visits.get(each.account_number))
        if isinstance(found, PreparedPlacement):
            ready[each.agency_id].append(found)
        else:
            refusals += [_late(each, hold) for hold in found]
    if refusals:
        context.ledger.placement_lists.drop(batch, refusals, on=context.today())
    claim = context.ledger.agency_files.claim_placements
    for agency_id, prepared in sorted(ready.items()):
        placements = [each.placement for each in prepared]
        outbox.send(
            find_agency(context, agency_id),
            [each.line for each in prepared],
            file_type="placement",
            batch_id=batch.batch_id,
            claim=partial(claim, placements=placements, on=context.today(), at=context.now()),
        )
    left = context.ledger.placements.of_list(batch.batch_id)
    if not any(each.state is PlacementState.PROPOSED for each in left):
        context.ledger.placement_lists.mark_sent(batch, actor=context.actor, at=context.now())
    return len({each.account_number for each in refusals})


def _read_again(context: AppContext, waiting: Sequence[Placement]) -> dict[str, ReviewedVisit]:
    """Account → the visit as the billing system has it now, of those on the list that still have a balance."""
    if not waiting:
        return {}
    today, numbers = context.today(), {each.account_number for each in waiting}
    guarantors = sorted({each.guarantor_id for each in waiting})
    entries = read_guarantors(context, guarantors, today)
    review = Review(context, today, only=numbers)
    return {each.account_number: each for each in review.visits(entries) if each.account_number in numbers}


def _check_again(
    context: AppContext, each: Placement, visit: ReviewedVisit | None
) -> PreparedPlacement | tuple[Hold, ...]:
    """What is sent of an approved visit, or every reason not to send it."""
    if visit is None:
        return (make_hold("PLACE_GONE", each.account_number),)
    if visit.refusals:
        return visit.refusals
    settings = context.settings.placement
    prepared = prepare_placement(
        visit, settings.itemization, open_profiles(context), context.today(), number=each.number
    )
    if not isinstance(prepared, PreparedPlacement):
        return (prepared,)
    new = prepared.placement
    is_same = all(getattr(new, name) == getattr(each, name) for name in new.__struct_fields__)
    return prepared if is_same else (make_hold("PLACE_CHANGED", each.account_number),)


def _late(each: Placement, hold: Hold) -> Refusal:
    return Refusal(
        account_number=each.account_number,
        guarantor_id=each.guarantor_id,
        code=hold.code,
        until=hold.until,
        late=True,
    )
