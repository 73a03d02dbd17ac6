"""E-mails whose document nobody opened in time go on paper.

A portal that reports nothing at all must not turn a batch into paper: where no document of a batch was opened, a person
is told first, and has as long again to repair it, if the paper still comes in time for every date on its page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from statement_builder.ledger import UnreadEmail
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email.reading_time import read_first_dates
from statement_builder.policy.due_dates import last_day_to_open

ReadDates = Callable[[AppContext, str, Sequence[UnreadEmail]], Mapping[str, date]]
"""Maps the ids of documents of a batch to the earliest date ahead on their pages, where there is one."""
SILENT_EMAILS_MIN = 20
"""So many unopened e-mails of one batch, and none opened, are a portal that does not report."""


def read_dates(context: AppContext, batch_id: str, emails: Sequence[UnreadEmail]) -> dict[str, date]:
    """As `ReadDates`, from the snapshot."""
    batch, ids = context.require_batch(batch_id), {email.document_id for email in emails}
    found: dict[str, date] = {}
    for shard in context.ledger.shards.for_batch(batch_id):
        documents = context.ledger.documents.for_batch(batch_id, sequence=shard.sequence)
        chosen = [document for document in documents if document.document_id in ids]
        if chosen:
            found |= read_first_dates(context, batch, shard, chosen)
    return found


def print_unread_emails(context: AppContext, read_dates: ReadDates = read_dates) -> list[Alert]:
    """Schedule the documents of overdue e-mails for paper. One alert for each batch without a single view, whose
    documents wait."""
    alerts = []
    by_batch: dict[str, list[UnreadEmail]] = defaultdict(list)
    for email in context.ledger.readings.overdue(context.facility.facility_id, today=context.today()):
        by_batch[email.batch_id].append(email)
    for batch_id, emails in by_batch.items():
        waiting = _find_waiting(context, batch_id, emails, read_dates)
        if waiting:
            alerts.append(_explain_silence(batch_id, len(waiting)))
        for email in emails:
            if email not in waiting:
                why = f"not opened by {email.read_by}"
                context.ledger.readings.print_unread(email, at=context.now(), why=why)
    return alerts


def _find_waiting(
    context: AppContext, batch_id: str, emails: list[UnreadEmail], read_dates: ReadDates
) -> frozenset[UnreadEmail]:
    if len(emails) < SILENT_EMAILS_MIN or context.ledger.readings.has_views(batch_id):
        return frozenset()
    days = max(1, context.settings.mail.unread_email_days)
    dates = read_dates(context, batch_id, emails)
    return frozenset(
        email for email in emails if context.today() <= _last_day_to_wait(email, days, dates.get(email.document_id))
    )


def _last_day_to_wait(email: UnreadEmail, days: int, first_date: date | None) -> date:
    return last_day_to_open(email.read_by, days, first_date) or email.read_by


def _explain_silence(batch_id: str, count: int) -> Alert:
    message = (
        f"{count:,} e-mails of batch {batch_id} were not opened in time, and the portal has not reported a single "
        "view. They are not printed yet. Check that the portal's files of documents viewed arrive. Without a report, "
        "they go on paper after as many days again, and in any case in time for every date on their pages."
    )
    return alert("NO_VIEWS", batch_id, message, "no-views")
