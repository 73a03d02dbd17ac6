"""Rules that hold one visit: it must not be billed, or not yet. The other visits still go out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.dates import birthday, last_of_month
from statement_builder.billing.estimates import exceeds_estimate
from statement_builder.billing.model import (
    ContactKind,
    Coverage,
    CoverageKind,
    Encounter,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
)
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recorded_holds import CONFIDENTIAL, holds_in_force

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

COVERAGE_KINDS: dict[FinancialClass, CoverageKind] = {FinancialClass(kind): kind for kind in CoverageKind}
"""The classes that belong to the patient for a span of time, not to one visit."""


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


def hold_covered_patient(candidate: Candidate) -> Iterable[Hold]:
    """Hold every visit of a patient on a day with QMB or Medicaid, whatever class the visit itself carries: the law
    protects the person (42 USC 1396a(n)(3)(B), 42 CFR 447.15)."""
    spans = coverage_spans(candidate.account)
    for each in candidate.with_balance if spans else ():
        for span in spans:
            if span.patient_id == each.patient_id and covers(span, each.service_from, each.service_to):
                yield make_hold(CLASS_CODES[FinancialClass(span.kind)], each.account_number)


def coverage_spans(account: GuarantorAccount) -> tuple[Coverage, ...]:
    """The spans on file, and the calendar months of each visit with such a class: eligibility is by the month."""
    visits = [each for each in account.encounters if each.financial_class in COVERAGE_KINDS]
    months = [
        Coverage(
            patient_id=each.patient_id,
            kind=COVERAGE_KINDS[each.financial_class],
            starts_on=each.service_from.replace(day=1),
            ends_on=last_of_month(each.service_to),
        )
        for each in visits
    ]
    return (*account.coverages, *months)


def covers(span: Coverage, first_on: date, last_on: date | None) -> bool:
    """Whether any day of these is in the span. None: without an end."""
    return (last_on is None or span.starts_on <= last_on) and (span.ends_on is None or first_on <= span.ends_on)


def hold_minor_confidential(candidate: Candidate) -> Iterable[Hold]:
    """Hold a sensitive visit of a patient who was a minor then: the guarantor who gets the mail may not know of it.

    It stays confidential after the patient is of age. Mail to the patient's own confidential address is not held.
    """
    if candidate.account.guarantor.contact_kind is ContactKind.CONFIDENTIAL:
        return
    patients = {each.patient_id: each for each in candidate.account.patients}
    adult_years = candidate.policy.ob_adult_age_years
    for each in candidate.with_balance:
        patient = patients.get(each.patient_id) if each.sensitive else None
        if patient is not None and each.service_from < birthday(patient.birth_on, adult_years):
            yield make_hold("MINOR_SENS", each.account_number)


def hold_confidential_visit(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit with a confidential address of its own that is not on file; the family's other visits still go (45
    CFR 164.522(b))."""
    if candidate.account.guarantor.confidential_address is None:
        for hold in holds_in_force(candidate):
            if hold.code == CONFIDENTIAL and hold.account_number in candidate.balances:
                yield make_hold("CONF_VISIT", hold.account_number, hold.expires_on)


def hold_above_estimate(candidate: Candidate) -> Iterable[Hold]:
    """Hold a self-pay visit whose charges are substantially in excess of the good faith estimate, until a supervisor
    has reviewed them (45 CFR 149.620(a)(2))."""
    for each in candidate.with_balance:
        excess_cents = candidate.policy.estimate_excess_cents.value
        exceeds = exceeds_estimate(each, candidate.balance(each).charges_cents, excess_cents)
        if exceeds and not estimate_is_reviewed(each):
            yield make_hold("GFE400", each.account_number)


def estimate_is_reviewed(encounter: Encounter) -> bool:
    """Whether a supervisor reviewed the charges that are on file now. A review before the last charge was posted covers
    another amount, so it does not count; one on the same day does, since charges post overnight."""
    review = encounter.estimate_review
    return review is not None and all(charge.posted_on <= review.reviewed_on for charge in encounter.charges)


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
