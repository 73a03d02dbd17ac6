"""The judge sees what did not leave, what left although it must not have, and batches that do not foot."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.agencies import Agencies, Placement
from tests.simulation.duties import missing_bills, missing_letters, missing_notices, missing_plan_letters
from tests.simulation.households import Household, World
from tests.simulation.judge import OFFICE_DAYS_MAX, REPRINT_DAYS_MAX, UNREAD_DAYS, Judge
from tests.simulation.letters import Attempt, LedgerReader, Letter
from tests.simulation.limits import may_be_covered
from tests.simulation.outside import Departure, Report
from tests.simulation.payroll import Payroll
from tests.simulation.portal import Portal
from tests.simulation.samples import (
    ACCOUNT,
    DAY,
    FIRST,
    happen,
    ladder,
    log_of,
    make_letter,
    make_world,
    statements,
    visit_of,
)

PATIENCE = 35
BILLED_ON = DAY - timedelta(days=40)


def bills_missing(world: World, kind: str, as_of: date, *letters: Letter, voided: set[str] | None = None) -> list[str]:
    log = log_of(world, *letters)
    households = iter(world.households.values())
    return [text for _, text in missing_bills(households, kind, "b", as_of, as_of, log, voided or set())]


@pytest.mark.parametrize(("sent", "what"), [(0, "first statement"), (1, "second statement"), (2, "")])
def test_statement__is_owed_until_both_left(sent: int, what: str) -> None:
    world = make_world()
    letters = statements(world, FIRST, FIRST + timedelta(days=31))[:sent]
    missing = bills_missing(world, "statement", FIRST + timedelta(days=70), *letters)
    assert [what in each for each in missing] == ([True] if what else [])


@pytest.mark.parametrize(
    ("sent", "days", "level"),
    [
        pytest.param(2, 61, 2, id="past-due"),
        pytest.param(2, 59, 0, id="day-59"),
        pytest.param(3, 91, 3, id="second-letter"),
        pytest.param(4, 121, 4, id="final-notice"),
    ],
)
def test_letter__is_owed_on_its_day(sent: int, days: int, level: int) -> None:
    world = make_world()
    missing = bills_missing(world, "dunning", FIRST + timedelta(days=days), *ladder(world)[:sent])
    assert [f"level {level}" in each for each in missing] == ([True] if level else [])


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        pytest.param("dies", {}, id="dead"),
        pytest.param("hold", {"code": "DISPUTE", "visit": 1}, id="disputed"),
        pytest.param("applies", {}, id="applied"),
        pytest.param("pays-unapplied", {"cents": 500}, id="unapplied"),
    ],
)
def test_statement__is_not_owed_when_something_stands_in_its_way(what: str, facts: dict[str, Any]) -> None:
    world = make_world()
    happen(world, what, DAY - timedelta(days=30), **facts)
    assert bills_missing(world, "statement", DAY) == []


def test_statement__is_not_owed_by_a_minor_nor_after_a_void() -> None:
    world = make_world()
    assert bills_missing(world, "statement", DAY, voided={"G100000"}) == []
    world.households[0].born_on = date(2012, 5, 1)
    assert bills_missing(world, "statement", DAY) == []


@pytest.mark.parametrize(
    ("on", "is_owed"),
    [pytest.param(date(2026, 1, 31), False, id="same-month"), pytest.param(date(2026, 2, 1), True, id="next-month")],
)
def test_statement__is_owed_when_medicaid_covers_another_month_only(on: date, is_owed: bool) -> None:
    """42 CFR 435.915(b): coverage may begin with the month, so in the same month only the payer can say."""
    world = make_world()
    happen(world, "visit", on, visit=2, charge_cents=8_000, insured=False, financial_class="medicaid")
    assert may_be_covered(world.households[0], visit_of(world)) is not is_owed
    assert bool(bills_missing(world, "statement", DAY)) is is_owed


def _decided(world: World, day: date, how: str, **facts: Any) -> None:
    happen(world, "applies", day - timedelta(days=9))
    happen(world, "completes", day - timedelta(days=5))
    happen(world, how, day, **facts)


def _refunded(world: World, day: date) -> None:
    happen(world, "pays", day - timedelta(days=20), visit=1, permille=1_500)
    happen(world, "refund-approved", day, visit=1, days=3)


def _died(world: World, day: date) -> None:
    happen(world, "dies", day - timedelta(days=30))


def _estate_opened(world: World, day: date) -> None:
    happen(world, "dies", day - timedelta(days=40))
    happen(world, "estate-opens", day)


def _incomplete(world: World, day: date) -> None:
    happen(world, "applies", day - timedelta(days=9))
    happen(world, "is-incomplete", day, missing="income")


ANSWERED = [
    pytest.param(lambda world, day: _decided(world, day, "denied"), "assistance-decision", id="denied"),
    pytest.param(lambda world, day: _decided(world, day, "granted", percent=100), "assistance-decision", id="granted"),
    pytest.param(_incomplete, "assistance-incomplete", id="26-CFR-1-501r-6-c-5"),
    pytest.param(_refunded, "refund", id="refund"),
    pytest.param(lambda world, day: happen(world, "opens-plan", day, visit=1, months=3), "plan-agreement", id="plan"),
    pytest.param(lambda world, day: happen(world, "requests-bill", day, visit=1), "invoice", id="itemized-bill"),
    pytest.param(_died, "estate-inquiry", id="death"),
    pytest.param(_estate_opened, "estate-claim", id="estate"),
]


@pytest.mark.parametrize(("happens", "kind"), ANSWERED)
def test_answer__is_owed_after_the_office_has_had_its_time(happens: Any, kind: str) -> None:
    world = make_world()
    household = world.households[0]
    happens(world, DAY)
    due_on = DAY + timedelta(days=PATIENCE)
    (missing,) = missing_letters(household, due_on, PATIENCE, log_of(world))
    assert kind in missing
    assert list(missing_letters(household, due_on - timedelta(days=1), PATIENCE, log_of(world))) == []
    answer = make_letter(world, kind, left_on=DAY, amount_cents=0)
    assert list(missing_letters(household, due_on, PATIENCE, log_of(world, answer))) == []


@pytest.mark.parametrize(
    ("kind", "after", "is_missing"),
    [
        pytest.param("plan-missed", 15, False, id="told"),
        pytest.param("plan-default", 40, False, id="ended"),
        pytest.param("plan-missed", -1, True, id="about-an-earlier-payment"),
        pytest.param("plan-reminder", 15, True, id="only-reminded"),
    ],
)
def test_missed_payment__has_its_letter(kind: str, after: int, is_missing: bool) -> None:
    world = make_world()
    happen(world, "opens-plan", visit=1, months=3)
    due_on = world.households[0].plans[0].installments[0].due_on
    letter = make_letter(world, kind, left_on=due_on + timedelta(days=after))
    today = due_on + timedelta(days=11 + PATIENCE)
    found = list(missing_plan_letters(world.households[0], today, PATIENCE, log_of(world, letter)))
    assert bool(found) is is_missing


def test_missed_payment__of_wages_has_a_file_instead() -> None:
    world = make_world()
    happen(world, "asks-payroll", visit=1, count=3, days=40)
    due_on = world.households[0].plans[0].installments[0].due_on
    today = due_on + timedelta(days=11 + PATIENCE)
    assert list(missing_plan_letters(world.households[0], today, PATIENCE, log_of(world))) == []


@pytest.mark.parametrize(
    ("days_left", "event", "is_missing"),
    [
        pytest.param(150, "", True, id="nobody-told-her"),
        pytest.param(80, "", False, id="no-time-left"),
        pytest.param(150, "loss", False, id="lost"),
        pytest.param(150, "applies", False, id="applied"),
    ],
)
def test_estimate__has_its_notice(days_left: int, event: str, is_missing: bool) -> None:
    world = make_world()
    happen(world, "pregnant", days_left=days_left, estimate_cents=90_000)
    if event:
        happen(world, event, DAY + timedelta(days=3))
    today = DAY + timedelta(days=7 + PATIENCE)
    assert bool(list(missing_notices(world.households[0], today, PATIENCE, log_of(world)))) is is_missing
    notice = make_letter(world, "ob-notice", left_on=DAY + timedelta(days=8), accounts=())
    assert list(missing_notices(world.households[0], today, PATIENCE, log_of(world, notice))) == []


class Ledger(LedgerReader):
    """A ledger of which a test says what is in it."""

    def __init__(self, *letters: Letter, **tables: list[tuple[object, ...]]) -> None:
        super().__init__(Path("none"))
        self._letters = {each.document_id: each for each in letters}
        self._tables = tables

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        table = next((name for name in _TABLES if _TABLES[name] in query), "")
        return self._tables.get(table, [(each,) for each in self._letters] if table == "handed_off" else [])

    def letter(self, document_id: str, by_guarantor: dict[str, Household]) -> Letter | None:
        return self._letters.get(document_id)

    def guarantor_of(self, document_id: str) -> str:
        return self._letters[document_id].household.guarantor_id


_TABLES = {
    "handed_off": "SELECT document_id FROM document",
    "figures": "FROM batch b",
    "as_of": "SELECT as_of FROM batch",
    "candidates": "FROM candidate WHERE batch_id",
    "closed": "SELECT batch_id, kind, as_of FROM batch",
    "lists": "proposed_by, decided_by",
    "waiting": "SELECT d.guarantor_id FROM document d",
}
FOOTS = ("2026-08-statement", "closed", 5, 5, 3, 3, 0, 900, 900, "ana@desk-1", "ben@desk-2", 1)


def rules_broken(judge: Judge, day: date, departures: Iterable[Departure] = ()) -> set[str]:
    return {each.rule for each in judge.judge(day, departures)}


@pytest.mark.parametrize(
    ("at", "value", "rule"),
    [
        pytest.param(0, FOOTS[0], "", id="foots"),
        pytest.param(3, 4, "foots", id="one-candidate-lost"),
        pytest.param(5, 2, "foots", id="one-document-lost"),
        pytest.param(6, 1, "foots", id="closed-with-an-open-document"),
        pytest.param(8, 901, "foots", id="one-cent-more"),
        pytest.param(10, "ana@desk-7", "second_person_releases", id="released-by-who-opened"),
    ],
)
def test_batch__foots_and_is_released_by_somebody_else(at: int, value: object, rule: str) -> None:
    figures = (*FOOTS[:at], value, *FOOTS[at + 1 :])
    as_of: list[tuple[object, ...]] = [(DAY,)]
    world = make_world()
    ledger = Ledger(figures=[figures], as_of=as_of, candidates=[("G100000", 9_000)])
    assert rules_broken(Judge(world, ledger), DAY) == ({rule} if rule else set())


def test_batch__that_saw_another_balance() -> None:
    ledger = Ledger(figures=[FOOTS], as_of=[(DAY,)], candidates=[("G100000", 8_999)])
    assert rules_broken(Judge(make_world(), ledger), DAY) == {"every_cent"}


def test_batch__that_left_somebody_out() -> None:
    ledger = Ledger(closed=[("2026-08-statement", "statement", DAY)])
    assert rules_broken(Judge(make_world(), ledger), DAY) == {"owed_a_bill"}


@pytest.mark.parametrize(
    ("batch_id", "closed_on", "left_on", "is_waiting"),
    [
        pytest.param("2026-07-dunning", "2026-08-04", None, True, id="never-left"),
        pytest.param("2026-07-dunning", "2026-08-04", "2026-08-04", True, id="left-tomorrow"),
        pytest.param("2026-07-dunning", None, "2026-08-03", True, id="leaves-today"),
        pytest.param("2026-07-dunning", "2026-08-04", "2026-08-02", False, id="left-yesterday"),
        pytest.param("2026-07-dunning", "2026-08-02", None, False, id="closed-yesterday"),
        pytest.param("2026-08-statement", "2026-08-04", None, False, id="same-batch"),
        pytest.param("2026-08-refund", "2026-08-04", None, False, id="no-bill"),
    ],
)
def test_bill__waits_while_another_run_has_one(
    tmp_path: Path, batch_id: str, closed_on: str | None, left_on: str | None, is_waiting: bool
) -> None:
    """A guarantor on another open run is held until that is closed."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("CREATE TABLE batch (batch_id, kind, as_of, closed_at)")
        ledger.execute("CREATE TABLE document (document_id, batch_id, guarantor_id)")
        ledger.execute("CREATE TABLE delivery (document_id, claimed_at)")
        kind, closed_at = batch_id.rpartition("-")[2], closed_on and f"{closed_on} 14:00:05.000000"
        ledger.execute("INSERT INTO batch VALUES (?, ?, '2026-07-17', ?)", (batch_id, kind, closed_at))
        ledger.execute("INSERT INTO document VALUES ('d9', ?, 'G100000')", (batch_id,))
        if left_on:
            ledger.execute("INSERT INTO delivery VALUES ('d9', ?)", (f"{left_on} 14:00:04.000000",))
    assert LedgerReader(path).waiting("2026-08-statement", DAY) == ({"G100000"} if is_waiting else set())


