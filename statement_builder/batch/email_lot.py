"""E-mail: one message a document, to those who consented to it. Refused for good, it is printed instead."""

from __future__ import annotations

from mail_house.email import Mailer, Message, compose_email
from mail_house.errors import Misconfigured, Permanent, Retryable, UnknownOutcome
from statement_builder.batch.recipients import read_recipients
from statement_builder.batch.service import Service
from statement_builder.billing.selection import Channel
from statement_builder.documents import Recipient
from statement_builder.errors import InvariantError
from statement_builder.ledger import Batch, Delivery, DeliveryState, Document, DocumentState

RETRYABLE_IN_A_ROW_MAX = 3
"""After so many refusals "for now" one after the other it is the server, not the message: the rest waits."""


def send_emails(service: Service, batch: Batch) -> None:
    """Send every e-mail of the batch that is not out yet.

    A message that was put off waits for a re-run, and the rest goes on: `Retryable` at the end says so. It is raised
    at once when the server itself puts everything off, and when it is the set-up that has to be mended.
    """
    put_off = in_a_row = 0
    last: Retryable | None = None
    shards = service.ledger.shards(batch.batch_id)
    for shard in shards:
        waiting = service.ledger.documents(
            batch.batch_id, channel=Channel.EMAIL, state=DocumentState.RENDERED, sequence=shard.sequence
        )
        unclaimed = [document for document in waiting if document.delivery_state is None]
        if not unclaimed:
            continue
        recipients = read_recipients(service, shard, unclaimed)
        with service.open_mailer() as mailer:
            for document in unclaimed:
                delivery = service.ledger.claim_email(
                    document.document_id, vendor=service.settings.email.partition(":")[0], at=service.now()
                )
                if not delivery.is_new:
                    raise InvariantError(f"document {document.document_id} is in somebody else's hands: run it again")
                try:
                    _send(service, mailer, document, delivery, recipients[document.document_id])
                    in_a_row = 0
                except Misconfigured:
                    raise
                except Retryable as exc:
                    put_off, in_a_row, last = put_off + 1, in_a_row + 1, exc
                    if in_a_row >= RETRYABLE_IN_A_ROW_MAX:
                        raise
    if last is not None:
        raise Retryable(f"{put_off} e-mails were put off: {last}") from last


def settle_emails(service: Service, batch: Batch) -> None:
    """Find out what became of the e-mails that an earlier run began to send and did not see through."""
    for shard in service.ledger.shards(batch.batch_id):
        open_documents = [
            document
            for document in service.ledger.documents(
                batch.batch_id, channel=Channel.EMAIL, state=DocumentState.RENDERED, sequence=shard.sequence
            )
            if document.delivery_state in {DeliveryState.CLAIMED, DeliveryState.COMMITTING}
        ]
        if not open_documents:
            continue
        recipients = read_recipients(service, shard, open_documents)
        with service.open_mailer() as mailer:
            for document in open_documents:
                _settle(service, mailer, document, recipients[document.document_id])


def _settle(service: Service, mailer: Mailer, document: Document, recipient: Recipient) -> None:
    """What did not leave is given back: it is looked at a second time, and sent as a new attempt."""
    delivery = service.ledger.deliveries(document.document_id)[-1]
    if delivery.state is DeliveryState.CLAIMED:
        _mark(service, delivery, DeliveryState.FAILED, {"evidence": "Interrupted before anything was handed over."})
        return
    try:
        receipt = mailer.find(_message(service, document, delivery, recipient))
    except UnknownOutcome as exc:
        _mark(service, delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
        return
    if receipt is None:
        _mark(service, delivery, DeliveryState.FAILED, {"evidence": "Looked for it: it is not there."})
    else:
        _mark(service, delivery, DeliveryState.SENT, {"reference": receipt.reference, **receipt.detail})


def _send(service: Service, mailer: Mailer, document: Document, delivery: Delivery, recipient: Recipient) -> None:
    _mark(service, delivery, DeliveryState.COMMITTING, None)
    try:
        receipt = mailer.send(_message(service, document, delivery, recipient))
    except Retryable as exc:
        _mark(service, delivery, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    except Permanent as exc:
        _mark(service, delivery, DeliveryState.FAILED, {"evidence": str(exc)})
        service.ledger.change_channel(
            document.document_id, Channel.PRINT, actor=service.actor, at=service.now(), why=str(exc)
        )
        return
    except UnknownOutcome as exc:
        _mark(service, delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
        return
    _mark(service, delivery, DeliveryState.SENT, {"reference": receipt.reference, **receipt.detail})


def _message(service: Service, document: Document, delivery: Delivery, recipient: Recipient) -> Message:
    """The same message whenever it is made: dated with its claim, numbered with its attempt.

    Raises `Permanent` where none can be made, in a language that e-mail has no texts in, say.
    """
    try:
        return compose_email(
            document_id=document.document_id,
            attempt=delivery.attempt,
            to=recipient.email,
            language=document.language,
            hospital_name=service.facility.name,
            portal_url=service.facility.portal_url,
            phone=service.facility.phone,
            sent_at=delivery.claimed_at,
        )
    except ValueError as exc:
        raise Permanent(str(exc)) from exc


def _mark(service: Service, delivery: Delivery, state: DeliveryState, receipt: dict[str, object] | None) -> None:
    service.ledger.mark_email(delivery.delivery_id, state, receipt=receipt, at=service.now(), mailed_on=service.today())
