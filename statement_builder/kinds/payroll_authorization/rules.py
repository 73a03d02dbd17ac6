"""Who gets the form for a payroll deduction: an employee who asked, once for each set of terms, and a copy of it once
both have signed.

The deduction is voluntary and in writing (29 CFR 531.35; the state's wage law), so nothing is sent that the employee
did not ask for, and no form whose figures do not add up. It asks for no payment, and moves no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import DeductionStatus, GuarantorAccount, PayrollDeduction
from statement_builder.billing.payroll import authorization_cause, open_deduction
from statement_builder.billing.selection import Hold, Selection
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.payroll.payroll import find_unsound
from statement_builder.policy.plan_letters import PlanCase, PlanLetter, PlanLetterRules, plans_with_visits


def has_deduction(account: GuarantorAccount) -> bool:
    """Whether an authorization is asked for or signed, on an active plan with visits."""
    plans = plans_with_visits(account)
    return any(open_deduction(account.deductions, each.plan_id) for each in plans)


def find_authorization(case: PlanCase) -> PlanLetter | Hold:
    """The form, or its signed copy. It asks for nothing: the deductions begin after both have signed."""
    deduction = open_deduction(case.candidate.account.deductions, case.plan.plan_id)
    if deduction is None:
        return make_hold("PAYROLL_NONE")
    if code := find_unsound(deduction) or _find_obstacle(case, deduction):
        return make_hold(code)
    policy = case.candidate.policy
    return PlanLetter(
        cause_id=authorization_cause(deduction),
        amount_cents=0,
        due_on=due_date(case.candidate.as_of, policy.due_days),
    )


def _find_obstacle(case: PlanCase, deduction: PayrollDeduction) -> str:
    """The code of what is against the letter besides the authorization's own terms."""
    policy, as_of = case.candidate.policy, case.candidate.as_of
    if case.plan.finance_charge_cents:
        return "PAYROLL_CHARGE"
    if not case.position.in_force:
        return "PLAN_LAPSED"
    if deduction.status is DeductionStatus.ASKED:
        if deduction.total_cents != case.position.remaining_cents or deduction.total_cents > case.balance_cents:
            return "PAYROLL_TOTAL"
        is_late = deduction.first_pay_on < as_of + timedelta(days=policy.payroll_lead_days)
        return "PAYROLL_LATE" if is_late else ""
    signed_on, hospital_on = deduction.signed_on, deduction.hospital_signed_on
    if signed_on is None or hospital_on is None or max(signed_on, hospital_on) > deduction.first_pay_on:
        return "PAYROLL_UNSIGNED"
    is_old = max(signed_on, hospital_on) + timedelta(days=policy.plan_agreement_days) < as_of
    return "PAYROLL_OLD" if is_old else ""


RULES = PlanLetterRules(find=find_authorization)


def recheck_authorization(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    """Why the letter must not be mailed now. Its amount is nothing, so that other terms show in their event alone."""
    yield from RULES.recheck(candidate, selection)
    causes = {authorization_cause(each) for each in candidate.account.deductions}
    if selection.cause_id not in causes:
        yield make_hold("PAYROLL_CHANGED")
