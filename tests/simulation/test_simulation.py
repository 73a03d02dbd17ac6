"""A small simulated year breaks no rule, and a failing history is cut to what matters."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from tests.hospital import shared_layouts
from tests.night import at_night, some_of
from tests.simulation.households import World
from tests.simulation.judge import Judge, Violation
from tests.simulation.letters import LedgerReader, MailLog
from tests.simulation.lives import START, draw_life
from tests.simulation.office import Conduct, Office
from tests.simulation.plots import write_page
from tests.simulation.shrink import Shrinker, describe_history
from tests.simulation.simulation import Outcome, Plan, check_chain, draw_events, simulate

SEEDS = range(1, 6)
"""The first numbers, whatever they bring: a seed that is chosen for what happens in its year proves that year only."""
SMALL = Plan(
    seed=SEEDS[0],
    guarantors=34,
    days=91,
    conduct=Conduct(letters_every_days=31, notices_every_days=28, payroll_every_days=7),
)
YEAR = Plan(
    seed=datetime.now(UTC).date().toordinal(),
    guarantors=60,
    conduct=Conduct(letters_every_days=14, payroll_every_days=3),
)
"""Each night another year. The history of a failure begins with its seed."""


@pytest.fixture(scope="module", params=some_of(SEEDS, by_day=2))
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("simulation")
    return simulate(replace(SMALL, seed=request.param), folder / "home", shared_layouts())


def test_small_year__breaks_no_rule(outcome: Outcome) -> None:
    assert [str(each) for each in outcome.violations] == [], describe_history(outcome)


def test_small_year__has_what_it_is_about(outcome: Outcome) -> None:
    """A simulation in which nothing happens proves nothing."""
    letters = outcome.mail.letters.values()
    assert {0, 1} <= {each.level for each in letters}
    assert {"statement", "ob-notice"} < {each.kind for each in letters}
    assert outcome.log


@at_night
def test_year_of_the_night__breaks_no_rule(tmp_path: Path) -> None:
    year = simulate(YEAR, tmp_path / "home", shared_layouts())
    assert [str(each) for each in year.violations] == [], describe_history(year)
    letters = year.mail.letters.values()
    assert {0, 1, 2, 3, 4} <= {each.level for each in letters}
    assert {"returned", "bounced"} <= {attempt.failure for each in letters for attempt in each.attempts}
    assert {"agency-pays", "payroll-pays"} & {each.what for each in year.events}
    assert any("outage" in line for line in year.log)
    assert year.mail.placements


def test_chain__an_event_that_was_changed_breaks_it(tmp_path: Path) -> None:
    conduct = Conduct(faults_permille=0, outages_permille=0, has_desks=False, kinds=frozenset({Kind.STATEMENT}))
    plan, home = Plan(seed=1, guarantors=1, days=4, conduct=conduct), tmp_path / "home"
    assert simulate(plan, home, shared_layouts()).violations == []
    office, judge = Office(home, plan.seed, conduct), Judge(World({}), LedgerReader(home / "ledger.db"))
    try:
        check_chain(office, judge, START)
        assert judge.violations == []
        with sqlite3.connect(home / "ledger.db") as ledger:
            ledger.execute("DROP TRIGGER event_no_update")
            assert ledger.execute("UPDATE event SET actor = 'nobody' WHERE event_id = 1").rowcount == 1
        ledger.close()
        check_chain(office, judge, START)
    finally:
        office.close()
    assert [each.rule for each in judge.violations] == ["chain"]


def test_page__opens_without_a_network(outcome: Outcome, tmp_path: Path) -> None:
    page = write_page(outcome, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 7
    assert not re.search(r"<script|<link|src=|@import", page)


def test_life__does_not_depend_on_the_others() -> None:
    everybody = draw_events(replace(SMALL, guarantors=30))[1]
    alone = draw_events(replace(SMALL, guarantors=30, only=frozenset({7})))[1]
    assert alone
    assert [each for each in everybody if each.household == 7] == alone
    assert draw_life(3, 7)[1] != draw_life(4, 7)[1]


def _run_without_service(plan: Plan) -> Outcome:
    """Fails when household 5 has paid, and a dunning batch is run: nothing else matters."""
    events = draw_events(plan)[1]
    guilty = [each for each in events if each.household == 5 and each.what == "visit" and each.facts["visit"] == 1]
    fails = guilty and Kind.DUNNING in plan.conduct.kinds
    day = START + timedelta(days=99)
    violations = [Violation(day, "rule", 5, "wrong")] if fails else []
    return Outcome(plan, violations, events, [], MailLog(), LedgerReader(Path("none")), Path("none"), day)


def test_shrinker__finds_the_one_event() -> None:
    plan = replace(SMALL, days=300)
    shortest = Shrinker(_run_without_service, _run_without_service(plan)).shrink()
    assert [(each.household, each.what) for each in shortest.events] == [(5, "visit")]
    assert shortest.plan.conduct.kinds == {Kind.DUNNING}
    assert shortest.plan.conduct.faults_permille == 0
    assert "WRONG" in describe_history(shortest)
