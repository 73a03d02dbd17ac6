"""What must leave: the letters that somebody is owed, when nothing has happened that could stand in their way.

A rule of `rules` says that a letter was wrong to leave; a duty says that one was wrong not to. Duties are judged only
for households to which nothing has happened since the letter was due, so that there is no doubt about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.simulation.households import Household, Visit
from tests.simulation.letters import MailLog
from tests.simulation.limits import (
    BALANCE_MIN_CENTS,
    BILLS,
    ESTATE_WAIT_DAYS,
    LETTER_DAYS,
    LETTER_MIN_CENTS,
    NEVER_BILLED,
    PLAN_GRACE_DAYS,
    STATEMENT_GAP_DAYS,
    STATEMENTS_MIN,
    is_minor,
    may_be_covered,
)

ESTATE_MIN_CENTS = 5_000
REMINDER_DAYS = 31
"""A second statement is due when this many days have passed since the first was mailed."""
PAYMENT_PAUSE_DAYS = 31
FIRST_NOTICE_DAYS = 7
"""The first obstetric notice leaves 5 to 7 days after the estimate."""
NOTICE_AHEAD_DAYS = 42
"""A pregnancy that ends sooner is no longer asked about: payments end four weeks before, and the last takes two."""


def is_quiet(household: Household, since: date, log: MailLog) -> bool:
    """Whether nothing has happened to the household since this day, and nothing stands in the way of mail."""
    if household.changed_on is not None and household.changed_on > since:
        return False
    if household.died_on or household.unapplied or any(each.ended_on is None for each in household.holds):
        return False
    return not any(
        attempt.failure == "returned" for letter in log.everything_to(household) for attempt in letter.attempts
    )


def missing_bills(
    households: Iterator[Household], kind: str, batch_id: str, as_of: date, today: date, log: MailLog, excused: set[str]
) -> Iterator[tuple[Household, str]]:
    """The visits that a batch of bills left out although nothing speaks against them. `excused` has the guarantors of
    documents that a person voided, or that another batch of bills had not handed off on this day."""
    for household in households:
        if household.guarantor_id in excused or is_minor(household, today):
            continue
        if household.applications or household.plans or not is_quiet(household, as_of - timedelta(days=2), log):
            continue
        if kind == "statement" and _has_recent_statement(household, as_of, log):
            continue
        owing = [each for each in household.visits if each.balance(today) > 0 and each.account not in log.placements]
        for visit in owing:
            corrected = any(each.corrections for each in log.about(visit.account, *BILLS))
            if corrected or not _is_billable(visit, as_of) or may_be_covered(household, visit):
                continue
            what = _due_statement(visit, as_of, log) if kind == "statement" else ""
            if kind == "dunning" and len(owing) == 1 and _has_no_recent_payment(visit, as_of):
                what = _due_letter(visit, as_of, log)
            billed = any(each.batch_id == batch_id for each in log.about(visit.account, kind))
            if what and not billed:
                yield household, f"{batch_id} has no {what} about {visit.account}"


def _is_billable(visit: Visit, as_of: date) -> bool:
    return (
        visit.is_decided
        and visit.final_on <= as_of
        and visit.balance(as_of) >= LETTER_MIN_CENTS
        and visit.financial_class not in NEVER_BILLED
    )


def _has_no_recent_payment(visit: Visit, as_of: date) -> bool:
    return not any(each.kind == "payment" and (as_of - each.on).days <= PAYMENT_PAUSE_DAYS for each in visit.postings)


def _has_recent_statement(household: Household, as_of: date, log: MailLog) -> bool:
    """A guarantor gets one statement in a cycle: a new visit waits for the next."""
    return any(
        each.is_under_way or (each.arrived_on and (as_of - each.arrived_on).days < REMINDER_DAYS)
        for each in log.of(household, "statement")
        if each.attempts[0].departure.day < as_of
    )


def _due_statement(visit: Visit, as_of: date, log: MailLog) -> str:
    bills = log.about(visit.account, *BILLS)
    earlier = [each for each in bills if each.attempts[0].departure.day < as_of]
    if not earlier and visit.balance(as_of) >= BALANCE_MIN_CENTS:
        return "first statement"
    arrived = [each.arrived_on for each in earlier if each.arrived_on]
    if len(earlier) == len(arrived) == 1 and (as_of - arrived[0]).days >= REMINDER_DAYS:
        return "second statement"
    return ""


def _due_letter(visit: Visit, as_of: date, log: MailLog) -> str:
    bills = [each for each in log.about(visit.account, *BILLS) if each.attempts[0].departure.day < as_of]
    arrived = sorted(each.arrived_on for each in bills if each.arrived_on)
    if len(arrived) != len(bills) or sum(each.kind == "statement" for each in bills) < STATEMENTS_MIN:
        return ""
    level = 2 + sum(each.kind == "dunning" for each in bills)
    if level not in LETTER_DAYS or (as_of - arrived[-1]).days < STATEMENT_GAP_DAYS + 6:
        return ""
    return f"letter of level {level}" if (as_of - arrived[0]).days >= LETTER_DAYS[level] else ""


def missing_letters(household: Household, day: date, patience_days: int, log: MailLog) -> Iterator[str]:
    """The letters that answer an event and did not leave in the days that the office may take."""
    if is_minor(household, day):
        return
    for kind, since, count in _answered_events(household):
        if day != since + timedelta(days=patience_days) or len(log.of(household, kind)) >= count:
            continue
        yield f"no {kind} since {since}"


def _answered_events(household: Household) -> Iterator[tuple[str, date, int]]:
    """Kind, the day it became due, and how many there must be by then, of the last thing that happened."""
    last = household.past[-1] if household.past else None
    if last is None or household.unapplied or any(each.ended_on is None for each in household.holds):
        return
    if household.died_on is not None:
        balances_are_final = all(each.is_decided for each in household.visits)
        if not balances_are_final or household.balance(last.day) < ESTATE_MIN_CENTS:
            return
        if any(each.balance(last.day) < 0 or each.financial_class in NEVER_BILLED for each in household.visits):
            return
        if any(each.is_open for each in household.applications):
            return
        if last.what == "dies":
            yield "estate-inquiry", last.day + timedelta(days=ESTATE_WAIT_DAYS), 1
        if last.what == "estate-opens":
            yield "estate-claim", last.day, 1
        return
    if last.what == "opens-plan":
        yield "plan-agreement", last.day, 1
    if last.what == "is-incomplete":
        yield "assistance-incomplete", last.day, 1
    if last.what in {"granted", "denied"}:
        yield "assistance-decision", last.day, len([each for each in household.applications if each.decided_on])
    if last.what in {"refund-approved", "refund-sent"}:
        yield "refund", last.day, len(household.refunds)
    if last.what == "requests-bill":
        yield "invoice", last.day, 1


def missing_plan_letters(household: Household, day: date, patience_days: int, log: MailLog) -> Iterator[str]:
    """A missed payment of a plan has its letter, unless somebody acts first. Wages have files instead."""
    on_wages = [each.plan for each in household.deductions]
    if is_minor(household, day) or any(each.is_open for each in household.applications):
        return
    for plan in household.plans:
        missed = next((each.due_on for each in plan.installments if each.left), None)
        if plan.status != "active" or plan in on_wages or missed is None:
            continue
        if day != missed + timedelta(days=PLAN_GRACE_DAYS + 1 + patience_days) or not is_quiet(household, missed, log):
            continue
        told = log.of(household, "plan-missed", "plan-default")
        if not any(each.attempts[0].departure.day > missed for each in told):
            yield f"no letter about the payment of {missed}"


def missing_notices(household: Household, day: date, patience_days: int, log: MailLog) -> Iterator[str]:
    """An estimate that nobody has paid toward is followed by a notice, if there is time for one."""
    if is_minor(household, day) or any(each.is_open for each in household.applications):
        return
    for episode in household.episodes:
        due_on = episode.estimate_on + timedelta(days=FIRST_NOTICE_DAYS + patience_days)
        if day != due_on or episode.status != "active" or episode.deposits:
            continue
        is_in_time = episode.expected_on - day > timedelta(days=NOTICE_AHEAD_DAYS)
        if is_in_time and is_quiet(household, episode.estimate_on, log) and not log.of(household, "ob-notice"):
            yield f"no notice about the estimate of {episode.estimate_on}"
