"""Small histories for the tests of the judge: one guarantor, one visit of $90.00, and letters about it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.simulation.events import apply
from tests.simulation.households import Event, Household, Visit, World, street_of
from tests.simulation.ladder_rules import step_of_each_visit
from tests.simulation.letters import Attempt, Letter, MailLog
from tests.simulation.limits import FINAL, accounts_on_plan
from tests.simulation.lives import START
from tests.simulation.outside import Departure
from tests.simulation.page_rules import days, money
from tests.simulation.rules import RULES, Rule

DAY = date(2026, 8, 3)
FIRST = date(2026, 3, 3)
ACCOUNT, SECOND = "7100000001", "7100000002"
HELP = "Apply: 603-555-0177 or maplevalley.example/ financial-assistance. Questions: 603-555-0142."
NOTICE = (
    "We will ask Granite Recovery Services, report to credit bureaus, and ask a court."
    " Financial assistance: a summary in plain words."
)
ESTIMATE = "This is an estimate, not a bill. Your care will not be delayed or denied if you cannot pay."


def make_world(*, insured: bool = False) -> World:
    """One guarantor with a visit of $90.00 in January."""
    household = Household(0, "G100000", "Ana", "Lopez", "en", "paper")
    world = World({0: household})
    apply(world, Event(START, 0, "visit", {"visit": 1, "charge_cents": 9_000, "insured": insured}))
    return world


def visit_of(world: World, account: str = ACCOUNT) -> Visit:
    return world.by_account[account][1]


def happen(world: World, what: str, day: date = DAY, **facts: Any) -> None:
    assert apply(world, Event(day, 0, what, facts))


def make_letter(
    world: World, kind: str = "statement", *, left_on: date = DAY, mailed: bool = True, **facts: Any
) -> Letter:
    """A letter that left, with everything on its page. `words` replaces what the page says beside amounts and dates."""
    household: Household = world.households[0]
    cents, level = facts.pop("amount_cents", 9_000), facts.pop("level", 0)
    due_on = facts.pop("due_on", left_on + timedelta(days=40))
    accounts = facts.pop("accounts", (ACCOUNT,))
    words = HELP + (NOTICE if kind == "dunning" and level == FINAL else "") + (ESTIMATE if kind == "ob-notice" else "")
    text = f"{' '.join(accounts)} {money(cents)} {days(due_on)[0]} {facts.pop('words', words)}"
    channel = facts.pop("channel", "print")
    departure = Departure(
        document_id=facts.pop("document_id", "d1"),
        channel=channel,
        day=left_on,
        print_file="f1" if channel == "print" else "",
        address_lines=facts.pop(
            "address_lines", ("Ana Lopez", street_of(household, household.mail_address), "Ashford Mills MA 01300")
        ),
        amount_cents=cents,
        text=facts.pop("text", text if channel == "print" else "You have a new bill."),
    )
    return Letter(
        document_id=departure.document_id,
        batch_id=f"{left_on:%Y-%m}-{kind}",
        kind=kind,
        cycle=facts.pop("cycle", f"{left_on:%Y-%m}"),
        as_of=left_on,
        level=level,
        amount_cents=cents,
        due_on=due_on,
        issued_on=left_on,
        household=household,
        accounts=accounts,
        revision_of=facts.pop("revision_of", ""),
        is_copy=facts.pop("is_copy", False),
        attempts=[Attempt(departure, mailed_on=left_on if mailed else None)],
    )


def log_of(world: World, *letters: Letter) -> MailLog:
    """The log after these letters left, as the judge keeps it."""
    log = MailLog()
    for each in letters:
        log.add(each)
        each.on_plan = accounts_on_plan(each, world, log, each.last.day)
        each.steps = step_of_each_visit(each, log)
    return log


def judged(rule: Rule, letter: Letter, world: World, *earlier: Letter) -> list[str]:
    return list(rule(letter, world, log_of(world, *earlier, letter), letter.last.day))


def all_judged(letter: Letter, world: World, *earlier: Letter) -> list[str]:
    return [message for rule in RULES for message in judged(rule, letter, world, *earlier)]


def statements(world: World, *left_on: date) -> list[Letter]:
    return [make_letter(world, left_on=day, document_id=f"s{index}", level=index) for index, day in enumerate(left_on)]


def ladder(world: World) -> list[Letter]:
    """Two statements and two letters, 30 days apart."""
    letters = statements(world, FIRST, FIRST + timedelta(days=30))
    for level, after in ((2, 60), (3, 90)):
        left_on = FIRST + timedelta(days=after)
        letters.append(make_letter(world, "dunning", left_on=left_on, level=level, document_id=f"l{level}"))
    return letters


def final_notice(world: World, left_on: date, **facts: Any) -> tuple[Letter, list[Letter]]:
    """A final notice, and everything that must come before it."""
    return make_letter(world, "dunning", left_on=left_on, level=FINAL, **facts), ladder(world)
