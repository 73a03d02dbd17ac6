"""Reasons that hold one visit: nothing may be asked for it, or not yet. The rest of the account goes out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from statement_builder.billing.dates import add_months
from statement_builder.billing.model import Encounter, FinancialClass, InsuranceStatus
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Case
from statement_builder.policy.codes import make_hold

CLASS_CODES: dict[FinancialClass, str] = {
    FinancialClass.MEDICAID: "MCAID",
    FinancialClass.MEDICAID_PENDING: "MCAID_PEND",
    FinancialClass.QMB: "QMB",
    FinancialClass.WORKERS_COMP: "WC",
    FinancialClass.THIRD_PARTY: "TPL",
    FinancialClass.AUTO: "AUTO",
    FinancialClass.CLIENT: "CLIENT",
    FinancialClass.CHARITY: "CHARITY100",
}
"""Classes whose patients are not billed."""


def hold_zero(case: Case) -> Iterable[Hold]:
    """Nothing is owed: there is nothing to print."""
    for each in case.account.encounters:
        if not case.balance(each).balance_cents:
            yield make_hold("ZERO", each.account_number)


def hold_credit(case: Case) -> Iterable[Hold]:
    """A credit goes to the refund queue. It is not set off against other visits without the person's consent."""
    for each in case.owing:
        if case.balance(each).patient_cents < 0:
            yield make_hold("CREDIT", each.account_number)


def hold_insurance_pending(case: Case) -> Iterable[Hold]:
    """Insurance has not decided, or is expected to pay all that is owed: no estimate is ever printed as a bill."""
    undecided = (InsuranceStatus.PENDING, InsuranceStatus.APPEAL)
    for each in case.owing:
        balance = case.balance(each)
        if each.insurance_status in undecided or (balance.insurance_pending_cents and not balance.patient_cents):
            yield make_hold("INS_PEND", each.account_number)


def hold_not_final(case: Case) -> Iterable[Hold]:
    """Charges may still be added or corrected."""
    for each in case.owing:
        if not each.final_billed:
            yield make_hold("NOT_FINAL", each.account_number)


def hold_financial_class(case: Case) -> Iterable[Hold]:
    """Somebody else pays, and billing the patient would often be unlawful (42 CFR 447.15 for Medicaid)."""
    for each in case.owing:
        if code := CLASS_CODES.get(each.financial_class):
            yield make_hold(code, each.account_number)


def hold_above_estimate(case: Case) -> Iterable[Hold]:
    """Self-pay charges $400 or more above the good faith estimate go to a supervisor first (45 CFR 149.620)."""
    for each in case.owing:
        estimate_cents = each.good_faith_estimate_cents
        if each.financial_class is not FinancialClass.SELF_PAY or estimate_cents is None:
            continue
        if case.balance(each).charges_cents >= estimate_cents + case.policy.estimate_excess_cents.value:
            yield make_hold("GFE400", each.account_number)


def hold_unknown_plan(case: Case) -> Iterable[Hold]:
    """A visit on a plan that is not on file: nobody can tell what may be asked for it."""
    known = {plan.plan_id for plan in case.account.plans}
    for each in case.owing:
        if each.plan_id and each.plan_id not in known:
            yield make_hold("PLAN_UNKNOWN", each.account_number)


def hold_plan_paid(case: Case) -> Iterable[Hold]:
    """A standing plan of which nothing falls due within a month: no statement for its visits this time."""
    for each in case.owing:
        position = case.plans.get(each.plan_id)
        if position is not None and not position.due_cents:
            due_on = position.next_due_on
            until = add_months(due_on, -1) + timedelta(days=1) if due_on else None
            yield make_hold("PLAN_PAID", each.account_number, until)


def hold_partial_plan(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """A plan is billed whole or not: while one of its visits is held, its amount may be wrong."""
    free_numbers = {each.account_number for each in free}
    held_plans = {each.plan_id for each in case.owing if each.account_number not in free_numbers}
    for each in free:
        if each.plan_id in case.plans and each.plan_id in held_plans:
            yield make_hold("PLAN_PART", each.account_number)


def hold_plan_over(case: Case, free: tuple[Encounter, ...]) -> Iterable[Hold]:
    """A plan that asks for more than its visits owe would overcharge."""
    for plan_id, position in case.plans.items():
        covered = [each for each in free if each.plan_id == plan_id]
        if position.due_cents > sum(case.balance(each).patient_cents for each in covered):
            for each in covered:
                yield make_hold("PLAN_OVER", each.account_number)
