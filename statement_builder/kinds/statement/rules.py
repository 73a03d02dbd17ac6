"""Who gets a statement, for which visits, and for how much.

Every visit without a hold is printed. The amount due is the patient balance of the printed visits, with what is due on
a payment plan in force instead of the balance of its visits. Credits are held, not applied to other visits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import PAPER_DAYS, due_date
from statement_builder.billing.entities import group_visits
from statement_builder.billing.model import Encounter, PlanStatus
from statement_builder.billing.plans import AmountDue, add_amounts_due
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import hold_approved_without_discount
from statement_builder.policy.candidate import (
    Candidate,
    ClosingRule,
    Rule,
    apply_closing_rules,
    billable_encounters,
    find_holds,
    guarantor_is_held,
)
from statement_builder.policy.channel import choose_channel, hold_unwanted_bill_on_paper
from statement_builder.policy.due_dates import statements_are_done
from statement_builder.policy.group_bills import group_digests
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded

MENTIONED = (["INS_PEND"], ["CREDIT"])
"""The holds of a visit that a statement mentions."""


def hold_moved_to_letters(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit that has moved on to letters, which are never about a physician group's visits. A visit on a plan in
    force stays on statements."""
    groups = group_visits(candidate.account)
    for each in candidate.with_balance:
        if each.plan_id not in candidate.plans and statements_are_done(each.correspondence, candidate.policy):
            yield make_hold("GROUP_DONE" if each.account_number in groups else "LADDER", each.account_number)


def hold_below_minimum(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold a statement below the minimum amount. An equal amount is mailed."""
    account_numbers = tuple(each.account_number for each in billable)
    if billable and statement_amount(candidate, account_numbers).amount_cents < candidate.policy.balance_min_cents:
        yield make_hold("MINBAL")


STATEMENT_RULES: tuple[Rule, ...] = (
    hold_recorded,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_statement_too_soon,
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    hold_unwanted_bill_on_paper,
    guarantor_rules.hold_without_encounters,
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
    encounter_rules.hold_plan_paid,
    hold_moved_to_letters,
)

STATEMENT_CLOSING_RULES: tuple[ClosingRule, ...] = (
    encounter_rules.hold_partial_plan,
    encounter_rules.hold_plan_over,
    hold_below_minimum,
)


def find_statement_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """All reasons to hold this statement or a visit on it."""
    return apply_closing_rules(candidate, find_holds(candidate, STATEMENT_RULES), STATEMENT_CLOSING_RULES)


def select_statement(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The statement, or None if it is held, and all holds."""
    holds = find_statement_holds(candidate)
    printed = billable_encounters(candidate, holds)
    if guarantor_is_held(holds) or not printed:
        return None, holds
    level = _wording_level(candidate, printed)
    account_numbers = tuple(each.account_number for each in printed)
    due = statement_amount(candidate, account_numbers)
    channel = choose_channel(candidate, level)
    selection = Selection(
        kind=Kind.STATEMENT,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        level=level,
        account_numbers=account_numbers,
        mentioned_account_numbers=_mentioned(candidate, holds),
        channel=channel,
        amount_cents=due.amount_cents,
        due_on=_due_on(candidate, due),
        billed_by=group_digests(candidate.account, account_numbers),
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
    return selection, holds


def _mentioned(candidate: Candidate, holds: Iterable[Hold]) -> tuple[str, ...]:
    """The hospital's visits that the statement mentions as information: their only hold is an open claim or a credit. A
    visit with any other hold, such as a confidential one, is not mentioned."""
    groups = group_visits(candidate.account)
    codes: dict[str, list[str]] = {}
    for hold in holds:
        codes.setdefault(hold.account_number, []).append(hold.code)
    return tuple(number for number, found in codes.items() if found in MENTIONED and number not in groups)


def _wording_level(candidate: Candidate, printed: tuple[Encounter, ...]) -> int:
    """1, a reminder, if every visit was billed before. A bill with a plan that is kept is never a reminder: nothing on
    it was overlooked."""
    kept_ids = {plan_id for plan_id, position in candidate.plans.items() if position.is_current}
    kept_ids.update(plan.plan_id for plan in candidate.account.plans if plan.status is PlanStatus.COMPLETED)
    kept = any(each.plan_id in kept_ids for each in printed)
    return 1 if not kept and all(each.correspondence for each in printed) else 0


def statement_amount(candidate: Candidate, account_numbers: tuple[str, ...]) -> AmountDue:
    """The amount due on a statement for these visits."""
    return add_amounts_due(candidate.account, account_numbers, candidate.balances, candidate.plans)


def _due_on(candidate: Candidate, due: AmountDue) -> date:
    """The usual due date, or the date of the last installment that it asks for if that is later: no agreed payment is
    asked for early. A statement for plan payments only uses the agreed date, as the letters about the plan do. If the
    paper might come after it, the date is the end of the grace period from today: a payment by then is not missed."""
    asked = [
        plan.next_due_on
        for plan in due.plans
        if plan.next_due_on and plan.next_asked_on and plan.next_asked_on <= candidate.as_of
    ]
    if due.off_plan_cents or not asked:
        return max((due_date(candidate.as_of, candidate.policy.due_days), *asked))
    if min(asked) >= candidate.as_of + timedelta(days=PAPER_DAYS):
        return min(asked)
    return max(min(asked), candidate.as_of + timedelta(days=candidate.policy.plan_grace_days))
