"""Tell agencies what changed about the visits that they have, each once, and recall visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import partial

from mail_house.agency import ChangeLine
from statement_builder.billing.model import Encounter, GuarantorAccount, Record
from statement_builder.billing.selection import Kind
from statement_builder.containment import contain
from statement_builder.errors import ConfigError
from statement_builder.kinds.dunning.rules import find_placement_holds
from statement_builder.ledger.placement import PLACEMENT, Placement, PlacementChange, PlacementTotals
from statement_builder.ledger.states import PlacementEntryType, PlacementState
from statement_builder.operations.placement.delivery import Outbox
from statement_builder.operations.placement.review import find_agency, read_guarantors, require_agencies
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.candidate import open_candidate
from statement_builder.policy.placement import find_amounts, find_recall

RECALLED_BY_HAND = "by_hand"


class RecalledPlacement(Record, kw_only=True):
    """A visit that an agency was told to give back."""

    placement_id: str
    agency_id: str
    files: tuple[str, ...]
    """The files that were delivered."""
    alerts: tuple[Alert, ...]


def recall_visit(context: AppContext, account_number: str, reason: str) -> RecalledPlacement:
    """Tell the agency to stop, now, with what changed about its other visits. Letters stay on hold until it confirms.

    If the agency's folder cannot be reached, the recall is recorded, with an alert, and the next run delivers it.
    `ConfigError` without a reason, or if no agency has the visit; `SourceError`, `BatchBusy`, `NotAllowed`.
    """
    if not reason.strip():
        raise ConfigError('a recall requires a reason: --reason "…"')
    require_agencies(context)
    authorize(context, "place", batch_id=PLACEMENT)
    facility_id = context.facility.facility_id
    with context.ledger.lock(PLACEMENT, owner=context.actor, at=context.now()):
        placement = context.ledger.placements.find_live(facility_id, account_number)
        if placement is None:
            raise ConfigError("No agency has this account. `statements placement status` shows what agencies have.")
        if placement.state is PlacementState.RECALLING:
            raise ConfigError(f"placement {placement.placement_id} is recalled already; the agency has to confirm.")
        outbox = Outbox(context)
        context.ledger.events.record(
            PLACEMENT,
            placement.batch_id,
            what="recall",
            why=reason.strip(),
            actor=context.actor,
            at=context.now(),
        )
        send_changes(context, outbox, agency_id=placement.agency_id, recalls={placement.placement_id: RECALLED_BY_HAND})
    return RecalledPlacement(
        placement_id=placement.placement_id,
        agency_id=placement.agency_id,
        files=tuple(file.name for file in outbox.files),
        alerts=tuple(outbox.alerts),
    )


def send_changes(
    context: AppContext, outbox: Outbox, *, agency_id: str = "", recalls: Mapping[str, str] | None = None
) -> list[Alert]:
    """Send one file to each agency about whose visits something is new. Call it with the placements locked.

    `recalls` are placements that a person recalls, with the reason. Returns an alert for each visit that the billing
    system no longer returns: what it does not return, only a person recalls.
    """
    recalls = recalls or {}
    live = [
        each
        for each in context.ledger.placements.live(context.facility.facility_id)
        if agency_id in ("", each.agency_id) and each.agency_id not in outbox.blocked
    ]
    if not live:
        return []
    today = context.today()
    visits = _read_visits(context, live, today)
    totals = context.ledger.placements.totals(context.facility.facility_id, [each.placement_id for each in live])
    by_agency: defaultdict[str, list[Placement]] = defaultdict(list)
    alerts = []
    for each in live:
        if each.account_number in visits or each.placement_id in recalls:
            by_agency[each.agency_id].append(each)
        else:
            message = (
                f"placement {each.placement_id} of list {each.batch_id} is with agency {each.agency_id}, and the "
                "billing system has an error in the account or no longer returns it. Correct it, or recall the account."
            )
            alerts.append(alert("PLACE_GONE", each.placement_id, message, "placement"))
    claim = context.ledger.agency_files.claim_changes
    for agency, placements in sorted(by_agency.items()):
        found = _Changes(today)
        for each in placements:
            encounter, recall = visits.get(each.account_number, (None, ""))
            told = totals.get(each.placement_id, PlacementTotals())
            found.add(each, encounter, told, recalls.get(each.placement_id, recall))
        if found.lines:
            outbox.send(
                find_agency(context, agency),
                found.lines,
                file_type="changes",
                claim=partial(claim, changes=found.changes, recalls=found.recalls, on=today, at=context.now()),
            )
    return alerts


def _read_visits(context: AppContext, live: list[Placement], today: date) -> dict[str, tuple[Encounter, str]]:
    """Account → the visit, and the code that takes it back from the agency, if any."""
    found = {}
    guarantors = sorted({each.guarantor_id for each in live})
    numbers = {each.account_number for each in live}
    for entry in read_guarantors(context, guarantors, today):
        if not isinstance(entry, GuarantorAccount):
            continue
        try:
            holds = find_placement_holds(open_candidate(entry, Kind.DUNNING, context.settings.policy, today))
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            contain(exc, "reviewing this placed account", entry.guarantor.guarantor_id)
            continue
        for encounter in entry.encounters:
            if encounter.account_number in numbers:
                found[encounter.account_number] = (encounter, find_recall(entry.guarantor, encounter, holds))
    return found


class _Changes:
    """What is new about the visits of one agency."""

    def __init__(self, today: date) -> None:
        self._today = today
        self.lines: list[ChangeLine] = []
        self.changes: list[PlacementChange] = []
        self.recalls: dict[str, str] = {}

    def add(self, placement: Placement, encounter: Encounter | None, told: PlacementTotals, recall: str) -> None:
        """Add what the agency was not told yet. `encounter` None: the billing system does not return it."""
        changes: list[tuple[PlacementEntryType, int]] = []
        if encounter is not None:
            amounts = find_amounts(encounter, self._today)
            direct = amounts.direct_cents - placement.direct_cents - told.direct_cents
            adjusted = placement.charged_cents - amounts.charged_cents - told.adjusted_cents
            changes = [(PlacementEntryType.PAID_DIRECT, direct), (PlacementEntryType.ADJUSTMENT, adjusted)]
        left, number = placement.placed_cents - told.lowered_cents, told.told
        for what, cents in changes:
            if cents:
                left, number = left - cents, number + 1
                change = self._change(placement, what, number, cents)
                self._tell(placement, change, left)
        if recall and placement.state is not PlacementState.RECALLING:
            self._tell(placement, self._change(placement, PlacementEntryType.RECALL, number + 1, 0), left, recall)
            self.recalls[placement.placement_id] = recall

    def _change(self, placement: Placement, what: PlacementEntryType, number: int, cents: int) -> PlacementChange:
        return PlacementChange(
            placement_id=placement.placement_id, what=what, reference=str(number), day=self._today, cents=cents
        )

    def _tell(self, placement: Placement, change: PlacementChange, left: int, reason: str = "") -> None:
        self.changes.append(change)
        self.lines.append(
            ChangeLine(
                placement=placement.placement_id,
                account=placement.account_number,
                change=change.what.value,
                on=self._today,
                amount_cents=change.cents,
                balance_cents=left,
                reason=reason,
            )
        )
