"""The listings that support a Medicare cost report (CMS-2552-10): Exhibits 2A, 3B, and 3C, and what they leave out."""

from statement_builder.reports.billing_office.exhibits.checks import ExhibitFault, report_exhibit_checks
from statement_builder.reports.billing_office.exhibits.form import ExhibitForm, unknown_labels
from statement_builder.reports.billing_office.exhibits.medicare_bad_debts import CheckedBadDebt, report_exhibit_2a
from statement_builder.reports.billing_office.exhibits.write_offs import (
    CheckedWriteOff,
    report_exhibit_3b,
    report_exhibit_3c,
)

__all__ = [
    "CheckedBadDebt",
    "CheckedWriteOff",
    "ExhibitFault",
    "ExhibitForm",
    "report_exhibit_2a",
    "report_exhibit_3b",
    "report_exhibit_3c",
    "report_exhibit_checks",
    "unknown_labels",
]
