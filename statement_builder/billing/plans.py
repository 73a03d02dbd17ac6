"""The position of a payment plan on a date, and the amount due on a statement with visits on plans."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta

from statement_builder.billing.balance import EncounterBalance, encounter_balances
from statement_builder.billing.dates import due_date, month_before
from statement_builder.billing.model import CausedLetter, GuarantorAccount, Installment, Plan, PlanStatus, Record

_TERMS_DIGITS = 32
"""Hexadecimal digits that tell a plan's terms from others."""
MISSED_LETTER = "plan-missed"
"""The kind of the letter about a missed installment. `billing.selection.Kind` has it too, and imports this package."""


class PlanPosition(Record, kw_only=True):
    """A payment plan as of a date. `total = paid + remaining`."""

    plan_id: str
    total_cents: int
    paid_cents: int
    remaining_cents: int
    due_cents: int
    """The amount due on a statement: all unpaid installments to date and those due within a month."""
    missed_cents: int
    """The part of `due_cents` whose due date and grace period have passed."""
    next_due_on: date | None
    """The due date of the next unpaid installment, today or later. None: there is none."""
    next_asked_on: date | None
    """The first day a statement asks for the next unpaid installment: a month before `next_due_on`."""
    missed_count: int
    installments_left: int
    """Installments not paid in full, including missed ones."""
    is_current: bool
    """The plan is active and no installment is missed."""
    in_force: bool
    """The plan is active and has not lapsed. Visits on a plan that is not in force are billed in full."""


class AmountDue(Record, kw_only=True):
    """The amount due on a statement: `amount = off plan + plan`."""

    off_plan_cents: int
    """Patient balance of the encounters without a plan in force."""
    plan_cents: int
    """Sum of `due_cents` of the plans in force."""
    amount_cents: int
    plans: tuple[PlanPosition, ...]
    """The plans in force of these encounters, in order of first appearance."""
    plan_account_numbers: tuple[str, ...]
    """The encounters on those plans, in the given order."""


def plan_position(
    plan: Plan, as_of: date, *, grace_days: int, lapse_days: int, cure_until: date | None = None
) -> PlanPosition:
    """The plan's position as of a date.

    An installment is missed when it is unpaid more than `grace_days` after its due date. A plan lapses when an
    installment is unpaid more than `lapse_days` after its due date, and after `cure_until`, the date that a letter gave
    to pay a missed one.
    """
    open_installments = [each for each in plan.installments if unpaid_cents(each)]
    missed = [each for each in open_installments if each.due_on + timedelta(days=grace_days) < as_of]
    late = any(each.due_on + timedelta(days=lapse_days) < as_of for each in open_installments)
    lapsed = late and (cure_until is None or cure_until < as_of)
    next_due_on = min((each.due_on for each in open_installments if each.due_on >= as_of), default=None)
    total = sum(each.amount_cents for each in plan.installments)
    remaining = sum(unpaid_cents(each) for each in open_installments)
    return PlanPosition(
        plan_id=plan.plan_id,
        total_cents=total,
        paid_cents=total - remaining,
        remaining_cents=remaining,
        due_cents=sum(unpaid_cents(each) for each in open_installments if month_before(each.due_on) <= as_of),
        missed_cents=sum(unpaid_cents(each) for each in missed),
        next_due_on=next_due_on,
        next_asked_on=month_before(next_due_on) if next_due_on else None,
        missed_count=len(missed),
        installments_left=len(open_installments),
        is_current=plan.status is PlanStatus.ACTIVE and not missed,
        in_force=plan.status is PlanStatus.ACTIVE and not lapsed,
    )


def plans_in_force(
    account: GuarantorAccount,
    as_of: date,
    *,
    grace_days: int,
    lapse_days: int,
    cure_days: int,
    letter_required: bool = False,
) -> dict[str, PlanPosition]:
    """The active plans that have not lapsed, by plan id. `letter_required`: as for `cure_until`."""
    positions = (
        plan_position(
            plan,
            as_of,
            grace_days=grace_days,
            lapse_days=lapse_days,
            cure_until=cure_until(account.letters, plan, cure_days, letter_required=letter_required),
        )
        for plan in account.plans
    )
    return {position.plan_id: position for position in positions if position.in_force}


