"""The ladder of letters: past due (2), second letter (3), final notice (4), then a review for placement.

A visit's level comes from what was really mailed about it, never from age alone, and a new visit never inherits
the level of an old one (domain rules, 2.1). One letter goes out at a time: the highest level that is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Correspondence, Encounter
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.candidate import (
    Case,
    ClosingRule,
    Rule,
    close,
    find_holds,
    free_encounters,
    guarantor_is_held,
)
from statement_builder.policy.channel import FINAL_LEVEL, choose_channel, hold_unwanted_paper
from statement_builder.policy.codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded
from statement_builder.policy.settings import Policy
from statement_builder.policy.statement import statements_are_done

FIRST_LETTER_LEVEL = 2


def next_letter_level(mailed: Correspondence) -> int:
    """The rung after the last one mailed; 5 once the final notice is out."""
    return max(FIRST_LETTER_LEVEL, mailed.last_level + 1)


def letter_due_on(mailed: Correspondence, level: int, policy: Policy) -> date:
    """The first day on which a visit's letter of this level may go: the ladder's day, the gap after the last mailing
    and, for a final notice that names an action, the wait of 26 CFR 1.501(r)-6(c)(3), all three."""
    ladder_days = {2: policy.past_due_letter_day, 3: policy.second_letter_day, 4: policy.final_notice_day}
    days = ladder_days[level]
    if level == FINAL_LEVEL and policy.final_notice_names_action:
        days = max(days, policy.eca_wait_days.value)
    return max(
        mailed.first_statement_on + timedelta(days=days),
        mailed.last_mailed_on + timedelta(days=policy.statement_gap_days),
    )


def hold_plan(case: Case) -> Iterable[Hold]:
    """No letters on a standing plan: nothing to press for while it is paid, a plan payment to ask for when not."""
    for each in case.owing:
        if position := case.plans.get(each.plan_id):
            yield make_hold("PLAN_OK" if position.is_current else "PLAN_LATE", each.account_number)


def hold_recent_payment(case: Case) -> Iterable[Hold]:
    """A payment of a good part of the balance in the last weeks pauses the letters on that visit."""
    for each in case.owing:
        pause = timedelta(days=case.policy.payment_pause_days)
        recent = [p for p in each.payments if case.as_of - pause < p.posted_on <= case.as_of]
        paid_cents = sum(payment.amount_cents for payment in recent)
        owed_before_cents = case.balance(each).patient_cents + paid_cents
        if paid_cents > 0 and paid_cents * 100 >= owed_before_cents * case.policy.payment_pause_percent:
            yield make_hold("PMT_PAUSE", each.account_number, max(p.posted_on for p in recent) + pause)


def hold_ladder_position(case: Case) -> Iterable[Hold]:
    """Statements first; then each letter on its day; after the final notice no more letters."""
    for each in case.owing:
        mailed = each.correspondence
        if mailed is None or not statements_are_done(mailed, case.policy):
            yield make_hold("STMT_FIRST", each.account_number)
        elif next_letter_level(mailed) > FINAL_LEVEL:
            review_on = mailed.last_mailed_on + timedelta(days=case.policy.placement_wait_days)
            if case.as_of < review_on:
                yield make_hold("LADDER_DONE", each.account_number, review_on)
            else:
                yield make_hold("PLACEMENT_DUE", each.account_number)
        elif case.as_of < (due_on := letter_due_on(mailed, next_letter_level(mailed), case.policy)):
            yield make_hold("LADDER_WAIT", each.account_number, due_on)


def hold_lower_level(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Of the letters that are due, the highest level goes; visits at lower ones wait for their own."""
    highest = max((_level(each) for each in free), default=0)
    for each in free:
        if _level(each) < highest:
            yield make_hold("LOWER_LEVEL", each.account_number)


def hold_small_letter(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold a letter for less than the letter minimum. Equal is mailed."""
    if free and letter_cents(case, free) < case.policy.letter_min_cents:
        yield make_hold("MINBAL")


def hold_unwanted_paper_letter(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Final notices are paper, also for who asked for none."""
    if free:
        yield from hold_unwanted_paper(case, _level(free[0]))


DUNNING_RULES: tuple[Rule, ...] = (
    hold_recorded,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_letter_too_soon,
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    encounter_rules.hold_zero,
    encounter_rules.hold_credit,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_above_estimate,
    encounter_rules.hold_unknown_plan,
    hold_plan,
    hold_recent_payment,
    hold_ladder_position,
)

DUNNING_CLOSING_RULES: tuple[ClosingRule, ...] = (hold_lower_level, hold_small_letter, hold_unwanted_paper_letter)


def find_dunning_holds(case: Case) -> tuple[Hold, ...]:
    """Every reason against this letter or a visit on it."""
    return close(case, find_holds(case, DUNNING_RULES), DUNNING_CLOSING_RULES)


def select_letter(case: Case) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The letter, if one goes out, and every hold found."""
    holds = find_dunning_holds(case)
    printed = free_encounters(case, holds)
    if guarantor_is_held(holds) or not printed:
        return None, holds
    level = _level(printed[0])
    selection = Selection(
        kind=Kind.DUNNING,
        guarantor_id=case.account.guarantor.guarantor_id,
        level=level,
        account_numbers=tuple(each.account_number for each in printed),
        channel=choose_channel(case, level),
        amount_cents=letter_cents(case, printed),
        due_on=letter_answer_by(case.as_of, level, case.policy),
        recipient_digest=recipient_digest(case.account.guarantor),
    )
    return selection, holds


def letter_answer_by(issued_on: date, level: int, policy: Policy) -> date:
    """The date that a letter asks to be answered by."""
    return due_date(issued_on, policy.final_due_days if level == FINAL_LEVEL else policy.due_days)


def letter_cents(case: Case, encounters: Iterable[Encounter]) -> int:
    """What a letter on these visits asks for."""
    return sum(case.balance(each).patient_cents for each in encounters)


def _level(encounter: Encounter) -> int:
    return next_letter_level(encounter.correspondence) if encounter.correspondence else 0
