"""The dunning ladder: past-due letter (2), second letter (3), final notice (4), then a review for placement.

A visit's level comes from what was actually mailed about it, never from its age alone, and a new visit never inherits
the level of an old one. One letter goes out at a time: the highest level that is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Correspondence, Encounter, Plan
from statement_builder.billing.plans import cure_until
from statement_builder.billing.selection import FINAL_LEVEL, Hold, Kind, Selection
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import (
    hold_approved_without_discount,
    hold_open_application,
    hold_untold_decision,
    oral_effort_on,
)
from statement_builder.policy.candidate import (
    Candidate,
    ClosingRule,
    Rule,
    apply_closing_rules,
    billable_encounters,
    find_holds,
    guarantor_is_held,
)
from statement_builder.policy.channel import choose_channel, hold_unwanted_paper
from statement_builder.policy.due_dates import (
    letter_due_date,
    next_letter_level,
    next_mailing_on,
    placement_review_on,
    statements_are_done,
)
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.payroll.payroll import hold_on_payroll
from statement_builder.policy.plan_letters import ENDED_LETTER, plan_ended_letters
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded
from statement_builder.policy.settings import Policy
from statement_builder.policy.verification import hold_after_answer, hold_open_verification

_STOPS_MAIL_ONLY = frozenset({"MINDAYS", "DUPRUN"})
"""Holds that only space out the mail, and do not suspend placement."""


def letter_mailable_on(mailed: Correspondence, level: int, policy: Policy) -> date:
    """The first date when a visit's letter of this level may go: the latest of the ladder's day, the gap and the due
    date after the last mailing, and, for a final notice that names a collection action, the wait of 26 CFR
    1.501(r)-6(c)(3)."""
    ladder_days = {2: policy.past_due_letter_day, 3: policy.second_letter_day, 4: policy.final_notice_day}
    days = ladder_days[level]
    if level == FINAL_LEVEL and policy.collection_actions:
        days = max(days, policy.eca_wait_days.value)
    return max(
        mailed.first_statement_on + timedelta(days=days),
        next_mailing_on(mailed.last_mailed_on, policy),
    )


def hold_on_plan(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on a plan in force: it is either current, or a clerk calls about the missed payment."""
    for each in candidate.with_balance:
        if position := candidate.plans.get(each.plan_id):
            yield make_hold("PLAN_OK" if position.is_current else "PLAN_LATE", each.account_number)


