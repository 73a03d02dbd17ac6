"""The judge sees what must not go to a collection agency, and books that do not agree: one row per fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.simulation import placement_rules as rules
from tests.simulation.agencies import PLACEMENT, Agencies, Placement
from tests.simulation.events import apply
from tests.simulation.households import Deduction, Event, Household, World, street_of
from tests.simulation.letters import MailLog
from tests.simulation.payroll import Line
from tests.simulation.placement_rules import Case, PlacementRule
from tests.simulation.rules import (
    copy_is_marked,
    correction_is_the_same_mailing,
    no_letter_while_an_agency_collects,
)
from tests.simulation.test_judge import ACCOUNT, DAY, final_notice, happen, judged, make_letter, make_world, visit_of

NOTICE_ON = DAY - timedelta(days=32)


def facts_of(world: World) -> dict[str, str]:
    """The line of the visit, as an agency gets it."""
    household = world.households[0]
    facts = dict.fromkeys(PLACEMENT, "")
    facts |= {"guarantor": "G100000", "last_name": "Lopez", "address_1": street_of(household, household.mail_address)}
    return facts | {"itemized": "90.00", "itemized_on": str(NOTICE_ON), "balance": "90.00"}


def place(world: World, **facts: str) -> Placement:
    return Placement("P1", "granite", ACCOUNT, DAY, 9_000, facts_of(world) | facts)


def ready() -> tuple[World, MailLog]:
    """A visit of $90.00 with every letter mailed, and everything asked."""
    world, log = make_world(), MailLog()
    notice, earlier = final_notice(world, NOTICE_ON, due_on=DAY - timedelta(days=1))
    for each in (*earlier, notice):
        log.add(each)
    for kind, ago in (("screening", 90), ("oral_effort", 40), ("coverage_check", 10)):
        happen(world, "effort", DAY - timedelta(days=ago), kind=kind)
    return world, log


def problems(rule: PlacementRule, world: World, log: MailLog, placed: Placement | None = None) -> list[str]:
    return list(rule(Case(placed or place(world), world.households[0], visit_of(world), log, DAY)))


def test_right_placement__breaks_no_rule() -> None:
    world, log = ready()
    assert [message for rule in rules.PLACEMENT_RULES for message in problems(rule, world, log)] == []


def _pays_lately(world: World, _log: MailLog) -> None:
    happen(world, "pays", DAY - timedelta(days=29), visit=1, permille=1)


def _applies(world: World, _log: MailLog) -> None:
    happen(world, "applies")


def _is_bankrupt(world: World, _log: MailLog) -> None:
    happen(world, "hold", code="BANKR_STAY")


def _disputes(world: World, _log: MailLog) -> None:
    happen(world, "hold", code="DISPUTE", visit=1)


def _dies(world: World, _log: MailLog) -> None:
    happen(world, "dies")


def _has_plan(world: World, _log: MailLog) -> None:
    happen(world, "opens-plan", visit=1, months=3)


def _notice_returns(_world: World, log: MailLog) -> None:
    list(log.letters.values())[-1].attempts[0].failure = "returned"


def _notice_is_late(_world: World, log: MailLog) -> None:
    list(log.letters.values())[-1].attempts[0].mailed_on = DAY - timedelta(days=29)


def _nobody_called(world: World, _log: MailLog) -> None:
    world.households[0].efforts = [each for each in world.households[0].efforts if each.kind != "oral_effort"]


def _coverage_is_old(world: World, _log: MailLog) -> None:
    for each in world.households[0].efforts:
        each.on -= timedelta(days=21)


def _pays(world: World, _log: MailLog) -> None:
    happen(world, "pays", visit=1, permille=1)


def _is_placed(world: World, log: MailLog) -> None:
    log.placements[ACCOUNT].append(replace(place(world), placement="P0"))


FAULTS = [
    pytest.param(_pays_lately, rules.everything_was_asked, id="payment-29-days-ago"),
    pytest.param(_nobody_called, rules.everything_was_asked, id="26-CFR-1-501r-6-c-4-oral-effort"),
    pytest.param(_coverage_is_old, rules.everything_was_asked, id="coverage-31-days-ago"),
    pytest.param(_applies, rules.nothing_forbids_it, id="26-CFR-1-501r-6-c-5-open-application"),
    pytest.param(_is_bankrupt, rules.nothing_forbids_it, id="11-USC-362"),
    pytest.param(_disputes, rules.nothing_forbids_it, id="disputed"),
    pytest.param(_dies, rules.nothing_forbids_it, id="dead"),
    pytest.param(_has_plan, rules.nothing_forbids_it, id="plan-in-force"),
    pytest.param(_notice_returns, rules.after_every_letter, id="final-notice-returned"),
    pytest.param(_notice_is_late, rules.after_every_letter, id="26-CFR-1-501r-6-c-4-i-29-days"),
    pytest.param(_pays, rules.line_says_what_is_owed, id="one-cent-too-much"),
    pytest.param(_is_placed, rules.placed_once, id="placed-twice"),
]


@pytest.mark.parametrize(("spoil", "rule"), FAULTS)
def test_wrong_placement__breaks_its_rule(spoil: Callable[[World, MailLog], None], rule: PlacementRule) -> None:
    world, log = ready()
    spoil(world, log)
    assert problems(rule, world, log)


def test_every_rule__has_a_wrong_placement() -> None:
    assert {row.values[1] for row in FAULTS} == set(rules.PLACEMENT_RULES)


def test_letter_about_a_placed_visit__is_wrong_until_it_is_given_back() -> None:
    world, log = ready()
    placed = place(world)
    letter = make_letter(world, document_id="late")
    log.placements[ACCOUNT].append(placed)
    assert list(no_letter_while_an_agency_collects(letter, world, log, DAY))
    placed.ended_on = DAY
    assert list(no_letter_while_an_agency_collects(letter, world, log, DAY)) == []


def test_recall__is_missed_after_a_few_days() -> None:
    world, _ = ready()
    placed = replace(place(world), placed_on=DAY - timedelta(days=60))
    happen(world, "hold", DAY, code="BANKR_STAY")
    late = DAY + timedelta(days=rules.RECALL_DAYS_MAX)
    assert list(rules.missing_recalls(placed, world, late - timedelta(days=1))) == []
    assert list(rules.missing_recalls(placed, world, late))
    placed.state = "recalling"
    assert list(rules.missing_recalls(placed, world, late)) == []


def test_agency__reads_its_file_and_answers_with_its_own_balance(tmp_path: Path) -> None:
    world, _ = ready()
    agencies = Agencies(tmp_path, world, lambda _event: True)
    folder = tmp_path / "outbox" / "agencies" / "granite"
    folder.mkdir(parents=True)
    line = "|".join(["D", *(facts_of(world) | {"placement": "P1", "account": ACCOUNT}).values()])
    (folder / "a.txt").write_text(f"H|placement\n{line}\nT|1|90.00\n")
    (folder / "a.ctl").write_text(
        '{"file_type": "placement", "records": 1, "cents": 9000, "files": [{"file": "a.txt"}]}'
    )
    (placed,) = agencies.collect(DAY)
    assert (placed.account, placed.cents, agencies.faults) == (ACCOUNT, 9_000, [])
    for offset in range(1, 200):
        agencies.report(DAY + timedelta(days=offset))
    text = "".join(path.read_text() for path in (tmp_path / "agency-reports" / "granite").glob("*.txt"))
    assert not placed.is_live
    (end,) = re.findall(r"(?:rejected|returned|closed)\|P1\|\S+?\|([\d.]+)\|", text)
    assert round(float(end) * 100) == (9_000 if placed.state == "rejected" else placed.left)


@pytest.mark.parametrize(
    ("change", "is_wrong"),
    [
        pytest.param({}, False, id="as-signed"),
        pytest.param({"signed_on": None}, True, id="29-CFR-531-35-unsigned"),
        pytest.param({"total_cents": 8_000}, True, id="more-than-signed"),
        pytest.param({"status": "revoked", "ended_on": DAY}, True, id="goes-on-after-revocation"),
    ],
)
def test_payroll_line__is_what_both_signed(change: dict[str, object], is_wrong: bool) -> None:
    world = make_world()
    happen(world, "asks-payroll", visit=1, count=3, days=40)
    household: Household = world.households[0]
    signed = replace(household.deductions[0], status="signed", signed_on=DAY)
    dues = [each.due_on for each in signed.plan.installments]
    line = Line(signed.employee_id, "HOSPITAL", signed.per_pay_cents, dues[0], dues[-1], signed.total_cents, DAY)
    household.deductions = [_changed(signed, change)]
    assert bool(list(rules.payroll_takes_what_was_signed(line, household, DAY))) is is_wrong


def _changed(deduction: Deduction, change: dict[str, object]) -> Deduction:
    for name, value in change.items():
        setattr(deduction, name, value)
    return deduction


def test_correction__is_the_letter_that_it_corrects() -> None:
    world, log = make_world(), MailLog()
    first = make_letter(world, document_id="first")
    log.add(first)
    assert judged(
        correction_is_the_same_mailing,
        make_letter(world, document_id="second", revision_of="first", cycle="other"),
        world,
        first,
    )
    log.add(make_letter(world, document_id="second", revision_of="first", cycle=first.cycle))
    assert log.of(world.households[0], "statement") == [first]


def test_copy__says_that_it_is_one() -> None:
    world = make_world()
    first = make_letter(world, document_id="first")
    for text, is_wrong in (("bill", True), ("COPY bill", False)):
        copy = make_letter(world, document_id="second", revision_of="first", is_copy=True, text=text)
        assert bool(judged(copy_is_marked, copy, world, first)) is is_wrong


def test_event__that_makes_no_sense_changes_nothing() -> None:
    world = make_world()
    assert not apply(world, Event(DAY, 0, "agency-pays", {"visit": 1, "cents": 9_001}))
    assert visit_of(world).balance(date.max) == 9_000
