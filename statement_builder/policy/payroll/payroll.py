"""Which payroll deductions are lawful and sound, and which are current, so that no dunning letter goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from statement_builder.billing.model import DeductionStatus, PayrollDeduction
from statement_builder.billing.payroll import adds_up, paydays_fit
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.states.wage_deductions import wage_deduction_rule

ON_PAYROLL = "EMPLOYEE"
_EMPLOYEE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,19}")
_LIKE_A_TAX_NUMBER = re.compile(r"\d{3}-?\d{2}-?\d{4}")
"""A Social Security number, which must not be printed or sent."""
_STATE = re.compile(r"[A-Z]{2}")


def find_unsound(deduction: PayrollDeduction) -> str:
    """The code of the hold on an authorization that nobody should sign or send. Empty: none."""
    is_sound = (
        adds_up(deduction)
        and paydays_fit(deduction)
        and _EMPLOYEE_ID.fullmatch(deduction.employee_id)
        and not _LIKE_A_TAX_NUMBER.fullmatch(deduction.employee_id)
        and _STATE.fullmatch(deduction.work_state)
    )
    if not is_sound:
        return "PAYROLL_TERMS"
    return "" if wage_deduction_rule(deduction.work_state).is_allowed else "PAYROLL_STATE"


def current_plans(candidate: Candidate) -> frozenset[str]:
    """The plans that are paid by payroll deduction and current: signed by both, the last deduction was not missed, and
    no installment is missed."""
    missed = {each.authorization_id for each in candidate.account.deduction_misses}
    return frozenset(
        each.plan_id
        for each in candidate.account.deductions
        if each.is_signed
        and each.authorization_id not in missed
        and (position := candidate.plans.get(each.plan_id)) is not None
        and position.is_current
    )


def hold_on_payroll(candidate: Candidate) -> Iterable[Hold]:
    """Hold what asks for the payments of a plan that payroll deduction pays, while it is current."""
    current = current_plans(candidate)
    for each in candidate.account.encounters:
        if each.plan_id in current:
            yield make_hold(ON_PAYROLL, each.account_number)


def deductions_are_over(candidate: Candidate, account_number: str) -> bool:
    """Whether a recorded hold EMPLOYEE no longer applies: there was a deduction, and none is current. Without any
    authorization on file, the hold alone tells."""
    found = [each for each in candidate.account.deductions if each.status is not DeductionStatus.ASKED]
    if account_number:
        plans = {each.plan_id for each in candidate.account.encounters if each.account_number == account_number}
        found = [each for each in found if each.plan_id in plans]
    current = current_plans(candidate) if found else frozenset()
    return bool(found) and not any(each.plan_id in current for each in found)