def test_batch__that_left_out_somebody_on_another_run() -> None:
    ledger = Ledger(closed=[("2026-08-statement", "statement", DAY)], waiting=[("G100000",)])
    assert rules_broken(Judge(make_world(), ledger), DAY) == set()


def test_document__that_nobody_outside_has() -> None:
    world = make_world()
    assert rules_broken(Judge(world, Ledger(make_letter(world))), DAY) == {"nothing_lost"}


def test_document__that_is_not_in_the_ledger() -> None:
    world = make_world()
    assert rules_broken(Judge(world, Ledger()), DAY, [make_letter(world).last]) == {"on_record"}


def departed(world: World, **facts: Any) -> tuple[Judge, Letter]:
    """A judge who has seen a right letter leave."""
    letter = make_letter(world, **facts)
    judge, departure = Judge(world, Ledger(letter)), letter.attempts.pop().departure
    assert rules_broken(judge, letter.as_of, [departure]) == set()
    return judge, letter


def test_void__is_never_mailed() -> None:
    world = make_world()
    letter = make_letter(world)
    judge = Judge(world, Ledger(letter))
    judge.voided = {letter.document_id}
    assert "void_is_never_mailed" in rules_broken(judge, DAY, [letter.attempts.pop().departure])


def test_notice__on_a_day_without_the_feed() -> None:
    world = make_world()
    happen(world, "pregnant", DAY - timedelta(days=20), days_left=150, estimate_cents=90_000)
    letter = make_letter(world, "ob-notice", accounts=())
    judge = Judge(world, Ledger(letter))
    judge.see_stale_feed(DAY)
    assert rules_broken(judge, DAY, [letter.attempts.pop().departure]) == {"fresh_feed"}


