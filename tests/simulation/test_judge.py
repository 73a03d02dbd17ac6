"""The judge sees each kind of fault: one row per rule, with a letter that must not have left."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import rules
from tests.simulation.events import apply
from tests.simulation.households import Event, Household, Visit, World, street_of
from tests.simulation.letters import Attempt, Letter, MailLog
from tests.simulation.lives import START
from tests.simulation.outside import Departure
from tests.simulation.rules import Rule

DAY = date(2026, 8, 3)
ACCOUNT = "7100000001"


def make_world(*, insured: bool = False) -> World:
    """One guarantor with a visit of $90.00 in January."""
    household = Household(0, "G100000", "Ana", "Lopez", "en", "paper")
    world = World({0: household})
    apply(world, Event(START, 0, "visit", {"visit": 1, "charge_cents": 9_000, "insured": insured}))
    return world


def visit_of(world: World) -> Visit:
    return world.by_account[ACCOUNT][1]


def happen(world: World, what: str, day: date = DAY, **facts: Any) -> None:
    assert apply(world, Event(day, 0, what, facts))


def make_letter(
    world: World, kind: str = "statement", *, left_on: date = DAY, mailed: bool = True, **facts: Any
) -> Letter:
    """A letter that left on paper, with everything on its page."""
    household = world.households[0]
    cents = facts.pop("amount_cents", 9_000)
    due_on = facts.pop("due_on", left_on + timedelta(days=40))
    text = f"{ACCOUNT} {rules.money(cents)} {rules.days(due_on)[0]}"
    departure = Departure(
        document_id=facts.pop("document_id", "d1"),
        channel=facts.pop("channel", "print"),
        day=left_on,
        print_file="f1",
        address_lines=("Ana Lopez", street_of(household, household.mail_address), "Ashford Mills MA 01300"),
        amount_cents=cents,
        text=facts.pop("text", text),
    )
    return Letter(
        document_id=departure.document_id,
        batch_id=f"{left_on:%Y-%m}-{kind}",
        kind=kind,
        cycle=facts.pop("cycle", f"{left_on:%Y-%m}"),
        as_of=left_on,
        level=facts.pop("level", 0),
        amount_cents=cents,
        due_on=due_on,
        issued_on=left_on,
        household=household,
        accounts=facts.pop("accounts", (ACCOUNT,)),
        revision_of=facts.pop("revision_of", ""),
        is_copy=facts.pop("is_copy", False),
        attempts=[Attempt(departure, mailed_on=left_on if mailed else None)],
    )


def judged(rule: Rule, letter: Letter, world: World, *earlier: Letter) -> list[str]:
    log = MailLog()
    for each in (*earlier, letter):
        log.add(each)
    return list(rule(letter, world, log, letter.last.day))


def all_judged(letter: Letter, world: World, *earlier: Letter) -> list[str]:
    return [message for rule in rules.RULES for message in judged(rule, letter, world, *earlier)]


def statements(world: World, *days: date) -> list[Letter]:
    return [make_letter(world, left_on=day, document_id=f"s{index}", level=index) for index, day in enumerate(days)]


def final_notice(world: World, left_on: date, **facts: Any) -> tuple[Letter, list[Letter]]:
    """A final notice with the whole ladder before it."""
    first = date(2026, 3, 3)
    earlier = statements(world, first, first + timedelta(days=30))
    for level, days in ((2, 60), (3, 90)):
        letter = make_letter(
            world, "dunning", left_on=first + timedelta(days=days), level=level, document_id=f"l{level}"
        )
        earlier.append(letter)
    return make_letter(world, "dunning", left_on=left_on, level=4, **facts), earlier


def test_right_letters__break_no_rule() -> None:
    world = make_world()
    assert all_judged(make_letter(world), world) == []
    notice, earlier = final_notice(world, date(2026, 7, 1))
    assert all_judged(notice, world, *earlier) == []


def _dead(world: World) -> Letter:
    happen(world, "dies")
    return make_letter(world)


def _bankrupt(world: World) -> Letter:
    happen(world, "hold", code="BANKR_STAY")
    return make_letter(world, "invoice")


def _disputed(world: World) -> Letter:
    happen(world, "hold", code="DISPUTE", visit=1)
    return make_letter(world)


def _paid(world: World) -> Letter:
    happen(world, "pays", visit=1, permille=1000)
    return make_letter(world)


def _medicaid(world: World) -> Letter:
    visit_of(world).financial_class = "medicaid"
    return make_letter(world)


def _applied(world: World) -> Letter:
    happen(world, "applies")
    return make_letter(world, "dunning", level=2)


def _plan_kept(world: World) -> Letter:
    happen(world, "opens-plan", visit=1, months=3)
    return make_letter(world, "dunning", level=2)


def _unapplied(world: World) -> Letter:
    happen(world, "pays-unapplied", cents=500)
    return make_letter(world)


def _moved(world: World) -> Letter:
    letter = make_letter(world)
    world.households[0].address = 3
    return letter


def _past_date(world: World) -> Letter:
    return make_letter(world, due_on=DAY)


def _short_deadline(world: World) -> Letter:
    return make_letter(world, "dunning", level=4, due_on=DAY + timedelta(days=29))


def _wrong_amount(world: World) -> Letter:
    return make_letter(world, amount_cents=9_001)


def _lost_pregnancy(world: World) -> Letter:
    happen(world, "pregnant", DAY - timedelta(days=60), days_left=150, estimate_cents=90_000)
    happen(world, "loss")
    return make_letter(world, "ob-notice", accounts=())


def _estimate_with_debt(world: World) -> Letter:
    happen(world, "pregnant", DAY - timedelta(days=60), days_left=150, estimate_cents=90_000)
    return make_letter(world, "ob-notice")


def _other_page(world: World) -> Letter:
    return make_letter(world, text=f"{ACCOUNT} $91.00")


WRONG: list[Any] = [
    pytest.param(_dead, rules.nothing_to_the_dead, id="dead"),
    pytest.param(_bankrupt, rules.no_collecting_during_bankruptcy, id="11-USC-362-a-6"),
    pytest.param(_disputed, rules.no_disputed_visit, id="disputed"),
    pytest.param(_paid, rules.only_final_patient_balances, id="nothing-owed"),
    pytest.param(_medicaid, rules.never_billed_classes, id="42-CFR-447-15"),
    pytest.param(_applied, rules.no_dunning_during_application, id="26-CFR-1-501r-6-c-5"),
    pytest.param(_plan_kept, rules.no_dunning_of_a_plan_in_force, id="plan-in-force"),
    pytest.param(_unapplied, rules.no_bill_with_unapplied_money, id="unapplied-payment"),
    pytest.param(_moved, rules.right_address, id="45-CFR-164-522-b-other-address"),
    pytest.param(_past_date, rules.dates_to_pay_are_ahead, id="due-date-passed"),
    pytest.param(_short_deadline, rules.dates_to_pay_are_ahead, id="26-CFR-1-501r-6-c-4-i"),
    pytest.param(_wrong_amount, rules.amount_is_what_is_owed, id="one-cent-too-much"),
    pytest.param(_lost_pregnancy, rules.estimate_stands_alone, id="lost-pregnancy"),
    pytest.param(_estimate_with_debt, rules.estimate_stands_alone, id="26-CFR-1-501r-6-b-1-iii"),
    pytest.param(_other_page, rules.page_says_the_same, id="page-has-another-amount"),
]


@pytest.mark.parametrize(("make", "rule"), WRONG)
def test_wrong_letter__breaks_its_rule(make: Callable[[World], Letter], rule: Rule) -> None:
    world = make_world()
    assert judged(rule, make(world), world)


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
    assert bool(judged(rules.next_step_of_the_ladder, notice, world, *kept)) is is_wrong


def test_ladder__a_returned_statement_does_not_count() -> None:
    world = make_world()
    notice, earlier = final_notice(world, date(2026, 7, 1))
    earlier[0].attempts[0].failure = "returned"
    assert judged(rules.next_step_of_the_ladder, notice, world, *earlier)


def test_second_copy__is_wrong_until_the_first_failed() -> None:
    world = make_world()
    letter = make_letter(world)
    letter.attempts.append(Attempt(replace(letter.last, print_file="f2")))
    assert judged(rules.sent_once, letter, world)
    letter.attempts[0].failure = "rejected"
    assert judged(rules.sent_once, letter, world) == []


def test_every_rule__has_a_wrong_letter() -> None:
    tried = {row.values[1] for row in WRONG} | {rules.next_step_of_the_ladder, rules.sent_once}
    only_in_simulations = {
        rules.no_mail_where_it_was_returned,
        rules.no_email_after_a_bounce,
        rules.notices_keep_their_distance,
        rules.answered_once,
        rules.correction_is_the_same_mailing,
        rules.no_letter_while_an_agency_collects,
    }
    assert tried | only_in_simulations == set(rules.RULES)


@pytest.mark.parametrize(
    "module",
    [
        "households",
        "events",
        "money_events",
        "family_events",
        "lives",
        "outside",
        "agencies",
        "payroll",
        "portal",
        "letters",
        "rules",
        "duties",
        "placement_rules",
        "books",
        "judge",
    ],
)
def test_judge__knows_nothing_of_the_service(module: str) -> None:
    """A second opinion is worth something only if it is independent."""
    source = (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    imported = re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE)
    assert "__future__" in imported
    assert not [name for name in imported if name.startswith(("statement_builder", "mail_house"))]
