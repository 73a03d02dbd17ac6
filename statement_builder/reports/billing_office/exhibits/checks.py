"""What keeps a row off an exhibit: one line for each row and reason, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from statement_builder.billing.model import FaultyAccount, Record
from statement_builder.policy.cost_report.cost_report import Finding
from statement_builder.reports.billing_office.exhibits.form import ExhibitForm
from statement_builder.reports.billing_office.report import Column, ColumnType, Report, Row


class ExhibitFault(Record, kw_only=True):
    """Every reason against one row of an exhibit."""

    exhibit: str
    guarantor_id: str
    account_number: str
    cents: int
    """What the row would have added to the total of the exhibit."""
    findings: tuple[Finding, ...]


def report_exhibit_checks(
    faults: Sequence[ExhibitFault], unreadable: Sequence[tuple[str, FaultyAccount]], form: ExhibitForm
) -> Report:
    """Every reason against every row of the fiscal year. `unreadable`: result set and row of what could not be read,
    which may belong to another year."""
    rows: list[Row] = [row for each in faults for row in _make_rows(each)]
    for result_set, entry in unreadable:
        rows += [
            (None, result_set, entry.subject, fault.code, None, fault.message, fault.fix, "sql/contract.md")
            for fault in entry.faults
        ]
    return Report(
        name="exhibit-checks",
        title=f"Rows left off the exhibits of {form.period.first_on} to {form.period.last_on}",
        meaning=(
            "Rows that a check refuses. None of them is on an exhibit or in its totals. Work each line, then write the "
            "exhibit again."
        ),
        as_of=form.prepared_on,
        columns=(
            Column(name="guarantor", title="guarantor", type=ColumnType.GUARANTOR),
            Column(name="exhibit", title="exhibit"),
            Column(name="account", title="account"),
            Column(name="check", title="check"),
            Column(name="amount_cents", title="amount", type=ColumnType.CENTS, adds_up=True),
            Column(name="reason", title="reason"),
            Column(name="what_to_do", title="what to do"),
            Column(name="citation", title="citation"),
        ),
        rows=rows,
        notes=["The amount is in the first line of each row."],
    )


def _make_rows(each: ExhibitFault) -> Iterator[Row]:
    for number, finding in enumerate(each.findings):
        yield (
            each.guarantor_id,
            each.exhibit,
            each.account_number,
            finding.code,
            0 if number else each.cents,
            finding.reason,
            finding.what_to_do,
            finding.citation,
        )
