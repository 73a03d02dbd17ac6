"""The rules about steps and clocks: which level a letter has, when it may follow another, what a correction is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from tests.simulation.households import World
from tests.simulation.letters import Letter, MailLog
from tests.simulation.limits import (
    BILLS,
    FINAL,
    FINAL_NOTICE_DAYS,
    LETTER_DAYS,
    MAILING_BUSINESS_DAYS,
    PLAN_LETTERS,
    STATEMENT_GAP_DAYS,
    STATEMENTS_MAX,
    STATEMENTS_MIN,
)

APOLOGIES = ("We are sorry", "Lamentamos")


def sent_once(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """A document leaves again only after it is known that it did not arrive."""
    for attempt in letter.attempts[:-1]:
        if not attempt.failure:
            yield f"it left on {attempt.departure.day}, and nothing is known against that"


def next_step_of_the_ladder(letter: Letter, _world: World, log: MailLog, day: date) -> Iterator[str]:
    """No level is skipped or repeated, and none comes before its clock, which starts with what was really mailed.

    A correction repeats the step of the letter that it corrects; a visit that was not on that takes its own next step.
    """
    if letter.kind not in BILLS:
        return
    known = {account for each in log.versions_before(letter) for account in each.accounts}
    for account in letter.accounts:
        if account in known:
            continue
        bills = [each for each in log.about(account, *BILLS) if each is not letter]
        if any(each.is_under_way for each in bills):
            yield f"another bill about {account} is under way"
        if account in letter.on_plan:
            yield from _too_soon(account, [each for each in bills if each.kind == "statement"], day)
            continue
        yield from _too_soon(account, bills, day)
        yield from _wrong_step(account, letter, bills, day)


def _wrong_step(account: str, letter: Letter, bills: list[Letter], day: date) -> Iterator[str]:
    steps = [each for each in bills if each.arrived_on and account not in each.on_plan]
    statements = [each for each in bills if each.arrived_on and each.kind == "statement"]
    levels = [each.level for each in steps if each.kind == "dunning"]
    proven = [each for each in steps if each.is_proven]
    if letter.kind == "statement":
        asked_in_full = len([each for each in proven if each.kind == "statement"])
        if asked_in_full >= STATEMENTS_MAX or any(each.kind == "dunning" for each in proven):
            yield f"statement about {account} after {asked_in_full} statements and letters {levels}"
        return
    first = min((each.arrived_on for each in bills if each.arrived_on), default=None)
    if letter.level not in LETTER_DAYS:
        yield f"level {letter.level} is no letter"
        return
    if len(statements) < STATEMENTS_MIN:
        yield f"{len(statements)} statements about {account} before a letter"
    needed = Counter(range(2, letter.level))
    if needed - Counter(levels) or Counter(each.level for each in proven if each.kind == "dunning") - needed:
        yield f"level {letter.level} about {account} after {levels or 'no letter'}"
    if first and (day - first).days < LETTER_DAYS[letter.level]:
        yield f"level {letter.level} about {account} {(day - first).days} days after {first}"


def _too_soon(account: str, bills: list[Letter], day: date) -> Iterator[str]:
    """25 days lie between two bills about a visit, from the last mailing of the first: a correction counts."""
    last = max((on for each in bills if (on := each.last_mailed_on(account))), default=None)
    if last and (day - last).days < STATEMENT_GAP_DAYS:
        yield f"the bill before, about {account}, was mailed on {last}"


def step_of_each_visit(letter: Letter, log: MailLog) -> dict[str, frozenset[int]]:
    """What step a statement or letter is for each of its visits, from the documents that were sent before it.

    Visits on a payment plan in force take no step. A correction is the step that the letter was which it corrects.
    """
    replaced = {account: step for each in log.versions_before(letter) for account, step in each.steps.items()}
    steps: dict[str, frozenset[int]] = {}
    for account in letter.accounts:
        if account in letter.on_plan:
            continue
        if account in replaced:
            steps[account] = replaced[account]
            continue
        before = [
            each
            for each in log.about(account, *BILLS)
            if each is not letter and each.arrived_on and account not in each.on_plan
        ]
        counted = [each for each in before if (each.kind == "dunning") is (letter.kind == "dunning")]
        base = 2 if letter.kind == "dunning" else 0
        fewest = base + sum(each.is_proven for each in counted)
        steps[account] = frozenset(range(fewest, base + len(counted) + 1))
    return steps


def level_is_of_the_documents_sent(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """The level follows from the documents that were sent, visit by visit, of a correction too: it is the step of a
    visit on it. A visit on a plan takes no step, and a statement about it may speak as a first one does."""
    if letter.kind not in BILLS or not letter.steps:
        return
    allowed = {0} if letter.on_plan and letter.kind == "statement" else set()
    allowed |= {step for steps in letter.steps.values() for step in steps}
    if letter.level not in allowed:
        yield f"level {letter.level}, and its steps are {sorted(allowed)}"


def correction_is_the_same_mailing(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """A corrected letter is the letter that it corrects with what was wrong made right, says which one that is, and
    apologizes."""
    original = log.root(letter)
    if original is letter:
        return
    if (letter.kind, letter.cycle) != (original.kind, original.cycle):
        yield f"a correction of {original.kind} {original.level} of {original.cycle}"
    if letter.household is not original.household:
        yield f"a correction of a letter to {original.household.guarantor_id}"
    if letter.last.channel == "print" and letter.revision_of not in letter.last.text:
        yield f"the page does not say that it replaces {letter.revision_of}"
    if letter.last.channel == "print" and not any(words in letter.last.text for words in APOLOGIES):
        yield "the page does not apologize"


def no_letter_while_an_agency_collects(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """One debt, one collector: nothing asks for a visit that an agency has, until it has given it back."""
    if letter.kind not in BILLS | PLAN_LETTERS | {"estate-claim"}:
        return
    for account in letter.accounts:
        if any(each.is_live for each in log.placements[account]):
            yield f"visit {account} is with an agency"


def dates_to_pay_are_ahead(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """On the day when it leaves; of paper, also on the day when it is mailed (`dates_hold_when_mailed`)."""
    if letter.due_on is None or not letter.amount_cents:
        return
    if letter.due_on <= day:
        yield f"the date to pay by, {letter.due_on}, has passed"
    if letter.kind == "dunning" and letter.level == FINAL and (letter.due_on - day).days < FINAL_NOTICE_DAYS:
        yield f"the deadline {letter.due_on} is {(letter.due_on - day).days} days away"


def dates_hold_when_mailed(letter: Letter, handed_off_on: date, mailed_on: date) -> Iterator[str]:
    """Clocks start when the post office has the letter: the 30 days of a final notice are counted from there.

    A vendor that takes longer than it agreed to is not what the page can foresee.
    """
    if mailed_on <= _business_days_later(handed_off_on, MAILING_BUSINESS_DAYS):
        yield from dates_to_pay_are_ahead(letter, World({}), MailLog(), mailed_on)


def _business_days_later(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


_SATURDAY = 5
