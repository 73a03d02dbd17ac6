"""Write back to the billing system what happened to mail since the last run."""

from __future__ import annotations

from datetime import timedelta

from mail_house.errors import HandOffError
from statement_builder.errors import BatchBusy, ConfigError
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.write_back import has_news, write_back_batch

LOOK_BACK_DAYS = 60
"""How long after a batch closed, or after mail was returned, something of it can be new."""


def write_back_all(context: AppContext) -> list[Alert]:
    """Complete the files of every batch that may have something new. One alert for each batch whose files could not be
    delivered: the others go on."""
    if not context.settings.source.write_back:
        return []
    alerts = []
    since = context.now() - timedelta(days=LOOK_BACK_DAYS)
    for batch_id in context.ledger.write_back.waiting_batches(context.facility.facility_id, since=since):
        if not has_news(context, batch_id):
            continue
        try:
            with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
                write_back_batch(context, context.require_batch(batch_id))
        except BatchBusy:
            continue  # the next run writes it back
        except (HandOffError, ConfigError) as exc:
            message = f"batch {batch_id} was not written back: {exc}. The next run tries it again."
            alerts.append(alert("UNREACHABLE", f"write-back {batch_id}", message, "unreachable"))
    return alerts
