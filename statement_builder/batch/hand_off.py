"""Hand-off: the only step that cannot be undone. Intent, act, receipt, for each print file and each e-mail.

A claim is in the ledger before anything leaves. What a killed run left behind is settled first, by asking the other
side; where nobody can be asked it becomes `uncertain` and waits for a person. Nothing is ever repeated blindly.
"""

from __future__ import annotations

from mail_house.errors import Retryable
from statement_builder.batch.email_lot import send_emails, settle_emails
from statement_builder.batch.print_run import hand_off_print_files, settle_print_files
from statement_builder.batch.recheck import withhold_late
from statement_builder.batch.service import Service
from statement_builder.ledger import Batch, BatchState


def hand_off_batch(service: Service, batch: Batch) -> None:
    """Hand off what is released and not out yet: first what an earlier run left open, then a second look at the
    holds, then e-mail (a refused address is printed instead), then print, which no mail server may hold up.

    Raises `mail_house.errors.HandOffError` when a back end stops answering: what is left is handed off by a re-run.
    """
    if batch.state is BatchState.RELEASED:
        service.ledger.set_state(batch.batch_id, BatchState.HANDING_OFF, actor=service.actor, at=service.now())
    settle_print_files(service, batch)
    settle_emails(service, batch)
    withhold_late(service, batch)
    put_off: Retryable | None = None
    try:
        send_emails(service, batch)
    except Retryable as exc:
        put_off = exc
    hand_off_print_files(service, batch)
    if put_off is not None:
        raise put_off
