"""Where a payment plan stands, and what a statement asks for when some visits are on one."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.dates import add_months
from statement_builder.billing.model import GuarantorAccount, Installment, Plan, PlanStatus, Record


class PlanPosition(Record, kw_only=True):
    """A plan on one day; `total = paid + remaining`."""

    plan_id: str
    total_cents: int
    paid_cents: int
    remaining_cents: int
    due_cents: int
    """What a statement asks for: every unpaid instalment up to now and those that fall due within a month."""
    missed_cents: int
    """The part of `due_cents` whose date, with the days of grace, is past."""
    next_due_on: date | None
    """The next unpaid instalment's date, today or later; none when none is left."""
    missed_count: int
    installments_left: int
    """Instalments not paid in full, missed ones too."""
    is_current: bool
    """The plan is active and nothing has been missed."""
    stands: bool
    """The plan still rules what its visits are asked for: it is active and has not lapsed.
    Visits on a plan that does not stand are billed in full again, like any other."""


class AmountDue(Record, kw_only=True):
    """What a statement on some encounters asks for: `amount = off plan + plan`."""

    off_plan_cents: int
    """Sum of `patient_cents` of the encounters that no standing plan covers."""
    plan_cents: int
    """Sum of `due_cents` of the standing plans."""
    amount_cents: int
    plans: tuple[PlanPosition, ...]
    """The standing plans of these encounters, in the order in which they first appear."""
    plan_account_numbers: tuple[str, ...]
    """The encounters that those plans cover, in the order given."""


def plan_position(plan: Plan, as_of: date, *, grace_days: int, lapse_days: int) -> PlanPosition:
    """Where the plan stands.

    An instalment is missed when it is unpaid more than `grace_days` after its date; a plan has lapsed when one is
    unpaid more than `lapse_days` after it.
    """
    open_installments = [each for each in plan.installments if _unpaid(each)]
    missed = [each for each in open_installments if each.due_on + timedelta(days=grace_days) < as_of]
    lapsed = any(each.due_on + timedelta(days=lapse_days) < as_of for each in open_installments)
    until = add_months(as_of, 1)
    total = sum(each.amount_cents for each in plan.installments)
    remaining = sum(_unpaid(each) for each in open_installments)
    return PlanPosition(
        plan_id=plan.plan_id,
        total_cents=total,
        paid_cents=total - remaining,
        remaining_cents=remaining,
        due_cents=sum(_unpaid(each) for each in open_installments if each.due_on < until),
        missed_cents=sum(_unpaid(each) for each in missed),
        next_due_on=min((each.due_on for each in open_installments if each.due_on >= as_of), default=None),
        missed_count=len(missed),
        installments_left=len(open_installments),
        is_current=plan.status is PlanStatus.ACTIVE and not missed,
        stands=plan.status is PlanStatus.ACTIVE and not lapsed,
    )


def standing_plans(
    account: GuarantorAccount, as_of: date, *, grace_days: int, lapse_days: int
) -> dict[str, PlanPosition]:
    """The plans that rule what their visits are asked for, by plan id."""
    positions = (plan_position(plan, as_of, grace_days=grace_days, lapse_days=lapse_days) for plan in account.plans)
    return {position.plan_id: position for position in positions if position.stands}


def amount_due(
    account: GuarantorAccount, as_of: date, *, account_numbers: tuple[str, ...], grace_days: int, lapse_days: int
) -> AmountDue:
    """What a statement on these encounters asks for: the one sum that selection and page both show.

    Raises FootingError when an account number is not this guarantor's.
    """
    standing = standing_plans(account, as_of, grace_days=grace_days, lapse_days=lapse_days)
    plan_of = {encounter.account_number: encounter.plan_id for encounter in account.encounters}
    taken = encounter_balances(account, as_of, account_numbers)
    on_plan = tuple(number for number in account_numbers if plan_of[number] in standing)
    plans = tuple(standing[plan_id] for plan_id in dict.fromkeys(plan_of[number] for number in on_plan))
    off_plan_cents = sum(each.patient_cents for each in taken if each.account_number not in on_plan)
    plan_cents = sum(position.due_cents for position in plans)
    return AmountDue(
        off_plan_cents=off_plan_cents,
        plan_cents=plan_cents,
        amount_cents=off_plan_cents + plan_cents,
        plans=plans,
        plan_account_numbers=on_plan,
    )


def _unpaid(installment: Installment) -> int:
    """What is open of an instalment; one paid over is simply paid."""
    return max(0, installment.amount_cents - installment.paid_cents)
