"""One simulation: the days in order, until the end or the first violation."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from statement_builder.errors import StatementsError
from statement_builder.operations.event_log import check_event_log
from tests.hospital import EMAIL_KEY
from tests.simulation.agencies import Agencies
from tests.simulation.billing_database import BillingDatabase
from tests.simulation.events import apply
from tests.simulation.households import Event, Household, World
from tests.simulation.judge import Judge, Violation
from tests.simulation.letters import LedgerReader, MailLog
from tests.simulation.lives import START, draw_life
from tests.simulation.office import Conduct, Office
from tests.simulation.outside import Outside
from tests.simulation.payroll import Payroll
from tests.simulation.portal import Portal
from tests.simulation.shortcuts import quick_office, write_settings


@dataclass(frozen=True)
class Plan:
    """What is simulated: everything follows from it."""

    seed: int
    guarantors: int = 500
    days: int = 365
    conduct: Conduct = field(default_factory=Conduct)
    only: frozenset[int] | None = None
    """The numbers of the households that take part. None: all."""
    left_out: frozenset[int] = frozenset()
    """The positions of events that do not happen, in the order of `draw_events`."""


@dataclass
class Outcome:
    """What came of a simulation."""

    plan: Plan
    violations: list[Violation]
    events: list[Event]
    """What really happened, in order."""
    log: list[str]
    """What the office did and met."""
    mail: MailLog
    ledger: LedgerReader
    home: Path
    ended_on: date


def draw_events(plan: Plan) -> tuple[dict[int, Household], list[Event]]:
    """The households of a plan, and everything that can happen to them, by date."""
    households, events = {}, []
    for number in range(plan.guarantors):
        if plan.only is not None and number not in plan.only:
            continue
        household, life = draw_life(plan.seed, number)
        households[number] = household
        events += life
    last = START + timedelta(days=plan.days)
    events = sorted((each for each in events if each.day < last), key=lambda each: (each.day, each.household))
    return households, [each for index, each in enumerate(events) if index not in plan.left_out]


def simulate(
    plan: Plan,
    home: Path,
    layouts: Path,
    *,
    stops: bool = True,
    report: Callable[[Violation], None] = lambda _violation: None,
) -> Outcome:
    """Run the days of a plan in the empty folder `home`. With `stops`, the first violation ends it. `report` gets each
    violation as it is found."""
    households, events = draw_events(plan)
    world = World(households)
    home.mkdir(parents=True, exist_ok=True)
    write_settings(home, layouts)
    database = BillingDatabase(home / "hospital.db")
    database.write(world, households, START)
    office = Office(home, plan.seed, plan.conduct)
    ledger = LedgerReader(home / "ledger.db")
    judge = Judge(
        world,
        ledger,
        letters_every_days=plan.conduct.letters_every_days,
        notices_every_days=plan.conduct.notices_every_days,
    )
    outcome = Outcome(plan, judge.violations, [], office.log, judge.log, ledger, home, START)
    year = _Year(outcome, deque(events), world, database, office, judge)
    try:
        with quick_office():
            year.run(stops=stops, report=report)
            check_chain(office, judge, outcome.ended_on)
    except BaseException as exc:
        exc.add_note(f"seed {plan.seed}, day {outcome.ended_on}\n  " + "\n  ".join(office.log[-12:]))
        raise
    finally:
        office.close()
        database.close()
    return outcome


class _Year:
    """Everybody in it, day by day."""

    def __init__(
        self,
        outcome: Outcome,
        waiting: deque[Event],
        world: World,
        database: BillingDatabase,
        office: Office,
        judge: Judge,
    ) -> None:
        self._outcome, self._waiting = outcome, waiting
        self._world, self._database, self._office, self._judge = world, database, office, judge
        self._outside = Outside(outcome.home, world)
        self._agencies = Agencies(outcome.home, world, self._happen)
        self._payroll = Payroll(outcome.home, world, self._happen)
        self._portal = Portal(outcome.home)
        self._changed: set[int] = set()
        """The households to which something has happened today."""

    def run(self, *, stops: bool, report: Callable[[Violation], None]) -> None:
        """Every day, or until the first violation."""
        fresh = START
        for offset in range(self._outcome.plan.days):
            day = self._outcome.ended_on = START + timedelta(days=offset)
            self._let_happen(day)
            if offset == 0:
                self._judge.see_earlier_mail()
            if self._office.is_stale(day):
                self._judge.see_stale_feed(day)
            else:
                fresh = day
            self._database.load({"billing": day, "obstetric": fresh})
            self._judge.see_reports(day, self._outside.report(day))
            self._portal.report(day)
            self._judge.see_views(self._portal.viewed)
            self._office.work(day)
            self._judge.voided |= self._office.voided
            found = self._judge.judge(day, self._outside.collect(day))
            found += self._judge.judge_books(day, self._agencies, self._payroll, self._portal)
            for violation in found:
                report(violation)
            if found and stops:
                return

    def _let_happen(self, day: date) -> None:
        self._changed = _turn_final(self._world, day)
        callers = set()
        while self._waiting and self._waiting[0].day <= day:
            event = self._waiting.popleft()
            if self._happen(event):
                callers.add(event.household)
        self._agencies.report(day)
        self._payroll.report(day)
        self._database.write(self._world, self._changed, day)
        self._office.callers = [self._world.households[number].guarantor_id for number in sorted(callers)]

    def _happen(self, event: Event) -> bool:
        if not apply(self._world, event):
            return False
        self._outcome.events.append(event)
        self._changed.add(event.household)
        return True


def _turn_final(world: World, day: date) -> set[int]:
    """The households with a visit whose charges become final on this day."""
    return {
        household.number
        for household in world.households.values()
        if any(each.final_on == day for each in household.visits)
    }


def check_chain(office: Office, judge: Judge, day: date) -> None:
    """Every event is in the hash chain, and the seals of the closed batches fit."""
    context = office.context
    try:
        check_event_log(context.ledger, context.archive, {"STATEMENTS_EMAIL_KEY": EMAIL_KEY})
    except StatementsError as exc:
        judge.violations.append(Violation(day, "chain", None, str(exc)))


def simulate_in_temporary_folder(plan: Plan, layouts: Path) -> Outcome:
    """Simulate until the first violation, and remove the folder."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    try:
        return simulate(plan, folder / "home", layouts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
