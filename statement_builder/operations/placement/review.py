"""Review visits: the gates of each whose final notice was mailed, with what the ledger knows about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Encounter, GuarantorAccount
from statement_builder.billing.selection import Hold, Kind
from statement_builder.containment import contain
from statement_builder.errors import ConfigError
from statement_builder.kinds.dunning.rules import find_placement_holds
from statement_builder.ledger.placement.placements import PlacedBefore
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import find_candidates
from statement_builder.pipeline.pull.entries import Entry
from statement_builder.pipeline.pull.requests import chunked
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.policy.candidate import Candidate, open_candidate
from statement_builder.policy.placement import (
    Agency,
    PlacementHistory,
    Visit,
    choose_agency,
    find_refusals,
    is_considered,
)

_ACCOUNTS_A_LOOKUP = 500


@dataclass(frozen=True, kw_only=True)
class ReviewedVisit:
    """A visit with a balance, and every reason not to place it."""

    candidate: Candidate
    encounter: Encounter
    agency: Agency | None
    before: PlacedBefore
    refusals: tuple[Hold, ...]
    """Empty: it may be placed."""
    is_considered: bool
    """Whether its final notice was mailed."""

    @property
    def account_number(self) -> str:
        return self.encounter.account_number

    @property
    def guarantor_id(self) -> str:
        """The guarantor, also of mail that goes to somebody else."""
        return guarantor_of(self.candidate.account.guarantor.guarantor_id)

    @property
    def balance_cents(self) -> int:
        return self.candidate.balance(self.encounter).patient_cents


def require_agencies(context: AppContext) -> tuple[Agency, ...]:
    """The agencies in the settings. `ConfigError` if there are none."""
    if not (agencies := context.settings.placement.agencies):
        raise ConfigError(
            "placement.agencies is not set: it names the collection agencies, and without one nothing is placed."
        )
    return agencies


def find_agency(context: AppContext, agency_id: str) -> Agency:
    """The agency with this id. `ConfigError` if the settings do not have it."""
    for agency in context.settings.placement.agencies:
        if agency.agency_id == agency_id:
            return agency
    raise ConfigError(
        f"placement.agencies has no agency {agency_id}, and accounts are placed with it. Keep an agency in the "
        "settings until all its accounts have ended."
    )


def account_scope(context: AppContext, as_of: date) -> Scope:
    """Every account with a visit, as of a date, with what letters wait for: open disputes, and answers to them."""
    return Scope(source=context.settings.source.name, kind=Kind.DUNNING, cycle=f"{as_of:%Y-%m}", as_of=as_of)


def read_guarantors(context: AppContext, guarantor_ids: Sequence[str], as_of: date) -> list[Entry]:
    """The accounts of these guarantors as of a date, also those that owe nothing. `SourceError` if the billing system
    cannot be read."""
    return find_candidates(context, account_scope(context, as_of), only=guarantor_ids, choose=lambda entry: entry)


class Review:
    """Reviews accounts one after the other, and counts those that cannot be reviewed."""

    def __init__(self, context: AppContext, as_of: date, *, only: Collection[str] | None = None) -> None:
        """`only`: the visits that the ledger is asked about, by account number. None: those whose final notice was
        mailed."""
        self._context = context
        self._as_of = as_of
        self._only = only
        self.unreadable = 0

    def visits(self, entries: Iterable[Entry]) -> Iterator[ReviewedVisit]:
        """Every visit with a balance, in the order of the accounts."""
        for some in chunked(entries, _ACCOUNTS_A_LOOKUP):
            opened = [each for each in map(self._open, some) if each is not None]
            yield from self._review(opened)

    def _open(self, entry: Entry) -> tuple[Candidate, tuple[Hold, ...]] | None:
        if not isinstance(entry, GuarantorAccount):
            self.unreadable += 1
            return None
        try:
            candidate = open_candidate(entry, Kind.DUNNING, self._context.settings.policy, self._as_of)
            return candidate, find_placement_holds(candidate)
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            contain(exc, "reviewing this account for placement", entry.guarantor.guarantor_id)
            self.unreadable += 1
            return None

    def _review(self, opened: list[tuple[Candidate, tuple[Hold, ...]]]) -> Iterator[ReviewedVisit]:
        asked = [
            (candidate, visit)
            for candidate, _ in opened
            for visit in candidate.with_balance
            if is_considered(visit) or (self._only is not None and visit.account_number in self._only)
        ]
        ledger, facility_id = self._context.ledger.placements, self._context.facility.facility_id
        before = ledger.before(facility_id, [visit.account_number for _, visit in asked])
        guarantors = {guarantor_of(candidate.account.guarantor.guarantor_id) for candidate, _ in asked}
        holding = ledger.holding(facility_id, sorted(guarantors))
        for candidate, holds in opened:
            for encounter in candidate.with_balance:
                yield self._review_visit(candidate, holds, encounter, before, holding)

    def _review_visit(
        self,
        candidate: Candidate,
        holds: tuple[Hold, ...],
        encounter: Encounter,
        before: dict[str, PlacedBefore],
        holding: dict[str, str],
    ) -> ReviewedVisit:
        known = before.get(encounter.account_number, PlacedBefore())
        guarantor_id = guarantor_of(candidate.account.guarantor.guarantor_id)
        agency = choose_agency(
            guarantor_id,
            self._context.settings.placement.agencies,
            holding=holding.get(guarantor_id, ""),
            had_by=known.returned_by,
        )
        history = PlacementHistory(notice_due_on=known.notice_due_on)
        visit = Visit(candidate=candidate, encounter=encounter, holds=holds, history=history, agency=agency)
        considered = is_considered(encounter)
        return ReviewedVisit(
            candidate=candidate,
            encounter=encounter,
            agency=agency,
            before=known,
            refusals=find_refusals(visit) if considered or self._only is not None else (),
            is_considered=considered,
        )
