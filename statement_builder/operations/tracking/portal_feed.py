"""Publish to the portal what an earlier run could not."""

from __future__ import annotations

from mail_house.errors import HandOffError
from statement_builder.errors import ArchiveError, BatchBusy
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.portal import publish_batch


def publish_waiting(context: AppContext) -> list[Alert]:
    """Complete the feed of every batch that left in part or in full. One alert for each batch that could not be
    published: the others go on."""
    if not context.settings.portal:
        return []
    alerts = []
    for batch_id in context.ledger.portal.waiting_batches(context.facility.facility_id):
        try:
            with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
                publish_batch(context, context.require_batch(batch_id))
        except BatchBusy:
            continue  # the process that has the batch publishes it
        except (HandOffError, ArchiveError) as exc:
            message = f"batch {batch_id} was not published: {exc}. The next run tries it again."
            alerts.append(alert("UNREACHABLE", f"portal {batch_id}", message, "unreachable"))
    return alerts