def hold_without_itemized_bill(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on a visit until its itemized bill was mailed, where a state's law requires it before any debt
    collection (`policy.states.itemized_bills`)."""
    for each in candidate.with_balance:
        if any(asked.state_rule for asked in each.requests):
            yield make_hold("ITEMIZED_FIRST", each.account_number)


def hold_after_plan_ended(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on the visits of a plan that is not in force until every date has passed that a letter about it
    gave: to pay what was missed, or to call because the plan has ended."""
    account = candidate.account
    if not account.letters and ENDED_LETTER not in account.open_documents:
        return
    ended = {each.plan_id: each for each in account.plans if each.plan_id not in candidate.plans}
    for each in candidate.with_balance:
        if (plan := ended.get(each.plan_id)) is None:
            continue
        last_on = _promised_until(candidate, plan)
        if last_on == date.max:
            yield make_hold("PLAN_ENDED", each.account_number)
        elif last_on is not None and candidate.as_of <= last_on:
            yield make_hold("PLAN_ENDED", each.account_number, last_on + timedelta(days=1))


def _promised_until(candidate: Candidate, plan: Plan) -> date | None:
    """The last date that a letter gave before the plan's visits go on. `date.max`: a letter is on its way. None: there
    was no letter."""
    mailed, policy = plan_ended_letters(candidate.account, plan.plan_id), candidate.policy
    if None in mailed or ENDED_LETTER in candidate.account.open_documents:
        return date.max
    dates = [due_date(day, policy.due_days) for day in mailed if day]
    cure_on = cure_until(candidate.account.letters, plan, policy.plan_cure_days)
    return max([*dates, *([cure_on] if cure_on else [])], default=None)


def hold_recent_payment(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on a visit after a recent payment of a large part of its balance."""
    for each in candidate.with_balance:
        if paused_until := _paused_until(candidate, each):
            yield make_hold("PMT_PAUSE", each.account_number, paused_until)


def _paused_until(candidate: Candidate, encounter: Encounter) -> date | None:
    """The first day when the payments of the last days are no longer a large part of the balance. None: today."""
    pause = timedelta(days=candidate.policy.payment_pause_days)
    recent = [p for p in encounter.payments if candidate.as_of - pause < p.posted_on <= candidate.as_of]
    until = None
    for day in sorted({candidate.as_of, *(payment.posted_on + pause for payment in recent)}) if recent else ():
        until = day
        paid_cents = sum(payment.amount_cents for payment in recent if day - pause < payment.posted_on)
        owed_before_payment_cents = candidate.balance(encounter).patient_cents + paid_cents
        large = paid_cents * 100 >= owed_before_payment_cents * candidate.policy.payment_pause_percent
        if paid_cents <= 0 or not large:
            break
    return until if until != candidate.as_of else None


def hold_ladder_position(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit without a letter due: statements come first, and each letter has its day."""
    for each in candidate.with_balance:
        mailed = each.correspondence
        if mailed is None or not statements_are_done(mailed, candidate.policy):
            yield make_hold("STMT_FIRST", each.account_number)
        elif next_letter_level(mailed) <= FINAL_LEVEL:
            due_on = letter_mailable_on(mailed, next_letter_level(mailed), candidate.policy)
            if candidate.as_of < due_on:
                yield make_hold("LADDER_WAIT", each.account_number, due_on)


def hold_after_final_notice(candidate: Candidate, holds: tuple[Hold, ...]) -> Iterable[Hold]:
    """Hold a visit whose final notice was mailed: it is to be placed, or not yet, or what it lacks.

    `holds` are all other holds. Placement opens the way to collection actions, so what holds the bill itself, such as
    an application for assistance or a dispute, also suspends placement (26 CFR 1.501(r)-6(c)(5)-(8), 45 CFR
    149.620(c)).
    """
    for each in candidate.with_balance:
        mailed = each.correspondence
        if mailed is None or next_letter_level(mailed) <= FINAL_LEVEL:
            continue
        number, effort_on = each.account_number, oral_effort_on(candidate, each)
        effort_is_missing = bool(candidate.policy.collection_actions) and effort_on is None
        review_on = placement_review_on(mailed, candidate.policy, effort_on)
        if effort_is_missing:
            yield make_hold("ORAL_EFFORT", number)
        if candidate.as_of < review_on:
            yield make_hold("LADDER_DONE", number, review_on)
        elif any(hold.account_number in ("", number) and hold.code not in _STOPS_MAIL_ONLY for hold in holds):
            yield make_hold("LADDER_DONE", number)
        elif not effort_is_missing:
            yield make_hold("PLACEMENT_DUE", number)


def hold_lower_level(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold visits below the highest level that is due; they get their own letter later."""
    highest = max((_level(each) for each in billable), default=0)
    for each in billable:
        if _level(each) < highest:
            yield make_hold("LOWER_LEVEL", each.account_number)


def hold_small_letter(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold a letter below the minimum amount. An equal amount is mailed."""
    if billable and letter_cents(candidate, billable) < candidate.policy.letter_min_cents:
        yield make_hold("MINBAL")


def hold_unwanted_paper_letter(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold paper for a guarantor who asked for none. Final notices are always paper."""
    if billable:
        yield from hold_unwanted_paper(candidate, _level(billable[0]))


DUNNING_RULES: tuple[Rule, ...] = (
    hold_recorded,
    hold_open_application,
    hold_untold_decision,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_letter_too_soon,
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    guarantor_rules.hold_covered_by_credits,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    encounter_rules.hold_zero,
    encounter_rules.hold_credit,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
    encounter_rules.hold_above_estimate,
    hold_approved_without_discount,
    encounter_rules.hold_unknown_plan,
    hold_on_plan,
    hold_on_payroll,
    hold_open_verification,
    hold_after_answer,
    hold_without_itemized_bill,
    hold_after_plan_ended,
    hold_recent_payment,
    hold_ladder_position,
)

DUNNING_CLOSING_RULES: tuple[ClosingRule, ...] = (hold_lower_level, hold_small_letter, hold_unwanted_paper_letter)


def find_placement_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """What holds the guarantor's letters, without the reasons that are about one letter, such as its amount."""
    holds = find_holds(candidate, DUNNING_RULES)
    return (*holds, *hold_after_final_notice(candidate, holds))


def find_dunning_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """All reasons to hold this letter or a visit on it."""
    return apply_closing_rules(candidate, find_placement_holds(candidate), DUNNING_CLOSING_RULES)


def select_letter(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The letter, or None if it is held, and all holds."""
    holds = find_dunning_holds(candidate)
    printed = billable_encounters(candidate, holds)
    if guarantor_is_held(holds) or not printed:
        return None, holds
    level = _level(printed[0])
    channel = choose_channel(candidate, level)
    selection = Selection(
        kind=Kind.DUNNING,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        level=level,
        account_numbers=tuple(each.account_number for each in printed),
        channel=channel,
        amount_cents=letter_cents(candidate, printed),
        due_on=letter_due_date(candidate.as_of, level, candidate.policy),
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
    return selection, holds


def letter_cents(candidate: Candidate, encounters: Iterable[Encounter]) -> int:
    """The amount due on a letter for these visits."""
    return sum(candidate.balance(each).patient_cents for each in encounters)


def _level(encounter: Encounter) -> int:
    return next_letter_level(encounter.correspondence) if encounter.correspondence else 0
