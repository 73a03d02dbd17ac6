"""Which charity write-offs and bad debts of all payers a cost report lists (CMS Pub. 15-2, 4012). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from statement_builder.billing.model import WriteOff
from statement_builder.policy.cost_report.cost_report import CostReportPeriod, Finding

_CITATION = "CMS Pub. 15-2, 4012"


def is_charity_in_period(each: WriteOff, period: CostReportPeriod) -> bool:
    """Whether the account was written off to charity care in the fiscal year."""
    return each.charity_cents != 0 and period.includes(each.charity_on)


def is_bad_debt_in_period(each: WriteOff, period: CostReportPeriod) -> bool:
    """Whether the account was written off to bad debt in the fiscal year."""
    return each.bad_debt_cents != 0 and period.includes(each.bad_debt_on)


def find_charity_faults(each: WriteOff, *, is_repeated: bool = False) -> tuple[Finding, ...]:
    """Everything that keeps an account off the list of charity care."""
    parts = each.uninsured_discount_cents + each.noncovered_charity_cents + each.other_charity_cents
    found = list(_find_common_faults(each, is_repeated=is_repeated))
    if each.charity_cents != parts:
        found.append(
            _fault("AMOUNT", "The charity write-off is not the sum of the uninsured discount and the charity charges.")
        )
    if each.charity_cents + each.patient_paid_cents + each.insurer_paid_cents > each.charges_cents:
        found.append(_fault("OVER_CHARGES", "Payments and the charity write-off are more than the charges."))
    return tuple(found)


def find_total_bad_debt_faults(each: WriteOff, *, is_repeated: bool = False) -> tuple[Finding, ...]:
    """Everything that keeps an account off the list of total bad debt."""
    found = list(_find_common_faults(each, is_repeated=is_repeated))
    reductions = each.patient_paid_cents + each.insurer_paid_cents + each.charity_cents + each.contractual_cents
    if each.bad_debt_cents + reductions > each.charges_cents:
        found.append(
            _fault("OVER_CHARGES", "The bad debt is more than the charges less payments, charity, and allowances.")
        )
    return tuple(found)


def _find_common_faults(each: WriteOff, *, is_repeated: bool) -> Iterator[Finding]:
    if each.service_to < each.service_from:
        yield _fault("DATES", "The service ends before it begins.")
    if each.professional_cents > each.charges_cents:
        yield _fault("PROFESSIONAL", "The professional charges are more than all charges.")
    if is_repeated:
        yield _fault("TWICE", "The account is listed more than once.")


def _fault(code: str, reason: str) -> Finding:
    return Finding(
        code=code, reason=reason, what_to_do="Correct the account in the billing system.", citation=_CITATION
    )