def cure_until(
    letters: tuple[CausedLetter, ...], plan: Plan, cure_days: int, *, letter_required: bool = False
) -> date | None:
    """The last day that a letter gave to pay the missed installments of this plan. None: there was no letter.

    It counts from the mailing of the first letter about an installment that is still unpaid, which is never before the
    date that the letter printed: a later letter does not extend it, or a plan with short intervals would never end. A
    letter on its way gives the last date that there is, unless an earlier one was mailed. So does no letter at all
    where a plan must not end without one (`letter_required`).
    """
    if not letters:
        return date.max if letter_required else None
    causes = {installment_cause(plan.plan_id, each) for each in plan.installments if unpaid_cents(each)}
    found = [each.mailed_on for each in letters if each.kind == MISSED_LETTER and each.cause_id in causes]
    if not found:
        return date.max if letter_required else None
    first_on = min((day for day in found if day), default=None)
    return due_date(first_on, cure_days) if first_on else date.max


def terms_cause(plan: Plan) -> str:
    """The event id of the plan's terms. Changed terms make another event; a payment or a signature does not."""
    terms = (
        *((each.sequence, each.due_on.isoformat(), each.amount_cents) for each in plan.installments),
        (plan.method.value, plan.down_payment_cents, plan.finance_charge_cents, plan.apr_basis_points),
    )
    return f"{plan.plan_id}:{hashlib.sha256(repr(terms).encode()).hexdigest()[:_TERMS_DIGITS]}"


def installment_cause(plan_id: str, installment: Installment) -> str:
    """The event id of what happens to one installment. A changed due date makes another event."""
    return f"{plan_id}:{installment.sequence}:{installment.due_on.isoformat()}"


def plan_of_cause(cause_id: str) -> str:
    """The plan of a `terms_cause` or an `installment_cause`, whatever characters its id has."""
    head, _, last = cause_id.rpartition(":")
    return head if len(last) == _TERMS_DIGITS else head.rpartition(":")[0]


def amount_due(
    account: GuarantorAccount,
    as_of: date,
    *,
    account_numbers: tuple[str, ...],
    grace_days: int,
    lapse_days: int,
    cure_days: int,
    letter_required: bool = False,
) -> AmountDue:
    """The amount due on a statement for these encounters, used by both the selection and the document.

    FootingError if an account number is not this guarantor's.
    """
    balances = {each.account_number: each for each in encounter_balances(account, as_of, account_numbers)}
    in_force = plans_in_force(
        account,
        as_of,
        grace_days=grace_days,
        lapse_days=lapse_days,
        cure_days=cure_days,
        letter_required=letter_required,
    )
    return add_amounts_due(account, account_numbers, balances, in_force)


def add_amounts_due(
    account: GuarantorAccount,
    account_numbers: tuple[str, ...],
    balances: Mapping[str, EncounterBalance],
    in_force: Mapping[str, PlanPosition],
) -> AmountDue:
    """As `amount_due`, from balances by account number and `plans_in_force` that are calculated already.

    KeyError if an account number has no balance.
    """
    plan_of = {encounter.account_number: encounter.plan_id for encounter in account.encounters}
    on_plan = tuple(number for number in account_numbers if plan_of[number] in in_force)
    plans = tuple(in_force[plan_id] for plan_id in dict.fromkeys(plan_of[number] for number in on_plan))
    off_plan_cents = sum([balances[number].patient_cents for number in account_numbers if number not in on_plan])
    plan_cents = sum(position.due_cents for position in plans)
    return AmountDue(
        off_plan_cents=off_plan_cents,
        plan_cents=plan_cents,
        amount_cents=off_plan_cents + plan_cents,
        plans=plans,
        plan_account_numbers=on_plan,
    )


def unpaid_cents(installment: Installment) -> int:
    """The unpaid part of an installment. 0 if it is overpaid."""
    return max(0, installment.amount_cents - installment.paid_cents)
