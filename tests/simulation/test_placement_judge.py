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
from tests.simulation.books import LedgerLine, difference_of_wages, differences_of_placement
from tests.simulation.events import apply
from tests.simulation.households import Deduction, Event, Household, World, street_of
from tests.simulation.ladder_rules import no_letter_while_an_agency_collects
from tests.simulation.letters import MailLog
from tests.simulation.payroll import Line
from tests.simulation.placement_duties import SENDING_DAYS_MAX, PlacementDuties
from tests.simulation.placement_rules import Case, PlacementRule
from tests.simulation.samples import ACCOUNT, DAY, final_notice, happen, log_of, make_letter, make_world, visit_of

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
    world = make_world()
    notice, earlier = final_notice(world, NOTICE_ON, due_on=DAY - timedelta(days=1))
    log = log_of(world, *earlier, notice)
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


def _notice_is_corrected_late(world: World, log: MailLog) -> None:
    notice = list(log.letters.values())[-1]
    correction = make_letter(world, "dunning", level=4, left_on=DAY - timedelta(days=29), due_on=notice.due_on)
    correction.document_id, correction.revision_of = "c1", notice.document_id
    log.add(correction)


def _nobody_opened_the_notice(_world: World, log: MailLog) -> None:
    list(log.letters.values())[-1].attempts[0].is_unopened = True


def _reminder_returns(_world: World, log: MailLog) -> None:
    log.letters["s1"].attempts[0].failure = "returned"


def _letter_returns(_world: World, log: MailLog) -> None:
    log.letters["l3"].attempts[0].failure = "returned"


def _is_minor(world: World, _log: MailLog) -> None:
    world.households[0].born_on = DAY - timedelta(days=17 * 365)


def _has_medicaid(world: World, _log: MailLog) -> None:
    visit_of(world).financial_class = "medicaid"


def _owes_little(world: World, _log: MailLog) -> None:
    happen(world, "pays", DAY - timedelta(days=60), visit=1, permille=500)


def _has_unapplied_money(world: World, _log: MailLog) -> None:
    happen(world, "pays-unapplied", cents=500)


def _nobody_screened(world: World, _log: MailLog) -> None:
    world.households[0].efforts = [each for each in world.households[0].efforts if each.kind != "screening"]


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
    pytest.param(_nobody_screened, rules.everything_was_asked, id="not-screened"),
    pytest.param(_is_minor, rules.nothing_forbids_it, id="minor"),
    pytest.param(_has_medicaid, rules.nothing_forbids_it, id="42-CFR-447-15"),
    pytest.param(_owes_little, rules.nothing_forbids_it, id="below-the-floor"),
    pytest.param(_has_unapplied_money, rules.nothing_forbids_it, id="unapplied-payment"),
    pytest.param(_nobody_opened_the_notice, rules.after_every_letter, id="final-notice-never-opened"),
    pytest.param(_reminder_returns, rules.after_every_letter, id="second-statement-returned"),
    pytest.param(_letter_returns, rules.after_every_letter, id="level-skipped"),
    pytest.param(_notice_is_corrected_late, rules.after_every_letter, id="26-CFR-1-501r-6-c-4-i-corrected-29-days-ago"),
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


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        pytest.param("dies", {}, id="death"),
        pytest.param("hold", {"code": "BANKR_STAY"}, id="11-USC-362-a-6"),
        pytest.param("hold", {"code": "PPDR", "visit": 1}, id="45-CFR-149-620-c"),
        pytest.param("applies", {}, id="26-CFR-1-501r-6-c-application"),
    ],
)
def test_recall__is_missed_after_a_few_days(what: str, facts: dict[str, object]) -> None:
    """Whatever else happens to the household meanwhile."""
    world, _ = ready()
    placed = replace(place(world), placed_on=DAY - timedelta(days=60))
    happen(world, what, DAY, **facts)
    late = DAY + timedelta(days=rules.RECALL_DAYS_MAX)
    world.households[0].changed_on = late
    assert list(rules.missing_recalls(placed, world, late - timedelta(days=1))) == []
    assert list(rules.missing_recalls(placed, world, late))
    placed.state = "recalling"
    assert list(rules.missing_recalls(placed, world, late)) == []


def test_recall__is_not_missed_when_the_reason_has_ended() -> None:
    world, _ = ready()
    placed = replace(place(world), placed_on=DAY - timedelta(days=60))
    happen(world, "hold", DAY, code="BANKR_STAY")
    happen(world, "ends-hold", DAY + timedelta(days=2), code="BANKR_STAY")
    assert list(rules.missing_recalls(placed, world, DAY + timedelta(days=30))) == []


ROW = ("2026-08", DAY.isoformat())


