"""A person's word on an attempt that nobody else can tell about."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection

from statement_builder.errors import InvariantError
from statement_builder.ledger.deliveries import read_live_delivery
from statement_builder.ledger.emails import mark_emails
from statement_builder.ledger.print_files import mark_print_file
from statement_builder.ledger.records import EmailMark
from statement_builder.ledger.states import DeliveryState


def resolve(
    connection: Connection,
    document_id: str,
    *,
    sent: bool,
    actor: str,
    at: datetime,
    why: str,
    mailed_on: date | None,
) -> None:
    """A person's word on an attempt that nobody else can tell about.

    Of a print file the vendor has all or nothing, so the word on one of its documents settles the whole file.
    Where no date is given it went out on the day (UTC) that it was claimed.
    """
    live = read_live_delivery(connection, document_id)
    if live is None or live.state is not DeliveryState.UNCERTAIN:
        raise InvariantError(f"document {document_id} has no uncertain attempt: there is nothing to settle")
    state = DeliveryState.SENT if sent else DeliveryState.FAILED
    on = mailed_on or live.claimed_at.date()
    if live.print_file:
        mark_print_file(
            connection, live.print_file, state, receipt=live.receipt, at=at, mailed_on=on, actor=actor, why=why
        )
    else:
        mark = EmailMark(delivery_id=live.delivery_id, state=state, receipt=live.receipt)
        mark_emails(connection, [mark], at=at, mailed_on=on, actor=actor, why=why)
