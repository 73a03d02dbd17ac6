"""Reports of the billing office: aging, tie-out, dunning, holds, returned mail, plans, clocks, and the cost of mail.

Each is a pure function from rows of the ledger or the billing system to the rows of a report.
"""

from statement_builder.reports.billing_office.agencies import report_agencies
from statement_builder.reports.billing_office.aging import report_aging
from statement_builder.reports.billing_office.dunning_funnel import find_answers, report_dunning_funnel
from statement_builder.reports.billing_office.expiring_clocks import report_expiring_clocks
from statement_builder.reports.billing_office.holds import HeldReason, report_holds
from statement_builder.reports.billing_office.mail_cost import MailRates, report_mail_cost
from statement_builder.reports.billing_office.plan_lapses import report_plan_lapses
from statement_builder.reports.billing_office.report import (
    Column,
    ColumnType,
    Footing,
    HeadingLine,
    Plot,
    Report,
    Row,
)
from statement_builder.reports.billing_office.returned_mail import report_returned_mail
from statement_builder.reports.billing_office.tie_out import (
    ComparedAccount,
    PulledTotals,
    report_tie_out,
    report_tie_out_accounts,
)

__all__ = [
    "Column",
    "ColumnType",
    "ComparedAccount",
    "Footing",
    "HeadingLine",
    "HeldReason",
    "MailRates",
    "Plot",
    "PulledTotals",
    "Report",
    "Row",
    "find_answers",
    "report_agencies",
    "report_aging",
    "report_dunning_funnel",
    "report_expiring_clocks",
    "report_holds",
    "report_mail_cost",
    "report_plan_lapses",
    "report_returned_mail",
    "report_tie_out",
    "report_tie_out_accounts",
]