def test_copy_and_letter__may_leave_on_one_day() -> None:
    """Whichever is taken in first."""
    world = make_world()
    letter = make_letter(world)
    copy = make_letter(world, document_id="d2", revision_of="d1", is_copy=True, words="COPY")
    judge = Judge(world, Ledger(letter, copy))
    departures = [copy.attempts.pop().departure, letter.attempts.pop().departure]
    assert rules_broken(judge, DAY, departures) == set()


def test_rejected_piece__is_on_its_way_again_in_a_week() -> None:
    judge, letter = departed(make_world())
    told = DAY + timedelta(days=1)
    judge.see_reports(told, [Report(told, "rejected", letter.document_id, letter.last.print_file, told)])
    assert rules_broken(judge, told + timedelta(days=REPRINT_DAYS_MAX - 1)) == set()
    assert rules_broken(judge, told + timedelta(days=REPRINT_DAYS_MAX)) == {"sent_again"}


def test_bounced_bill__is_settled_by_a_newer_one_on_paper() -> None:
    judge, letter = _emailed()
    told = DAY + timedelta(days=1)
    judge.see_reports(told, [Report(told, "bounced", letter.document_id, "", told)])
    newer = make_letter(make_world(), left_on=DAY + timedelta(days=4), document_id="d2", cycle="next")
    newer.household = letter.household
    judge.log.add(newer)
    assert rules_broken(judge, told + timedelta(days=REPRINT_DAYS_MAX)) <= {"nothing_lost"}


