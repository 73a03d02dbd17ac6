"""What the exhibits share: the labels and numbers of their columns, and the lines above the table.

A column is known by its label. Its number differs between versions of the CMS template, so a setting can change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from statement_builder.billing.model import Record
from statement_builder.policy.cost_report.cost_report import ColumnNumber, CostReportPeriod
from statement_builder.reports.billing_office.report import Column, ColumnType, HeadingLine


class ExhibitForm(Record, kw_only=True):
    """Whose exhibit it is, and for which fiscal year."""

    provider_name: str
    ccn: str
    component_ccn: str
    """The CCN of a subprovider; empty for the hospital itself."""
    period: CostReportPeriod
    is_inpatient: bool
    """Exhibit 2A only: inpatient and outpatient services are listed apart."""
    prepared_by: str
    prepared_on: date
    numbers: tuple[ColumnNumber, ...] = ()
    """Numbers that differ from the defaults."""


Field = tuple[str, str, str, ColumnType]
"""Name, label, and default number of a column, and its type."""
TEXT, DATE, CENTS = ColumnType.TEXT, ColumnType.DATE, ColumnType.CENTS
FIELDS: dict[str, tuple[Field, ...]] = {
    "2A": (
        ("last_name", "Patient Name - Last", "1", TEXT),
        ("first_name", "Patient Name - First", "2", TEXT),
        ("service_from", "Date of Service: From", "3", DATE),
        ("service_to", "Date of Service: To", "4", DATE),
        ("account", "Patient Account Number", "5", TEXT),
        ("mbi", "MBI or HICN", "6", TEXT),
        ("medicaid_number", "Medicaid Number", "7", TEXT),
        ("indigent", "Deemed Indigent", "8", TEXT),
        ("medicare_remitted_on", "Medicare Remittance Advice Date", "9", DATE),
        ("medicaid_remitted_on", "Medicaid Remittance Advice Date", "10", DATE),
        ("secondary_remitted_on", "Secondary Payer RA Received Date", "11", DATE),
        ("beneficiary_cents", "Beneficiary Responsibility Amount", "12", CENTS),
        ("first_billed_on", "Date First Bill Sent to Bene", "13", DATE),
        ("written_off_on", "A/R Write Off Date", "14", DATE),
        ("agency", "Sent to Collection Agency (Y/N)", "15a", TEXT),
        ("returned_on", "Return from Collection Agency Date", "15", DATE),
        ("ceased_on", "Collection Effort Ceased Date", "16", DATE),
        ("medicare_written_off_on", "Medicare Write Off Date", "17", DATE),
        ("recovered_cents", "Recoveries Only: Amount Received", "18", CENTS),
        ("recovered_year_ends_on", "Recoveries Only: MCR FYE Date", "19", DATE),
        ("deductible_cents", "Medicare Deductible Amount", "20", CENTS),
        ("coinsurance_cents", "Medicare Coinsurance Amount", "21", CENTS),
        ("paid_cents", "Payments Received Prior to Write-Off", "22", CENTS),
        ("allowable_cents", "Allowable Bad Debts Amount", "23", CENTS),
        ("comments", "Comments", "24", TEXT),
    ),
    "3B": (
        ("last_name", "Patient Name - Last", "1", TEXT),
        ("first_name", "Patient Name - First", "2", TEXT),
        ("service_from", "Date of Service - From", "3", DATE),
        ("service_to", "Date of Service - To", "4", DATE),
        ("account", "Patient Account Number", "5", TEXT),
        ("insurance_status", "Insurance Status", "6", TEXT),
        ("primary_payer", "Primary Payor", "7", TEXT),
        ("secondary_payer", "Secondary Payor", "8", TEXT),
        ("charges_cents", "Total Charges for Claim", "9", CENTS),
        ("professional_cents", "Physician / Professional Charges", "10", CENTS),
        ("patient_share_cents", "Deductible / Coinsurance / Copay Amounts", "11", CENTS),
        ("insurer_paid_cents", "Total Third Party Payments", "12", CENTS),
        ("contractual_cents", "Insured Contractual Allowance Amount", "13", CENTS),
        ("other_nonallowable_cents", "Other Non-Allowable Amounts", "14", CENTS),
        ("patient_paid_cents", "Total Patient Payments", "15", CENTS),
        ("bad_debt_cents", "Amounts Written Off as Bad Debt", "16", CENTS),
        ("uninsured_discount_cents", "Uninsured Discount Amounts", "17", CENTS),
        ("noncovered_charity_cents", "Charity Care Non-Covered Charges", "18", CENTS),
        ("other_charity_cents", "Other Charity Care Charges", "19", CENTS),
        ("charity_cents", "Amounts Written Off to Charity Care and Uninsured Discounts", "20", CENTS),
        ("charity_on", "Write Off Date", "21", DATE),
    ),
    "3C": (
        ("last_name", "Patient Last Name", "1", TEXT),
        ("first_name", "Patient First Name", "2", TEXT),
        ("service_from", "Date of Service - From", "3", DATE),
        ("service_to", "Date of Service - To", "4", DATE),
        ("account", "Patient Acct. Number", "5", TEXT),
        ("insurance_status", "Insurance Status", "6", TEXT),
        ("primary_payer", "Primary Payor", "7", TEXT),
        ("secondary_payer", "Secondary Payor", "8", TEXT),
        ("service", "Service Indicator", "9", TEXT),
        ("charges_cents", "Total Charges", "10", CENTS),
        ("professional_cents", "Total Physician / Professional Charges", "11", CENTS),
        ("patient_paid_cents", "Total Patient Payments", "12", CENTS),
        ("insurer_paid_cents", "Total Third Party Payments", "13", CENTS),
        ("charity_cents", "Patient Charity Care Amount", "14", CENTS),
        ("contractual_cents", "Contractual Allowance / Other Amount", "15", CENTS),
        ("bad_debt_on", "A/R Write Off Date", "16", DATE),
        ("bad_debt_cents", "Patient Bad Debt Write Off Amount", "17", CENTS),
    ),
}
"""Exhibit → its columns, in order: the labels of the CMS template (CMS Pub. 15-2, 4004.2 and 4012)."""


def make_columns(exhibit: str, form: ExhibitForm) -> tuple[Column, ...]:
    """The columns of an exhibit. Every amount has a total."""
    own = {each.label: each.number for each in form.numbers if each.exhibit == exhibit}
    return tuple(
        Column(name=name, title=label, type=kind, adds_up=kind is CENTS, number=own.get(label, number))
        for name, label, number, kind in FIELDS[exhibit]
    )


def unknown_labels(numbers: Iterable[ColumnNumber]) -> list[str]:
    """The columns that no exhibit has, as `2A: Label`."""
    known = {(exhibit, label) for exhibit, fields in FIELDS.items() for _, label, _, _ in fields}
    return [f"{each.exhibit}: {each.label}" for each in numbers if (each.exhibit, each.label) not in known]


def number_of(columns: Sequence[Column], name: str) -> str:
    """The number of a column, for the line above the table that has its total."""
    return next(column.number for column in columns if column.name == name)


def make_heading(title: str, form: ExhibitForm, *more: HeadingLine) -> tuple[HeadingLine, ...]:
    """The lines above the table: whose exhibit it is, and what `more` adds."""
    values: tuple[tuple[str, str | date | None], ...] = (
        ("Supporting Exhibit", title),
        ("Provider Name", form.provider_name),
        ("Provider Number (CCN)", form.ccn),
        ("Component CCN", form.component_ccn or None),
        ("FYB", form.period.first_on),
        ("FYE", form.period.last_on),
        ("Prepared By", form.prepared_by),
        ("Date Prepared", form.prepared_on),
    )
    return (*(HeadingLine(label=label, value=value) for label, value in values), *more)


def note_left_out(listed: int, left_out: int) -> list[str]:
    """How many rows are listed, and how many are not."""
    rows = f"{listed:,} {'row is' if listed == 1 else 'rows are'} listed."
    if not left_out:
        return [f"{rows} No row was left out."]
    return [f"{rows} {left_out:,} left out: `statements report exhibit-checks` says why, row by row."]
