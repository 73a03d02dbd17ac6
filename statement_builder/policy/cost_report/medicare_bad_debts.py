"""Which Medicare bad debts a cost report may claim, and what is wrong with the others (42 CFR 413.89). Pure.

A bad debt that a rule refuses is not claimed: a claim that the records do not support is a false one. Every rule is
asked, so that one review of an account finds everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from statement_builder.billing.model import MedicareBadDebt, Record
from statement_builder.policy.cost_report.cost_report import CostReportPeriod, Finding

FIRST_BILL_DAYS = 120
"""42 CFR 413.89(e)(2)(i)(A)(2): the latest day of the first bill, counted from the latest remittance advice. It applies
to cost reporting periods that begin on or after October 1, 2020."""


class BillingFacts(Record, kw_only=True):
    """What the ledger knows of the bills and letters about an account."""

    mailed_on: tuple[date, ...] = ()
    """The days of the bills and letters that count as mailed, in order: none that was returned."""
    placed_on: date | None = None
    """When the ledger first placed the account with an agency. None: it never did."""
    returned_on: date | None = None
    """When the last agency gave it back. None: it is still there, or was never placed."""
    collection_days: int
    """`policy.medicare_collection_days`."""


Rule = Callable[[MedicareBadDebt, BillingFacts, CostReportPeriod], Iterator[Finding]]


def first_billed_on(debt: MedicareBadDebt, facts: BillingFacts) -> date | None:
    """The day of the first bill: of this service, or of an earlier system. None of a QMB, who is never billed (42 USC
    1396a(n)(3)(B)), and if there was none."""
    if debt.is_qmb:
        return None
    return min(filter(None, (debt.first_billed_on, *facts.mailed_on[:1])), default=None)


def last_remitted_on(debt: MedicareBadDebt) -> date | None:
    """The latest of the remittance advices that the first bill waits for (42 CFR 413.89(e)(2)(i)(A)(2))."""
    return max(filter(None, (debt.medicare_remitted_on, debt.secondary_remitted_on)), default=None)


def effort_ends_on(debt: MedicareBadDebt, facts: BillingFacts) -> date | None:
    """The first day on which the collection effort may cease: 120 days from the first bill, and again from the last
    payment (42 CFR 413.89(e)(2)(i)(A)(4)-(5)). None without a bill."""
    start = first_billed_on(debt, facts)
    if start is None:
        return None
    return max(filter(None, (start, debt.last_paid_on))) + timedelta(days=facts.collection_days)


def placed_on(debt: MedicareBadDebt, facts: BillingFacts) -> date | None:
    """The day on which the account first went to a collection agency, as the billing system or the ledger has it."""
    return min(filter(None, (debt.placed_on, facts.placed_on)), default=None)


def returned_on(debt: MedicareBadDebt, facts: BillingFacts) -> date | None:
    """The day on which the last agency gave the account back. None: one still has it, or none had it. The ledger
    decides about what it placed, and does not know of what an earlier system placed."""
    if facts.placed_on is not None and facts.returned_on is None:
        return None
    return max(filter(None, (debt.returned_on, facts.returned_on)), default=None)


def allowable_cents(debt: MedicareBadDebt) -> int:
    """Deductible and coinsurance less the payments before the write-off; of a recovery, what it takes off a later year
    (42 CFR 413.89(f)), which is negative."""
    return -debt.recovered_cents if debt.is_recovery else debt.cost_share_cents


def is_in_period(debt: MedicareBadDebt, period: CostReportPeriod) -> bool:
    """Whether this cost report lists the row: a claim by its Medicare write-off, a recovery by the day of the money."""
    return period.includes(debt.recovered_on if debt.is_recovery else debt.medicare_written_off_on)


def find_bad_debt_faults(
    debt: MedicareBadDebt, facts: BillingFacts, period: CostReportPeriod, *, is_repeated: bool = False
) -> tuple[Finding, ...]:
    """Everything that keeps a row of the period out of the cost report, in the order of the rules. `is_repeated`: the
    account has another row of the same kind."""
    rules = _RECOVERY_RULES if debt.is_recovery else _CLAIM_RULES
    found = [finding for rule in rules for finding in rule(debt, facts, period)]
    if is_repeated:
        found.append(
            Finding(
                code="TWICE",
                reason="The account is listed more than once.",
                what_to_do="Keep one row for the account, with all of its amounts.",
                citation="CMS Pub. 15-2, 4004.2",
            )
        )
    return tuple(found)


def _check_program(debt: MedicareBadDebt, _facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    if debt.is_medicare_advantage:
        yield Finding(
            code="ADVANTAGE",
            reason="A Medicare Advantage plan was the payer.",
            what_to_do="Remove it: only original Medicare pays bad debts.",
            citation="42 CFR 413.89(a)",
        )
    if not debt.mbi:
        yield Finding(
            code="NO_MBI",
            reason="There is no Medicare beneficiary identifier.",
            what_to_do="Enter it from the remittance advice.",
            citation="CMS Pub. 15-2, 4004.2",
        )


def _check_amount(debt: MedicareBadDebt, _facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    if debt.cost_share_cents <= 0:
        yield Finding(
            code="NOTHING_LEFT",
            reason="The payments before the write-off are not less than deductible and coinsurance.",
            what_to_do="Remove it, or correct the amounts from the remittance advice.",
            citation="42 CFR 413.89(e)(1)",
        )
    elif debt.claimed_cents is not None and debt.claimed_cents != debt.cost_share_cents:
        yield Finding(
            code="AMOUNT",
            reason="The amount that the billing system claims is not deductible plus coinsurance less payments.",
            what_to_do="Correct the amount, or the three amounts that it comes from.",
            citation="42 CFR 413.89(e)(1)",
        )


def _check_remittances(debt: MedicareBadDebt, _facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    if debt.medicare_remitted_on is None:
        yield Finding(
            code="NO_REMITTANCE",
            reason="The date of the Medicare remittance advice is missing.",
            what_to_do="Enter it. Without a remittance advice there is no deductible or coinsurance to claim.",
            citation="42 CFR 413.89(e)(1)",
        )
    if debt.is_dual_eligible and debt.medicaid_remitted_on is None:
        yield Finding(
            code="NO_MEDICAID",
            reason="The patient has Medicaid, and there is no Medicaid remittance advice.",
            what_to_do="Bill Medicaid, and claim when its remittance advice is there.",
            citation="42 CFR 413.89(e)(2)(iii)",
        )


def _check_first_bill(debt: MedicareBadDebt, facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    if debt.is_qmb:
        if debt.first_billed_on is not None or facts.mailed_on:
            yield Finding(
                code="QMB_BILLED",
                reason="A qualified Medicare beneficiary was billed.",
                what_to_do="Tell compliance. Correct the class of the account, and refund what was paid.",
                citation="42 USC 1396a(n)(3)(B)",
            )
        return
    if _needs_no_effort(debt):
        return
    billed_on, remitted_on = first_billed_on(debt, facts), last_remitted_on(debt)
    if billed_on is None:
        yield Finding(
            code="NO_BILL",
            reason="No bill counts as mailed.",
            what_to_do="Bill the patient, or enter the first bill that another system mailed.",
            citation="42 CFR 413.89(e)(2)(i)(A)(2)",
        )
    elif remitted_on is not None and billed_on > remitted_on + timedelta(days=FIRST_BILL_DAYS):
        yield Finding(
            code="LATE_BILL",
            reason=f"The first bill left more than {FIRST_BILL_DAYS} days after the latest remittance advice.",
            what_to_do="Remove it, unless an earlier bill can be shown.",
            citation="42 CFR 413.89(e)(2)(i)(A)(2)",
        )


def _check_effort(debt: MedicareBadDebt, facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    ends_on = effort_ends_on(debt, facts)
    if debt.ceased_on is None:
        yield Finding(
            code="NOT_CEASED",
            reason="The day on which the collection effort ceased is missing.",
            what_to_do="Enter it. Nothing is claimed while somebody still collects.",
            citation="42 CFR 413.89(e)(3)",
        )
        return
    if facts.mailed_on and debt.ceased_on < facts.mailed_on[-1]:
        yield Finding(
            code="NOT_CEASED",
            reason="A bill or a letter was mailed after the day on which the collection effort ceased.",
            what_to_do=f"Correct the day: the last one was mailed on {facts.mailed_on[-1]}.",
            citation="42 CFR 413.89(e)(3)",
        )
    if not _needs_no_effort(debt) and ends_on is not None and debt.ceased_on < ends_on:
        yield Finding(
            code="SHORT_EFFORT",
            reason=f"The effort ceased before {facts.collection_days} days had passed since the first bill, or since "
            "the last payment.",
            what_to_do=f"Go on until {ends_on}, then write it off again.",
            citation="42 CFR 413.89(e)(2)(i)(A)(4)-(5)",
        )


def _check_agency(debt: MedicareBadDebt, facts: BillingFacts, _period: CostReportPeriod) -> Iterator[Finding]:
    sent_on, back_on, claimed_on = placed_on(debt, facts), returned_on(debt, facts), debt.medicare_written_off_on
    if sent_on is None and back_on is None:
        return
    if sent_on is not None and (back_on is None or (claimed_on is not None and back_on > claimed_on)):
        yield Finding(
            code="AT_AGENCY",
            reason="A collection agency had the account when it was written off for Medicare.",
            what_to_do="Recall it, and claim it in the year of its return.",
            citation="42 CFR 413.89(e)(3); CMS Pub. 15-1, 310.A",
        )
    elif sent_on is None or (back_on is not None and back_on < sent_on):
        yield _wrong_dates("The collection agency gave the account back before it had it.")
    elif debt.ceased_on is not None and back_on is not None and debt.ceased_on < back_on:
        yield Finding(
            code="NOT_CEASED",
            reason="A collection agency had the account after the day on which the effort ceased.",
            what_to_do="Correct the day: the effort ceases when the agency has given the account back.",
            citation="42 CFR 413.89(e)(3); CMS Pub. 15-1, 310.A",
        )


def _check_dates(debt: MedicareBadDebt, _facts: BillingFacts, period: CostReportPeriod) -> Iterator[Finding]:
    claimed_on = debt.medicare_written_off_on
    if debt.service_to < debt.service_from:
        yield _wrong_dates("The service ends before it begins.")
    if claimed_on is None or not period.includes(claimed_on):
        yield _wrong_dates("The Medicare write-off is outside the fiscal year.")
        return
    if debt.written_off_on is None or debt.written_off_on > claimed_on:
        yield _wrong_dates("The account was not written off from receivables by the Medicare write-off.")
    if debt.ceased_on is not None and debt.ceased_on > claimed_on:
        yield _wrong_dates("The collection effort ceased after the Medicare write-off.")


def _check_recovery(debt: MedicareBadDebt, _facts: BillingFacts, period: CostReportPeriod) -> Iterator[Finding]:
    if debt.recovered_cents <= 0:
        yield Finding(
            code="NOTHING_RECOVERED",
            reason="A recovery has no amount.",
            what_to_do="Enter what was received, or remove the row.",
            citation="42 CFR 413.89(f)",
        )
    elif debt.recovered_cents > debt.cost_share_cents:
        yield Finding(
            code="OVER_RECOVERED",
            reason="More was recovered than was claimed.",
            what_to_do="Split the payment: only what pays the claimed deductible and coinsurance is a recovery.",
            citation="42 CFR 413.89(f)",
        )
    year_ends_on = debt.recovered_year_ends_on
    if year_ends_on is None or year_ends_on >= period.first_on:
        yield Finding(
            code="RECOVERY_YEAR",
            reason="The fiscal year that claimed the amount is missing, or is not an earlier one.",
            what_to_do="Enter its last day. A payment in the year of the claim is a payment before the write-off.",
            citation="42 CFR 413.89(f)",
        )


def _needs_no_effort(debt: MedicareBadDebt) -> bool:
    """Indigent patients, and those for whom Medicaid answers (42 CFR 413.89(e)(2)(ii)-(iii))."""
    return debt.is_indigent or debt.is_dual_eligible


def _wrong_dates(reason: str) -> Finding:
    return Finding(
        code="DATES", reason=reason, what_to_do="Correct the dates in the billing system.", citation="42 CFR 413.89(f)"
    )


_CLAIM_RULES: Sequence[Rule] = (
    _check_program,
    _check_amount,
    _check_remittances,
    _check_first_bill,
    _check_effort,
    _check_agency,
    _check_dates,
)
_RECOVERY_RULES: Sequence[Rule] = (_check_program, _check_recovery)
