"""E-mails whose document nobody opened in time go on paper.

A portal that reports nothing at all must not turn a batch into paper: where no document of a batch was opened, a person
is told first, and has as long again to repair it, if the paper still comes in time for the due date.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from statement_builder.ledger import UnreadEmail
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.due_dates import last_day_to_open

SILENT_EMAILS_MIN = 20
"""So many unopened e-mails of one batch, and none opened, are a portal that does not report."""


def print_unread_emails(context: AppContext) -> list[Alert]:
    """Schedule the documents of overdue e-mails for paper. One alert for each batch without a single view, whose
    documents wait."""
    alerts = []
    by_batch: dict[str, list[UnreadEmail]] = defaultdict(list)
    for email in context.ledger.readings.overdue(context.facility.facility_id, today=context.today()):
        by_batch[email.batch_id].append(email)
    for batch_id, emails in by_batch.items():
        waiting = _find_waiting(context, batch_id, emails)
        if waiting:
            alerts.append(_explain_silence(batch_id, len(waiting)))
        for email in emails:
            if email not in waiting:
                why = f"not opened by {email.read_by}"
                context.ledger.readings.print_unread(email, at=context.now(), why=why)
    return alerts


def _find_waiting(context: AppContext, batch_id: str, emails: list[UnreadEmail]) -> frozenset[UnreadEmail]:
    if len(emails) < SILENT_EMAILS_MIN or context.ledger.readings.has_views(batch_id):
        return frozenset()
    days = max(1, context.settings.mail.unread_email_days)
    return frozenset(email for email in emails if context.today() <= _last_day_to_wait(email, days))


def _last_day_to_wait(email: UnreadEmail, days: int) -> date:
    return last_day_to_open(email.read_by, days, email.due_on) or email.read_by


def _explain_silence(batch_id: str, count: int) -> Alert:
    message = (
        f"{count:,} e-mails of batch {batch_id} were not opened in time, and the portal has not reported a single "
        "view. They are not printed yet. Check that the portal's files of documents viewed arrive. Without a report, "
        "they go on paper after as many days again, and in any case in time for their due date."
    )
    return alert("NO_VIEWS", batch_id, message, "no-views")
