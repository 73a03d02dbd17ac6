"""Exhibit 2A: the Medicare bad debts that a cost report claims, and the recoveries that reduce them (42 CFR 413.89)."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.billing.model import MedicareBadDebt, Record
from statement_builder.policy.cost_report.cost_report import Finding
from statement_builder.policy.cost_report.medicare_bad_debts import (
    BillingFacts,
    allowable_cents,
    first_billed_on,
    placed_on,
    returned_on,
)
from statement_builder.reports.billing_office.exhibits.form import (
    ExhibitForm,
    make_columns,
    make_heading,
    note_left_out,
    number_of,
)
from statement_builder.reports.billing_office.report import HeadingLine, Report, Row


class CheckedBadDebt(Record, kw_only=True):
    """A row of the fiscal year, what the ledger knows of it, and what is wrong with it."""

    debt: MedicareBadDebt
    facts: BillingFacts
    findings: tuple[Finding, ...] = ()


def report_exhibit_2a(checked: Sequence[CheckedBadDebt], form: ExhibitForm, *, unreadable: int = 0) -> Report:
    """The rows without a finding, in the order of `checked`. `unreadable`: rows that could not be read."""
    listed = [each for each in checked if not each.findings]
    columns = make_columns("2A", form)
    dual = sum(allowable_cents(each.debt) for each in listed if each.debt.is_dual_eligible)
    total = sum(allowable_cents(each.debt) for each in listed)
    service = "Inpatient" if form.is_inpatient else "Outpatient"
    return Report(
        name="exhibit-2a",
        title=f"Exhibit 2A: Medicare bad debts, {service.lower()}",
        meaning=(
            "The Medicare bad debts that the cost report may claim. Compare the labels and numbers of the columns with "
            "the CMS template before filing. A row that a check refuses is not listed and not in the totals."
        ),
        as_of=form.prepared_on,
        columns=columns,
        rows=[_make_row(each) for each in listed],
        notes=note_left_out(len(listed), len(checked) - len(listed) + unreadable),
        heading=make_heading(
            "Medicare Bad Debt Listing",
            form,
            HeadingLine(label="Inpatient / Outpatient", value=service),
            HeadingLine(label=f"Total Column {number_of(columns, 'allowable_cents')}", value=total),
            HeadingLine(label="Total Dual Eligible", value=dual),
        ),
        people=[each.debt.guarantor_id for each in listed],
    )


def _make_row(each: CheckedBadDebt) -> Row:
    debt = each.debt
    return (
        debt.last_name,
        debt.first_name,
        debt.service_from,
        debt.service_to,
        debt.account_number,
        debt.mbi,
        debt.medicaid_number,
        "Y" if debt.is_indigent else "N",
        debt.medicare_remitted_on,
        debt.medicaid_remitted_on,
        debt.secondary_remitted_on,
        debt.beneficiary_cents,
        first_billed_on(debt, each.facts),
        debt.written_off_on,
        "Y" if placed_on(debt, each.facts) else "N",
        returned_on(debt, each.facts),
        debt.ceased_on,
        debt.medicare_written_off_on,
        debt.recovered_cents if debt.is_recovery else None,
        debt.recovered_year_ends_on,
        debt.deductible_cents,
        debt.coinsurance_cents,
        debt.paid_cents,
        allowable_cents(debt),
        "Recovery" if debt.is_recovery else None,
    )