def test_date__that_the_mailing_passes() -> None:
    judge, letter = departed(make_world(), due_on=DAY + timedelta(days=2))
    mailed = Report(DAY + timedelta(days=2), "mailed", letter.document_id, "f1", DAY + timedelta(days=2))
    judge.see_reports(mailed.day, [mailed])
    assert rules_broken(judge, mailed.day) == {"dates_hold_when_mailed"}


def _emailed(**facts: Any) -> tuple[Judge, Letter]:
    world = make_world()
    world.households[0].delivery = "email"
    return departed(world, channel="email", **facts)


def _on_paper(letter: Letter, day: date) -> Departure:
    return replace(make_letter(make_world(), due_on=letter.due_on).last, day=day)


@pytest.mark.parametrize(
    ("days", "viewed", "due_in", "is_wrong"),
    [
        pytest.param(UNREAD_DAYS, False, 40, False, id="a-week-later"),
        pytest.param(UNREAD_DAYS - 1, False, 40, True, id="too-early"),
        pytest.param(UNREAD_DAYS - 1, False, 9, False, id="its-date-would-pass"),
        pytest.param(UNREAD_DAYS, True, 40, True, id="opened"),
    ],
)
def test_email__goes_on_paper_when_nobody_opened_it(days: int, viewed: bool, due_in: int, is_wrong: bool) -> None:
    judge, letter = _emailed(due_on=DAY + timedelta(days=due_in))
    later = DAY + timedelta(days=days)
    judge.see_views({letter.document_id: DAY + timedelta(days=1)} if viewed else {})
    assert ("opened_email_stays" in rules_broken(judge, later, [_on_paper(letter, later)])) is is_wrong


