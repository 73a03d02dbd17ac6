"""The agreement: when a plan is opened or its terms change."""

from __future__ import annotations

from datetime import timedelta

from statement_builder.billing.plans import terms_cause, unpaid_cents
from statement_builder.billing.selection import Hold, PlanLetterMode
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.plan_letters import PlanCase, PlanLetter, PlanLetterRules


def find_agreement(case: PlanCase) -> PlanLetter | Hold:
    """The agreement on the plan's terms. It asks for the next payment."""
    plan, position = case.plan, case.position
    if not position.remaining_cents:
        return make_hold("PLAN_KEPT")
    if not position.in_force:
        return make_hold("PLAN_LAPSED")
    if position.next_due_on is None or case.missed:
        return make_hold("PLAN_LATE")
    if _is_old(case):
        return make_hold("PLAN_OLD")
    if plan.finance_charge_cents and _cannot_disclose(case):
        return make_hold("PLAN_TERMS")
    asked = [each for each in plan.installments if each.due_on <= position.next_due_on]
    return PlanLetter(
        cause_id=terms_cause(plan),
        amount_cents=sum(map(unpaid_cents, asked)),
        due_on=position.next_due_on,
    )


def _is_old(case: PlanCase) -> bool:
    """Whether these terms were agreed on long before this service could confirm them. Terms that changed since our own
    agreement are new."""
    candidate, plan = case.candidate, case.plan
    ours = f"{plan.plan_id}:"
    known = any(each.kind == candidate.kind and each.cause_id.startswith(ours) for each in candidate.account.letters)
    changed_on = plan.terms_on or plan.opened_on
    return not known and changed_on + timedelta(days=candidate.policy.plan_agreement_days) < candidate.as_of


def _cannot_disclose(case: PlanCase) -> bool:
    """A finance charge makes the plan credit (12 CFR 1026.2(a)(17)): a courtesy letter is not enough, and
    the disclosure needs the annual percentage rate (12 CFR 1026.18(e))."""
    plan, charge_cents = case.plan, case.plan.finance_charge_cents
    is_courtesy = case.candidate.policy.plan_letter_mode is PlanLetterMode.COURTESY
    return is_courtesy or not plan.apr_basis_points or charge_cents >= case.position.total_cents


RULES = PlanLetterRules(find=find_agreement, waits_for_assistance=False)
