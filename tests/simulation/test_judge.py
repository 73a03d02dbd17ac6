"""The judge sees each kind of fault: one row per rule, with a letter that must not have left."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import ladder_rules, page_rules, rules
from tests.simulation.households import World
from tests.simulation.ladder_rules import dates_hold_when_mailed
from tests.simulation.letters import Attempt, Letter
from tests.simulation.rules import COPY_RULES, RULES, Rule
from tests.simulation.samples import (
    ACCOUNT,
    DAY,
    ESTIMATE,
    FIRST,
    HELP,
    SECOND,
    all_judged,
    final_notice,
    happen,
    judged,
    ladder,
    log_of,
    make_letter,
    make_world,
    statements,
    visit_of,
)

History = tuple[Letter, list[Letter]]
"""A letter, and those before it."""
WEEK = timedelta(days=7)


def alone(**facts: Any) -> Callable[[World], History]:
    """A letter with these facts, and none before it."""
    return lambda world: (make_letter(world, **facts), [])


def after(
    what: str, *, on: date = DAY, event: dict[str, Any] | None = None, **facts: Any
) -> Callable[[World], History]:
    """A letter that leaves after something has happened."""

    def make(world: World) -> History:
        happen(world, what, on, **(event or {}))
        return make_letter(world, **facts), []

    return make


def _medicaid(world: World) -> History:
    visit_of(world).financial_class = "medicaid"
    return make_letter(world, "invoice", amount_cents=0), []


def _covered_that_day(world: World) -> History:
    _add_visit(world, visit_of(world).service_on, "medicaid")
    return make_letter(world), []


def _add_visit(world: World, on: date, financial_class: str = "self_pay") -> None:
    happen(world, "visit", on, visit=2, charge_cents=8_000, insured=False, financial_class=financial_class)


def _minor(world: World) -> History:
    world.households[0].born_on = DAY.replace(year=DAY.year - 18) + timedelta(days=1)
    return make_letter(world), []


def _moved(world: World) -> History:
    letter = make_letter(world)
    world.households[0].address = 3
    return letter, []


def _to_returned_address(world: World) -> History:
    first = make_letter(world, left_on=DAY - 5 * WEEK)
    first.attempts[0].failure, first.attempts[0].failed_on = "returned", DAY - 4 * WEEK
    return make_letter(world, document_id="d2", cycle="next"), [first]


def _email_after_two_bounces(world: World) -> History:
    world.households[0].delivery = "email"
    earlier = [
        make_letter(world, left_on=DAY - weeks * WEEK, document_id=f"e{weeks}", cycle=f"c{weeks}", channel="email")
        for weeks in (8, 4)
    ]
    for each in earlier:
        each.attempts[0].failure = "bounced"
    return make_letter(world, channel="email"), earlier


def _pregnant(world: World, on: date = DAY - 8 * WEEK) -> None:
    happen(world, "pregnant", on, days_left=150, estimate_cents=90_000)


def _lost_pregnancy(world: World) -> History:
    _pregnant(world)
    happen(world, "loss")
    return make_letter(world, "ob-notice", accounts=()), []


def _estimate(**facts: Any) -> Callable[[World], History]:
    def make(world: World) -> History:
        _pregnant(world)
        return make_letter(world, "ob-notice", **{"accounts": (), **facts}), []

    return make


def _second_estimate(world: World) -> History:
    _pregnant(world)
    first = make_letter(world, "ob-notice", accounts=(), left_on=DAY - 3 * WEEK, document_id="o1")
    return make_letter(world, "ob-notice", accounts=(), cycle="next"), [first]


def _second_estimate_of_two_under_way(world: World) -> History:
    """The notice before was handed off, and nobody has said when it was mailed."""
    _pregnant(world)
    first = make_letter(world, "ob-notice", accounts=(), left_on=DAY - 5 * WEEK, document_id="o1", mailed=False)
    return make_letter(world, "ob-notice", accounts=(), cycle="next"), [first]


def _second_estimate_after_a_rejected_one(world: World) -> History:
    letter, (first,) = _second_estimate(world)
    first.attempts = [Attempt(first.last, failure="rejected")]
    return letter, [first]


def _two_decisions(world: World) -> History:
    happen(world, "applies", DAY - 9 * WEEK)
    happen(world, "completes", DAY - 8 * WEEK)
    happen(world, "denied", DAY - 7 * WEEK)
    first = make_letter(world, "assistance-decision", left_on=DAY - 6 * WEEK, amount_cents=0)
    return make_letter(world, "assistance-decision", document_id="d2", cycle="next", amount_cents=0), [first]


def _inherits_the_final_level(world: World) -> History:
    _add_visit(world, DAY - 9 * WEEK)
    notice, earlier = final_notice(world, DAY, accounts=(ACCOUNT, SECOND), amount_cents=17_000)
    return notice, earlier


def _reminder_as_first_statement(world: World) -> History:
    return make_letter(world, level=1), []


def _correction(earlier_level: int, **facts: Any) -> Callable[[World], History]:
    """A correction of the last of one or two statements."""

    def make(world: World) -> History:
        _add_visit(world, FIRST)
        earlier = statements(world, FIRST, FIRST + timedelta(days=30))[: earlier_level + 1]
        last = earlier[-1]
        words = f"{HELP} This replaces {last.document_id}. We are sorry for the trouble."
        given: dict[str, Any] = {
            "revision_of": last.document_id,
            "cycle": last.cycle,
            "level": last.level,
            "words": words,
        } | facts
        return make_letter(world, left_on=last.last.day + timedelta(days=5), **given), earlier

    return make


def _refund(words: str) -> Callable[[World], History]:
    def make(world: World) -> History:
        happen(world, "pays", DAY - 4 * WEEK, visit=1, permille=1_500)
        happen(world, "refund-approved", DAY - 3 * WEEK, visit=1, days=3)
        return make_letter(world, "refund", amount_cents=0, words=words), []

    return make


def _plan_agreement(words: str) -> Callable[[World], History]:
    def make(world: World) -> History:
        happen(world, "opens-plan", DAY, visit=1, months=3)
        return make_letter(world, "plan-agreement", amount_cents=3_000, words=f"{HELP} {words}"), []

    return make


def _inquiry(died: int, to: str = "Estate of Ana Lopez", words: str = HELP, **facts: Any) -> Callable[[World], History]:
    def make(world: World) -> History:
        happen(world, "dies", DAY - timedelta(days=died))
        given: dict[str, Any] = {"kind": "estate-inquiry", "amount_cents": 0} | facts
        return make_letter(world, address_lines=("Personal Representative", to, "1 Maple St"), words=words, **given), []

    return make


def _copy(**facts: Any) -> Callable[[World], History]:
    def make(world: World) -> History:
        first = make_letter(world, document_id="first", left_on=DAY - WEEK)
        return make_letter(world, revision_of="first", is_copy=True, **facts), [first]

    return make


def _copy_of_nothing(world: World) -> History:
    return make_letter(world, revision_of="never", is_copy=True, words="COPY"), []


def _twice(world: World) -> History:
    letter = make_letter(world)
    letter.attempts.append(Attempt(replace(letter.last, print_file="f2")))
    return letter, []


PAYS = {"visit": 1, "permille": 1_000}
PLAN_DATES = "3 payments of $30.00 from September 2, 2026 to November 1, 2026, together $90.00"
WRONG: list[Any] = [
    pytest.param(_twice, ladder_rules.sent_once, id="left-twice"),
    pytest.param(after("dies"), rules.nothing_to_the_dead, id="dead"),
    pytest.param(alone(kind="estate-claim"), rules.nothing_to_the_dead, id="estate-of-the-living"),
    pytest.param(_minor, rules.no_bill_to_a_minor, id="minor-until-tomorrow"),
    pytest.param(
        after("hold", event={"code": "BANKR_STAY"}, kind="invoice"),
        rules.no_collecting_during_bankruptcy,
        id="11-USC-362-a-6",
    ),
    pytest.param(after("hold", event={"code": "DISPUTE", "visit": 1}), rules.no_disputed_visit, id="disputed"),
    pytest.param(after("pays", event=PAYS), rules.only_final_patient_balances, id="nothing-owed"),
    pytest.param(_medicaid, rules.never_billed_classes, id="42-CFR-447-15"),
    pytest.param(_covered_that_day, rules.never_billed_classes, id="42-CFR-447-15-same-day"),
    pytest.param(
        after("pays", event=PAYS | {"permille": 100}, amount_cents=8_100),
        rules.no_bill_on_a_day_of_payment,
        id="paid-today",
    ),
    pytest.param(
        after("applies", kind="dunning", level=2), rules.no_dunning_during_application, id="26-CFR-1-501r-6-c-5"
    ),
    pytest.param(
        after("opens-plan", event={"visit": 1, "months": 3}, kind="dunning", level=2),
        rules.no_dunning_of_a_plan_in_force,
        id="plan-in-force",
    ),
    pytest.param(
        after("pays-unapplied", event={"cents": 500}), rules.no_bill_with_unapplied_money, id="unapplied-payment"
    ),
    pytest.param(_to_returned_address, rules.no_mail_where_it_was_returned, id="returned-before"),
    pytest.param(_moved, rules.right_address, id="45-CFR-164-522-b-other-address"),
    pytest.param(_email_after_two_bounces, rules.no_email_after_hard_bounces, id="two-bounces"),
    pytest.param(alone(kind="payroll-authorization", channel="email"), rules.legal_letters_on_paper, id="wages"),
    pytest.param(_inquiry(29), rules.estate_letters_keep_their_time, id="29-days-after-death"),
    pytest.param(_inquiry(365, kind="estate-claim"), rules.estate_letters_keep_their_time, id="UPC-3-803"),
    pytest.param(_lost_pregnancy, rules.estimate_stands_alone, id="lost-pregnancy"),
    pytest.param(_estimate(accounts=(ACCOUNT,)), rules.estimate_stands_alone, id="26-CFR-1-501r-6-b-1-iii"),
    pytest.param(_second_estimate, rules.notices_keep_their_distance, id="notice-21-days-later"),
    pytest.param(_second_estimate_of_two_under_way, rules.notices_keep_their_distance, id="notice-under-way"),
    pytest.param(_two_decisions, rules.answered_once, id="two-letters-one-decision"),
    pytest.param(_inherits_the_final_level, ladder_rules.next_step_of_the_ladder, id="new-visit-inherits-level-4"),
    pytest.param(_reminder_as_first_statement, ladder_rules.level_is_of_the_documents_sent, id="reminder-comes-first"),
    pytest.param(
        _correction(1, level=0), ladder_rules.level_is_of_the_documents_sent, id="correction-of-another-level"
    ),
    pytest.param(
        _correction(1, accounts=(SECOND,), amount_cents=8_000, level=1),
        ladder_rules.level_is_of_the_documents_sent,
        id="correction-about-a-new-visit-inherits",
    ),
    pytest.param(_correction(0, cycle="x"), ladder_rules.correction_is_the_same_mailing, id="correction-other-cycle"),
    pytest.param(
        _correction(0, words=f"{HELP} We are sorry."),
        ladder_rules.correction_is_the_same_mailing,
        id="old-one-not-linked",
    ),
    pytest.param(
        _correction(0, words=f"{HELP} s0 is replaced."), ladder_rules.correction_is_the_same_mailing, id="no-apology"
    ),
    pytest.param(alone(due_on=DAY), ladder_rules.dates_to_pay_are_ahead, id="due-date-passed"),
    pytest.param(
        alone(kind="dunning", level=4, due_on=DAY + timedelta(days=29)),
        ladder_rules.dates_to_pay_are_ahead,
        id="26-CFR-1-501r-6-c-4-i",
    ),
    pytest.param(alone(amount_cents=9_001), page_rules.amount_is_what_is_owed, id="one-cent-too-much"),
    pytest.param(alone(kind="invoice", amount_cents=-1), page_rules.amount_is_what_is_owed, id="asks-for-a-credit"),
    pytest.param(alone(kind="refund"), page_rules.amount_is_what_is_owed, id="refund-asks-for-money"),
    pytest.param(alone(text=f"{ACCOUNT} $91.00"), page_rules.page_says_the_same, id="page-has-another-amount"),
    pytest.param(
        after("pays", on=DAY - WEEK, event=PAYS | {"permille": 100}, amount_cents=8_100),
        page_rules.visits_add_up_on_the_page,
        id="payment-not-on-the-page",
    ),
    pytest.param(alone(words="Call 603-555-0142."), page_rules.assistance_is_offered, id="26-CFR-1-501r-4-b-5"),
    pytest.param(
        alone(words=f"{HELP} Ask Granite Recovery Services."), page_rules.speaks_as_the_hospital, id="15-USC-1692a-6"
    ),
    pytest.param(
        alone(words=f"{HELP} Legal action will be taken."), page_rules.speaks_as_the_hospital, id="empty-threat"
    ),
    pytest.param(
        alone(kind="dunning", level=4, words=f"{HELP} Granite Recovery Services, credit bureaus, court."),
        page_rules.final_notice_is_complete,
        id="26-CFR-1-501r-6-c-4-i-no-summary",
    ),
    pytest.param(
        _estimate(words=f"{HELP} {ESTIMATE} Your bill is past due."), page_rules.estimate_is_no_bill, id="with-old-debt"
    ),
    pytest.param(_estimate(words=HELP), page_rules.estimate_is_no_bill, id="42-CFR-489-24-d-4"),
    pytest.param(alone(channel="email", text="You owe $90.00"), page_rules.email_says_nothing, id="45-CFR-164-502-b"),
    pytest.param(_plan_agreement("$30.00 a month"), page_rules.plan_is_on_its_letter, id="plan-without-dates"),
    pytest.param(_refund("You get $40.00."), page_rules.refund_is_on_its_letter, id="another-refund"),
    pytest.param(_inquiry(40, to="Ana Lopez"), page_rules.estate_is_addressed, id="addressed-to-the-dead"),
    pytest.param(_inquiry(40, words="You owe $90.00"), page_rules.estate_is_addressed, id="reader-owes"),
    pytest.param(_copy(), page_rules.copy_is_marked, id="unmarked-copy"),
    pytest.param(_copy_of_nothing, page_rules.copy_is_marked, id="copy-of-nothing"),
]


@pytest.mark.parametrize(("make", "rule"), WRONG)
def test_wrong_letter__breaks_its_rule(make: Callable[[World], History], rule: Rule) -> None:
    world = make_world()
    letter, earlier = make(world)
    assert judged(rule, letter, world, *earlier)


def test_every_rule__has_a_wrong_letter() -> None:
    in_another_file = {ladder_rules.no_letter_while_an_agency_collects}
    assert {row.values[1] for row in WRONG} | in_another_file == {*RULES, *COPY_RULES}


RIGHT: list[Any] = [
    pytest.param(alone(), id="first-statement"),
    pytest.param(lambda world: final_notice(world, date(2026, 7, 1)), id="final-notice"),
    pytest.param(_correction(1), id="correction"),
    pytest.param(
        _correction(
            1,
            accounts=(ACCOUNT, SECOND),
            amount_cents=17_000,
            words=f"{HELP} s1 $90.00 $80.00 Lamentamos las molestias.",
        ),
        id="correction-with-a-new-visit",
    ),
    pytest.param(
        _correction(1, accounts=(SECOND,), amount_cents=8_000, level=0), id="correction-about-a-new-visit-only"
    ),
    pytest.param(_estimate(), id="estimate"),
    pytest.param(_second_estimate_after_a_rejected_one, id="notice-after-a-rejected-one"),
    pytest.param(_refund("You get $45.00."), id="refund"),
    pytest.param(_plan_agreement(PLAN_DATES), id="plan"),
    pytest.param(_inquiry(30), id="estate-30-days-after-death"),
]


@pytest.mark.parametrize("make", RIGHT)
def test_right_letter__breaks_no_rule(make: Callable[[World], History]) -> None:
    world = make_world()
    letter, earlier = make(world)
    assert all_judged(letter, world, *earlier) == []


@pytest.mark.parametrize(
    ("left_on", "dropped", "is_wrong"),
    [
        pytest.param(date(2026, 7, 1), None, False, id="day-120"),
        pytest.param(date(2026, 6, 30), None, True, id="26-CFR-1-501r-6-c-3-day-119"),
        pytest.param(date(2026, 7, 1), "l3", True, id="level-skipped"),
        pytest.param(date(2026, 7, 1), "s1", True, id="one-statement-only"),
    ],
)
def test_final_notice__keeps_to_its_clock_and_place(left_on: date, dropped: str | None, is_wrong: bool) -> None:
    world = make_world()
    notice, earlier = final_notice(world, left_on)
    kept = [each for each in earlier if each.document_id != dropped]
    assert bool(judged(ladder_rules.next_step_of_the_ladder, notice, world, *kept)) is is_wrong


def test_ladder__a_level_is_not_repeated() -> None:
    world = make_world()
    again = make_letter(world, "dunning", level=3, left_on=FIRST + timedelta(days=120))
    assert judged(ladder_rules.next_step_of_the_ladder, again, world, *ladder(world))


def test_ladder__a_returned_statement_does_not_count() -> None:
    world = make_world()
    notice, earlier = final_notice(world, date(2026, 7, 1))
    earlier[0].attempts[0].failure = "returned"
    assert judged(ladder_rules.next_step_of_the_ladder, notice, world, *earlier)


@pytest.mark.parametrize("level", [2, 3])
def test_ladder__an_unopened_email_may_count_or_not(level: int) -> None:
    """Nobody can tell whether it was read: the same level again and the next one are both right, and no other."""
    world = make_world()
    *earlier, last = ladder(world)[:3]
    last.attempts[0].is_unopened = True
    letter = make_letter(world, "dunning", level=level, left_on=FIRST + timedelta(days=120))
    assert judged(ladder_rules.next_step_of_the_ladder, letter, world, *earlier, last) == []
    assert judged(ladder_rules.level_is_of_the_documents_sent, letter, world, *earlier, last) == []
    letter.level = 4
    assert judged(ladder_rules.next_step_of_the_ladder, letter, world, *earlier, last)


@pytest.mark.parametrize(("days", "is_wrong"), [(24, True), (25, False)])
def test_ladder__a_correction_counts_for_the_next_bill(days: int, is_wrong: bool) -> None:
    """What the patient got last is the corrected bill: 25 days run from its mailing."""
    world = make_world()
    correction, earlier = _correction(0)(world)
    correction = replace(correction, document_id="c", attempts=correction.attempts)
    reminder = make_letter(world, left_on=correction.last.day + timedelta(days=days), level=1, document_id="s2")
    found = judged(ladder_rules.next_step_of_the_ladder, reminder, world, *earlier, correction)
    assert bool(found) is is_wrong


def test_ladder__a_visit_that_joins_twice_takes_one_step() -> None:
    """The second correction repeats the first statement about the visit that the first correction added."""
    world = make_world()
    both: dict[str, Any] = {"accounts": (ACCOUNT, SECOND), "amount_cents": 17_000}
    first, earlier = _correction(0, **both, document_id="c1")(world)
    second = make_letter(
        world, left_on=first.last.day + WEEK, revision_of="c1", cycle=first.cycle, words=f"{HELP} c1", **both
    )
    log = log_of(world, *earlier, first, second)
    assert list(ladder_rules.next_step_of_the_ladder(second, world, log, second.last.day)) == []
    assert second.steps == {ACCOUNT: {0}, SECOND: {0}}


@pytest.mark.parametrize(("on", "is_wrong"), [(date(2026, 1, 31), False), (date(2026, 2, 1), False)])
def test_coverage__of_another_day_leaves_the_bill_to_a_check_of_eligibility(on: date, is_wrong: bool) -> None:
    """Medicaid holds the visit that it covers. What it means for another day, only the payer can say."""
    world = make_world()
    _add_visit(world, on, "medicaid")
    assert bool(judged(rules.never_billed_classes, make_letter(world), world)) is is_wrong


def test_deadline__is_counted_from_the_mailing() -> None:
    """Two business days are what vendors agree to; August 3 is a Monday."""
    notice = make_letter(make_world(), "dunning", level=4, due_on=DAY + timedelta(days=31))
    wrong = [bool(list(dates_hold_when_mailed(notice, DAY, DAY + timedelta(days=days)))) for days in (1, 2, 3)]
    assert wrong == [False, True, False]


def test_second_copy__is_right_when_the_first_failed() -> None:
    world = make_world()
    letter, _ = _twice(world)
    letter.attempts[0].failure = "rejected"
    assert judged(ladder_rules.sent_once, letter, world) == []


def test_judge__knows_nothing_of_the_service() -> None:
    """A second opinion is worth something only if it is independent."""
    folder = Path(__file__).parent
    drives_the_service = {
        "__main__", "billing_database", "desks", "office", "outages", "shortcuts", "shrink", "simulation"
    }  # fmt: skip
    modules = {each.stem for each in folder.glob("*.py")} - drives_the_service
    modules = {each for each in modules if not each.startswith("test_")}
    assert {"judge", "rules", "ladder_rules", "page_rules", "limits", "duties", "placement_rules", "books"} <= modules
    for module in modules:
        source = (folder / f"{module}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) (\S+)", source, re.MULTILINE)
        assert not [name for name in imported if name.startswith(("statement_builder", "mail_house"))], module
