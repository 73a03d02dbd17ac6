"""Rules that hold one visit: it must not be billed, or not yet. The other visits still go out."""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import Encounter, FinancialClass, InsuranceStatus
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold

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
"""Financial classes whose patients are not billed, and the hold code of each."""


def hold_zero(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit with a zero balance."""
    for each in candidate.account.encounters:
        if not candidate.balance(each).balance_cents:
            yield make_hold("ZERO", each.account_number)


def hold_credit(candidate: Candidate) -> Iterable[Hold]:
    """Hold a credit for the refund queue. It is not applied to other visits without the guarantor's consent."""
    for each in candidate.with_balance:
        if candidate.balance(each).patient_cents < 0:
            yield make_hold("CREDIT", each.account_number)


def hold_insurance_pending(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit whose claim is open, or whose whole balance insurance should pay. No estimate goes out as a bill."""
    undecided = (InsuranceStatus.PENDING, InsuranceStatus.APPEAL)
    for each in candidate.with_balance:
        balance = candidate.balance(each)
        if each.insurance_status in undecided or (balance.insurance_pending_cents and not balance.patient_cents):
            yield make_hold("INS_PEND", each.account_number)


def hold_not_final(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit whose charges may still be added or corrected."""
    for each in candidate.with_balance:
        if not each.final_billed:
            yield make_hold("NOT_FINAL", each.account_number)


def hold_financial_class(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit that another payer is responsible for. Billing the patient is often unlawful (Medicaid: 42 CFR
    447.15)."""
    for each in candidate.with_balance:
        if code := CLASS_CODES.get(each.financial_class):
            yield make_hold(code, each.account_number)


def hold_above_estimate(candidate: Candidate) -> Iterable[Hold]:
    """Hold a self-pay visit whose charges exceed the good faith estimate by $400 or more; a supervisor reviews it (45
    CFR 149.620)."""
    for each in candidate.with_balance:
        estimate_cents = each.good_faith_estimate_cents
        if each.financial_class is not FinancialClass.SELF_PAY or estimate_cents is None:
            continue
        if candidate.balance(each).charges_cents >= estimate_cents + candidate.policy.estimate_excess_cents.value:
            yield make_hold("GFE400", each.account_number)


def hold_unknown_plan(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit whose payment plan is not on file: the amount due is unknown."""
    known = {plan.plan_id for plan in candidate.account.plans}
    for each in candidate.with_balance:
        if each.plan_id and each.plan_id not in known:
            yield make_hold("PLAN_UNKNOWN", each.account_number)


def hold_plan_paid(candidate: Candidate) -> Iterable[Hold]:
    """Hold the visits of a plan in force that has nothing due within a month."""
    for each in candidate.with_balance:
        position = candidate.plans.get(each.plan_id)
        if position is not None and not position.due_cents:
            yield make_hold("PLAN_PAID", each.account_number, position.next_asked_on)


def hold_partial_plan(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold a whole plan while one of its visits is held: the plan's amount may be wrong."""
    billable_numbers = {each.account_number for each in billable}
    held_plans = {each.plan_id for each in candidate.with_balance if each.account_number not in billable_numbers}
    for each in billable:
        if each.plan_id in candidate.plans and each.plan_id in held_plans:
            yield make_hold("PLAN_PART", each.account_number)


def hold_plan_over(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold a plan whose amount due exceeds the balance of its visits: it would overcharge."""
    for plan_id, position in candidate.plans.items():
        covered = [each for each in billable if each.plan_id == plan_id]
        if position.due_cents > sum(candidate.balance(each).patient_cents for each in covered):
            for each in covered:
                yield make_hold("PLAN_OVER", each.account_number)
