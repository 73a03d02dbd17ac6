"""Alerts 30, 14 and 7 days before a claim against an estate must be presented, each sent once."""

from __future__ import annotations

from statement_builder.operations.estate_claims import ClaimDue, find_claims_due, make_row
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.estates.deadline_alerts import find_alert_day


def find_estate_deadlines(context: AppContext) -> list[Alert]:
    """One alert for each claim and each of the days, from that day on until the next: what is sent is sent once."""
    return [alert for due in find_claims_due(context) if (alert := _make_alert(context, due)) is not None]


def _make_alert(context: AppContext, due: ClaimDue) -> Alert | None:
    days = find_alert_day(due.deadline_on, context.today())
    if days is None:
        return None
    row = make_row(context, due)
    return Alert(
        code="ESTATE_DEADLINE",
        subject=f"{due.guarantor_id} {due.deadline_on} {days} days",
        message=f"guarantor {due.guarantor_id} (batch {due.batch_id}): {row.message} {row.fix}",
        runbook="docs/runbooks/estate-deadline.md",
        guarantor_id=due.guarantor_id,
        repeats=False,
    )
