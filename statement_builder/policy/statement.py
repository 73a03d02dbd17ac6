"""Who gets a statement, on which visits and for how much.

The amount is what the printed visits' patients owe, plus what standing plans have due. Printed is every visit
without a hold; credits are held, not set off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Correspondence, Encounter
from statement_builder.billing.plans import AmountDue, amount_due
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
from statement_builder.policy.channel import choose_channel, hold_unwanted_paper
from statement_builder.policy.codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded
from statement_builder.policy.settings import Policy


def statements_are_done(mailed: Correspondence | None, policy: Policy) -> bool:
    """Whether a visit has had all its statements, so that letters follow. Counters of earlier systems may disagree
    with the level that they say was mailed; the further one counts."""
    if mailed is None:
        return False
    return mailed.last_level >= 2 or max(mailed.statements_sent, mailed.last_level + 1) >= (
        policy.statements_before_letters
    )


def hold_ladder(case: Case) -> Iterable[Hold]:
    """A visit whose statements have all been mailed is the letters' business; one on a standing plan is not."""
    for each in case.owing:
        if each.plan_id not in case.plans and statements_are_done(each.correspondence, case.policy):
            yield make_hold("LADDER", each.account_number)


def hold_below_minimum(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold who is asked for less than the minimum: a $2 bill costs more than it brings. Equal is mailed."""
    account_numbers = tuple(each.account_number for each in free)
    if free and statement_amount(case, account_numbers).amount_cents < case.policy.balance_min_cents:
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
    lambda case: hold_unwanted_paper(case, level=0),
    guarantor_rules.hold_without_encounters,
    encounter_rules.hold_zero,
    encounter_rules.hold_credit,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_above_estimate,
    encounter_rules.hold_unknown_plan,
    encounter_rules.hold_plan_paid,
    hold_ladder,
)

STATEMENT_CLOSING_RULES: tuple[ClosingRule, ...] = (
    encounter_rules.hold_partial_plan,
    encounter_rules.hold_plan_over,
    hold_below_minimum,
)


def find_statement_holds(case: Case) -> tuple[Hold, ...]:
    """Every reason against this statement or a visit on it."""
    return close(case, find_holds(case, STATEMENT_RULES), STATEMENT_CLOSING_RULES)


def select_statement(case: Case) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The statement, if one goes out, and every hold found."""
    holds = find_statement_holds(case)
    printed = free_encounters(case, holds)
    if guarantor_is_held(holds) or not printed:
        return None, holds
    level = 1 if all(each.correspondence for each in printed) else 0
    account_numbers = tuple(each.account_number for each in printed)
    due = statement_amount(case, account_numbers)
    selection = Selection(
        kind=Kind.STATEMENT,
        guarantor_id=case.account.guarantor.guarantor_id,
        level=level,
        account_numbers=account_numbers,
        channel=choose_channel(case, level),
        amount_cents=due.amount_cents,
        due_on=_due_on(case, due),
        recipient_digest=recipient_digest(case.account.guarantor),
    )
    return selection, holds


def statement_amount(case: Case, account_numbers: tuple[str, ...]) -> AmountDue:
    """What a statement on these visits asks for."""
    return amount_due(
        case.account,
        case.as_of,
        account_numbers=account_numbers,
        grace_days=case.policy.plan_grace_days,
        lapse_days=case.policy.plan_lapse_days,
    )


def _due_on(case: Case, due: AmountDue) -> date:
    """The usual due date; the instalment's own where plans are all that is asked for and one is still to come."""
    coming = [plan.next_due_on for plan in due.plans if plan.next_due_on is not None and plan.due_cents]
    if coming and not due.off_plan_cents:
        return min(coming)
    return due_date(case.as_of, case.policy.due_days)
