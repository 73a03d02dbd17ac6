"""The reminder: five days before an installment comes due, if it is not paid and none is missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from statement_builder.billing.model import Installment
from statement_builder.billing.plans import installment_cause, unpaid_cents
from statement_builder.billing.selection import Hold
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.payroll.payroll import ON_PAYROLL, current_plans
from statement_builder.policy.plan_letters import PlanCase, PlanLetter, PlanLetterRules


def find_reminder(case: PlanCase) -> PlanLetter | Hold:
    """The reminder of the next installment, with what is unpaid of earlier ones within their grace period."""
    position, as_of = case.position, case.candidate.as_of
    if not position.remaining_cents:
        return make_hold("PLAN_KEPT")
    if not position.in_force:
        return make_hold("PLAN_LAPSED")
    if case.plan.plan_id in current_plans(case.candidate):
        return make_hold(ON_PAYROLL)
    if not position.is_current or position.next_due_on is None:
        return make_hold("PLAN_LATE")
    asked = [each for each in case.plan.installments if unpaid_cents(each) and each.due_on <= position.next_due_on]
    first_on = position.next_due_on - timedelta(days=case.candidate.policy.plan_reminder_days)
    if not first_on <= as_of < position.next_due_on:
        return _hold_on_other_days(case, asked, first_on)
    newest = max(asked, key=lambda each: (each.due_on, each.sequence))
    return PlanLetter(
        cause_id=installment_cause(case.plan.plan_id, newest),
        amount_cents=sum(unpaid_cents(each) for each in asked),
        due_on=position.next_due_on,
    )


def _hold_on_other_days(case: PlanCase, asked: Sequence[Installment], first_on: date) -> Hold:
    """Too early, or on the due date itself: a letter that is mailed today arrives after it."""
    as_of = case.candidate.as_of
    if as_of >= first_on:
        return make_hold("PLAN_GRACE", until=as_of + timedelta(days=case.candidate.policy.plan_grace_days + 1))
    # An earlier one may be missed by then, which is another letter.
    is_late = any(each.due_on < as_of for each in asked)
    return make_hold("PLAN_NOT_DUE", until=None if is_late else first_on)


RULES = PlanLetterRules(find=find_reminder)