def owed(world: World, log: MailLog, *days: tuple[int, str]) -> list[tuple[int, str]]:
    """What the duty finds, when the list has each state on the day so many days after its date."""
    duties = PlacementDuties(world, log)
    found: list[tuple[int, str]] = []
    for after, state in days:
        decided_at = None if state == "proposed" else f"{DAY} 14:00:00"
        found += duties.judge(DAY + timedelta(days=after), [(*ROW, state, decided_at)])
    return found


APPROVED_LATE = (SENDING_DAYS_MAX, "approved")


def test_visit_that_passed_every_gate__must_be_placed() -> None:
    world, log = ready()
    (found,) = owed(world, log, (0, "proposed"), APPROVED_LATE)
    assert ACCOUNT in found[1]
    assert owed(world, log, (0, "proposed"), (SENDING_DAYS_MAX - 1, "approved")) == []
    assert owed(world, log, (0, "proposed"), (SENDING_DAYS_MAX, "rejected")) == []


def test_visit_that_an_agency_has__is_owed_no_placement() -> None:
    world, log = ready()
    log.placements[ACCOUNT].append(place(world))
    assert owed(world, log, (0, "proposed"), APPROVED_LATE) == []


@pytest.mark.parametrize(("ago", "is_owed"), [(59, False), (60, True)])
def test_visit__is_owed_no_placement_while_a_denial_may_be_reviewed(ago: int, is_owed: bool) -> None:
    world, log = ready()
    happen(world, "applies", DAY - timedelta(days=ago + 9))
    happen(world, "completes", DAY - timedelta(days=ago + 5))
    happen(world, "denied", DAY - timedelta(days=ago))
    assert bool(owed(world, log, (0, "proposed"), (1, "proposed"), APPROVED_LATE)) is is_owed


@pytest.mark.parametrize("after", [0, 3])
def test_visit_that_fails_a_gate__is_owed_no_placement(after: int) -> None:
    """On the list, or between the list and its file."""
    world, log = ready()
    duties = PlacementDuties(world, log)
    for offset in range(SENDING_DAYS_MAX + 1):
        if offset == after:
            happen(world, "hold", DAY + timedelta(days=offset), code="DISPUTE", visit=1)
        state = ("approved", f"{DAY} 14:00:00")
        assert list(duties.judge(DAY + timedelta(days=offset), [(*ROW, *state)])) == []


GOOD = LedgerLine("returned", 9_000, 2_000, 500, 7_000)


@pytest.mark.parametrize(
    ("line", "balance", "count"),
    [
        pytest.param(GOOD, 7_000, 0, id="agree"),
        pytest.param(replace(GOOD, placed=9_001), 7_000, 1, id="placed"),
        pytest.param(replace(GOOD, lowered=1_999), 7_000, 1, id="collected"),
        pytest.param(replace(GOOD, fees=499), 7_000, 1, id="fees"),
        pytest.param(replace(GOOD, state="accepted"), 7_000, 1, id="state"),
        pytest.param(replace(GOOD, left=6_999), 7_000, 1, id="given-back"),
    ],
)
def test_books__differ_by_one_cent(line: LedgerLine, balance: int, count: int) -> None:
    placed = replace(place(make_world()), collected=2_000, fees=500, state="returned", given_back=7_000, ended_on=DAY)
    assert len(list(differences_of_placement(placed, line, balance))) == count


def test_agency__collects_what_is_owed() -> None:
    placed = replace(place(make_world()), state="accepted")
    line = LedgerLine("accepted", 9_000, 0, 0, None)
    assert list(differences_of_placement(placed, line, 9_000)) == []
    assert list(differences_of_placement(placed, line, 8_999))


@pytest.mark.parametrize(
    ("taken", "in_ledger", "is_wrong"),
    [
        pytest.param(3_000, 3_000, False, id="agree"),
        pytest.param(3_000, 2_999, True, id="ledger-has-less"),
        pytest.param(9_001, 9_001, True, id="more-than-signed"),
        pytest.param(0, 3_000, True, id="ledger-has-more"),
    ],
)
def test_wages__are_in_both_books(taken: int, in_ledger: int, is_wrong: bool) -> None:
    world = make_world()
    happen(world, "asks-payroll", visit=1, count=3, days=40)
    happen(world, "signs-payroll")
    deduction = world.households[0].deductions[0]
    if taken:
        world.post(world.households[0], visit_of(world), DAY, "payment", -taken, "PAYROLL")
    assert bool(difference_of_wages(deduction, taken, in_ledger)) is is_wrong


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
        pytest.param({"signed_on": DAY + timedelta(days=41)}, True, id="taken-before-it-was-signed"),
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


def test_event__that_makes_no_sense_changes_nothing() -> None:
    world = make_world()
    assert not apply(world, Event(DAY, 0, "agency-pays", {"visit": 1, "cents": 9_001}))
    assert visit_of(world).balance(date.max) == 9_000
