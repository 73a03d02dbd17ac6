"""What must go to a collection agency: a visit that passes every gate, on a list that was approved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from tests.simulation.duties import is_quiet
from tests.simulation.households import Household, Visit, World
from tests.simulation.letters import MailLog
from tests.simulation.limits import BILLS, may_be_covered
from tests.simulation.placement_rules import passes_every_gate

REVIEW_DAYS = 60
"""Days in which a person may ask to have a decision about assistance reviewed: nobody is owed a placement then."""
SENDING_DAYS_MAX = 6
"""Days from the approval of a list to its file, outages included."""
DECIDED = frozenset({"approved", "sent"})


class PlacementDuties:
    """Remembers which visits each list must have, while they go on passing every gate."""

    def __init__(self, world: World, log: MailLog) -> None:
        self._world, self._log = world, log
        self._owed: dict[str, set[str]] = {}
        """List → the visits that it must have."""
        self._done: set[str] = set()

    def judge(self, day: date, lists: Iterable[tuple[object, ...]]) -> Iterator[tuple[int, str]]:
        """The visits that were left out. `lists` has the id, the date, the state, and the time of decision of each."""
        for batch_id, as_of, state, decided_at in lists:
            name, on = str(batch_id), date.fromisoformat(str(as_of))
            if name in self._done:
                continue
            owed = self._owed.setdefault(name, {visit.account for _, visit in self._ready(on)})
            self._owed[name] = owed & {visit.account for _, visit in self._ready(day, on)}
            if str(state) == "rejected":
                self._done.add(name)
            if str(state) not in DECIDED or decided_at is None:
                continue
            if day < date.fromisoformat(str(decided_at)[:10]) + timedelta(days=SENDING_DAYS_MAX):
                continue
            self._done.add(name)
            for account in sorted(self._owed[name]):
                household, _ = self._world.by_account[account]
                yield household.number, f"visit {account} passed every gate since {on}, and {name} has not placed it"

    def _ready(self, day: date, since: date | None = None) -> Iterator[tuple[Household, Visit]]:
        """The visits about which there is no doubt: nothing has happened since the list, and nothing has before."""
        for household in self._world.households.values():
            decided = [each.decided_on for each in household.applications if each.decided_on]
            if any((day - each).days < REVIEW_DAYS for each in decided):
                continue
            if household.plans or not is_quiet(household, (since or day) - timedelta(days=2), self._log):
                continue
            for visit in household.visits:
                if self._log.placements.get(visit.account) or may_be_covered(household, visit):
                    continue
                if any(each.corrections for each in self._log.about(visit.account, *BILLS)):
                    continue
                if passes_every_gate(household, visit, self._log, day):
                    yield household, visit