@pytest.mark.parametrize(("days", "viewed", "is_proven"), [(7, False, True), (8, False, False), (8, True, True)])
def test_email__proves_nothing_when_nobody_opened_it_in_a_week(days: int, viewed: bool, is_proven: bool) -> None:
    judge, letter = _emailed()
    judge.see_views({letter.document_id: DAY} if viewed else {})
    judge.judge(DAY + timedelta(days=days), [])
    assert letter.is_proven is is_proven


def test_email__that_nobody_opened_and_nothing_followed() -> None:
    judge, _ = _emailed()
    assert rules_broken(judge, DAY + timedelta(days=UNREAD_DAYS + REPRINT_DAYS_MAX)) == {"unopened_email_goes_on_paper"}


def test_answer__that_the_judge_waits_for() -> None:
    world = make_world()
    judge = Judge(world, Ledger())
    happen(world, "requests-bill", visit=1)
    assert rules_broken(judge, DAY + timedelta(days=1 + OFFICE_DAYS_MAX)) == {"owed_a_letter"}


def books(judge: Judge, world: World, home: Path, day: date, portal: Portal | None = None) -> set[str]:
    for folder in ("portal", "payroll", "outbox/agencies"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    outside = Agencies(home, world, lambda _: True), Payroll(home, world, lambda _: True), portal or Portal(home)
    return {each.rule for each in judge.judge_books(day, *outside)}


def test_bill__that_the_portal_does_not_show(tmp_path: Path) -> None:
    world = make_world()
    judge, _ = departed(world)
    assert books(judge, world, tmp_path, DAY + timedelta(days=7)) == set()
    assert books(judge, world, tmp_path, DAY + timedelta(days=8)) == {"portal_shows_what_left"}


@pytest.mark.parametrize(
    ("change", "is_wrong"),
    [
        pytest.param({}, False, id="right"),
        pytest.param({"amount_cents": 8_999}, True, id="another-amount"),
        pytest.param({"guarantor": "G100001"}, True, id="to-somebody-else"),
        pytest.param({"document": "d9"}, True, id="never-left"),
    ],
)
def test_portal__shows_each_bill_to_its_guarantor(tmp_path: Path, change: dict[str, Any], is_wrong: bool) -> None:
    world = make_world()
    judge, letter = departed(world)
    line = {"document": letter.document_id, "guarantor": "G100000", "amount_cents": 9_000} | change

    class Showing(Portal):
        def collect(self, day: date) -> list[dict[str, Any]]:
            return [line]

    found = books(judge, world, tmp_path, DAY, Showing(tmp_path))
    assert found == ({"portal_shows_what_left"} if is_wrong else set())


def deliver(folder: Path, name: str, text: str, **facts: object) -> None:
    """A file with its control file, as the service leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    control = {"files": [{"file": f"{name}.txt"}], **facts}
    (folder / f"{name}.ctl").write_text(json.dumps(control), encoding="utf-8")


PAID = f"D|P1|{ACCOUNT}|paid_direct|2026-08-03|10.00|80.00|"
"""A line that tells an agency of a payment to the hospital."""


@pytest.mark.parametrize(
    ("line", "trailer", "is_wrong"),
    [
        pytest.param(PAID, "T|1|10.00", False, id="right"),
        pytest.param(PAID, "T|2|10.00", True, id="cut"),
        pytest.param(PAID, "T|1|10.01", True, id="another-sum"),
        pytest.param(PAID.replace("P1", "P2"), "T|1|10.00", True, id="of-a-placement-it-never-got"),
        pytest.param(PAID.replace("80.00", "79.99"), "T|1|10.00", True, id="another-balance"),
    ],
)
def test_agency__can_read_its_file(tmp_path: Path, line: str, trailer: str, is_wrong: bool) -> None:
    world = make_world()
    agencies = Agencies(tmp_path, world, lambda _: True)
    agencies.books["P1"] = Placement("P1", "granite", ACCOUNT, DAY, 9_000, {})
    folder = tmp_path / "outbox" / "agencies" / "granite"
    deliver(folder, "changes", f"H\n{line}\n{trailer}\n", file_type="change", records=1, cents=1_000)
    outside = agencies, Payroll(tmp_path, world, lambda _: True), Portal(tmp_path)
    rows = Judge(world, Ledger()).judge_books(DAY, *outside)
    assert {each.rule for each in rows} == ({"agency_can_read_it"} if is_wrong else set())


WAGES = "employee_id|code|amount|start|end|limit\nE20000|MED|30.00|2026-09-12|2026-11-12|90.00\nTRAILER|1\n"


@pytest.mark.parametrize(
    ("files", "is_wrong"),
    [
        pytest.param([WAGES], False, id="right"),
        pytest.param([WAGES.replace("TRAILER|1", "TRAILER|2")], True, id="cut"),
        pytest.param([WAGES.replace("limit", "total")], True, id="other-columns"),
        pytest.param([WAGES, WAGES], True, id="told-twice"),
    ],
)
def test_payroll__can_read_its_file(tmp_path: Path, files: list[str], is_wrong: bool) -> None:
    world = make_world()
    happen(world, "asks-payroll", visit=1, count=3, days=40)
    happen(world, "signs-payroll", DAY + timedelta(days=1))
    for number, text in enumerate(files):
        deliver(tmp_path / "payroll", f"deductions-{number}", text)
    found = books(Judge(world, Ledger()), world, tmp_path, DAY + timedelta(days=2))
    assert found == ({"payroll_can_read_it"} if is_wrong else set())


@pytest.mark.parametrize(
    ("files", "records", "cents", "is_wrong"),
    [
        pytest.param(1, 1, 9_000, False, id="right"),
        pytest.param(1, 2, 9_000, True, id="cut"),
        pytest.param(1, 1, 8_999, True, id="another-sum"),
        pytest.param(2, 1, 9_000, True, id="shown-twice"),
    ],
)
def test_portal__can_read_its_feed(tmp_path: Path, files: int, records: int, cents: int, is_wrong: bool) -> None:
    world = make_world()
    judge, letter = departed(world)
    line = {"action": "show", "document": letter.document_id, "guarantor": "G100000", "amount_cents": 9_000}
    for number in range(files):
        deliver(tmp_path / "portal", f"feed-{number}", json.dumps(line), records=records, cents=cents)
    assert books(judge, world, tmp_path, DAY) == ({"portal_can_read_it"} if is_wrong else set())


def test_list__that_one_person_proposed_and_approved(tmp_path: Path) -> None:
    world = make_world()
    judge = Judge(world, Ledger(lists=[("2026-08", "ana@desk-1", "ana@desk-2")]))
    agencies = Agencies(tmp_path, world, lambda _: True)
    assert books(judge, world, tmp_path, DAY) == set()
    agencies.books["P1"] = Placement("P1", "granite", ACCOUNT, DAY, 9_000, {})
    rows = judge.judge_books(DAY, agencies, Payroll(tmp_path, world, lambda _: True), Portal(tmp_path))
    assert {each.rule for each in rows} == {"second_person_approves"}


def test_placement__that_the_ledger_does_not_know(tmp_path: Path) -> None:
    """It may be told tomorrow, not next week."""
    world = make_world()
    judge, agencies = Judge(world, Ledger()), Agencies(tmp_path, world, lambda _: True)
    (tmp_path / "outbox" / "agencies").mkdir(parents=True)
    agencies.books["P1"] = Placement("P1", "granite", ACCOUNT, DAY, 9_000, {})
    for offset in range(7):
        outside = Payroll(tmp_path, world, lambda _: True), Portal(tmp_path)
        rows = judge.judge_books(DAY + timedelta(days=offset), agencies, *outside)
        assert {each.rule for each in rows} == ({"nothing_lost"} if offset == 6 else set())


def test_attempt__that_failed_is_no_departure() -> None:
    """A history in which nothing was mailed has no first statement."""
    letter = make_letter(make_world())
    letter.attempts = [Attempt(letter.last, failure="rejected")]
    assert letter.arrived_on is None
    assert letter.last_mailed_on(ACCOUNT) is None
