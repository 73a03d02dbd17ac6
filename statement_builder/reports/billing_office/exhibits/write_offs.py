"""Exhibits 3B and 3C: what was written off to charity care, and all bad debt, of every payer."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.billing.model import Record, WriteOff
from statement_builder.policy.cost_report.cost_report import Finding
from statement_builder.reports.billing_office.exhibits.form import (
    ExhibitForm,
    make_columns,
    make_heading,
    note_left_out,
    number_of,
)
from statement_builder.reports.billing_office.report import HeadingLine, Report, Row

_MEANING = (
    "Compare the labels and numbers of the columns with the CMS template before filing. A row that a check refuses is "
    "not listed and not in the totals."
)


class CheckedWriteOff(Record, kw_only=True):
    """An account written off in the fiscal year, and what is wrong with it."""

    account: WriteOff
    findings: tuple[Finding, ...] = ()


def report_exhibit_3b(checked: Sequence[CheckedWriteOff], form: ExhibitForm, *, unreadable: int = 0) -> Report:
    """Charity care: the accounts without a finding, in the order of `checked`. `unreadable`: rows that could not be
    read."""
    listed = [each.account for each in checked if not each.findings]
    columns = make_columns("3B", form)
    number = number_of(columns, "charity_cents")
    insured = sum(each.charity_cents for each in listed if each.is_insured)
    uninsured = sum(each.charity_cents for each in listed if not each.is_insured)
    return Report(
        name="exhibit-3b",
        title="Exhibit 3B: charity care",
        meaning=f"What was written off to charity care and uninsured discounts. {_MEANING}",
        as_of=form.prepared_on,
        columns=columns,
        rows=[_make_charity_row(each) for each in listed],
        notes=note_left_out(len(listed), len(checked) - len(listed) + unreadable),
        heading=make_heading(
            "Charity Care Charges",
            form,
            HeadingLine(label=f"Uninsured Column {number}", value=uninsured),
            HeadingLine(label=f"Insured Column {number}", value=insured),
        ),
        people=[each.guarantor_id for each in listed],
    )


def report_exhibit_3c(checked: Sequence[CheckedWriteOff], form: ExhibitForm, *, unreadable: int = 0) -> Report:
    """Total bad debt: as `report_exhibit_3b`."""
    listed = [each.account for each in checked if not each.findings]
    columns = make_columns("3C", form)
    total = sum(each.bad_debt_cents for each in listed)
    return Report(
        name="exhibit-3c",
        title="Exhibit 3C: total bad debt",
        meaning=f"What was written off to bad debt, of all payers. {_MEANING}",
        as_of=form.prepared_on,
        columns=columns,
        rows=[_make_bad_debt_row(each) for each in listed],
        notes=note_left_out(len(listed), len(checked) - len(listed) + unreadable),
        heading=make_heading(
            "Total Bad Debt",
            form,
            HeadingLine(label=f"Total Column {number_of(columns, 'bad_debt_cents')}", value=total),
        ),
        people=[each.guarantor_id for each in listed],
    )


def _make_charity_row(each: WriteOff) -> Row:
    return (
        *_patient(each),
        each.charges_cents,
        each.professional_cents,
        each.patient_share_cents,
        each.insurer_paid_cents,
        each.contractual_cents,
        each.other_nonallowable_cents,
        each.patient_paid_cents,
        each.bad_debt_cents,
        each.uninsured_discount_cents,
        each.noncovered_charity_cents,
        each.other_charity_cents,
        each.charity_cents,
        each.charity_on,
    )


def _make_bad_debt_row(each: WriteOff) -> Row:
    return (
        *_patient(each),
        "IP" if each.is_inpatient else "OP",
        each.charges_cents,
        each.professional_cents,
        each.patient_paid_cents,
        each.insurer_paid_cents,
        each.charity_cents,
        each.contractual_cents,
        each.bad_debt_on,
        each.bad_debt_cents,
    )


def _patient(each: WriteOff) -> Row:
    return (
        each.last_name,
        each.first_name,
        each.service_from,
        each.service_to,
        each.account_number,
        each.insurance_status,
        each.primary_payer,
        each.secondary_payer,
    )
