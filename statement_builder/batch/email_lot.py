"""E-mail: one message a document, to those who consented to it. Refused for good, it is printed instead."""

from __future__ import annotations

from mail_house.email import Mailer, Message, compose_email, open_mailer
from mail_house.errors import Misconfigured, Permanent, Retryable, UnknownOutcome
from statement_builder.batch.recipients import read_recipients
from statement_builder.batch.service import Service
from statement_builder.billing.selection import Channel
from statement_builder.documents import Recipient
from statement_builder.ledger import Batch, Delivery, DeliveryState, Document, DocumentState

RETRYABLE_IN_A_ROW_MAX = 3
"""After so many refusals "for now" one after the other it is the server, not the message: the rest waits."""


def send_emails(service: Service, batch: Batch) -> None:
    """Send every e-mail of the batch that is not out yet.

    A message that was put off waits for a re-run, and the rest goes on. Raises `Retryable` when the server itself puts
    everything off, and at once when it is the set-up that has to be mended.
    """
    put_off = 0
    shards = service.ledger.shards(batch.batch_id)
    for shard in shards:
        waiting = service.ledger.documents(
            batch.batch_id, channel=Channel.EMAIL, state=DocumentState.RENDERED, sequence=shard.sequence
        )
        unclaimed = [document for document in waiting if document.delivery_state is None]
        if not unclaimed:
            continue
        recipients = read_recipients(service, shard, unclaimed)
        with _mailer(service) as mailer:
            for document in unclaimed:
                delivery = service.ledger.claim_email(
                    document.document_id, vendor=service.settings.email.partition(":")[0], at=service.now()
                )
                try:
                    _send(service, mailer, document, delivery, recipients[document.document_id])
                    put_off = 0
                except Misconfigured:
                    raise
                except Retryable:
                    put_off += 1
                    if put_off >= RETRYABLE_IN_A_ROW_MAX:
                        raise


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
        with _mailer(service) as mailer:
            for document in open_documents:
                _settle(service, mailer, document, recipients[document.document_id])


def _settle(service: Service, mailer: Mailer, document: Document, recipient: Recipient) -> None:
    delivery = service.ledger.claim_email(
        document.document_id, vendor=service.settings.email.partition(":")[0], at=service.now()
    )
    if delivery.state is DeliveryState.COMMITTING:
        try:
            receipt = mailer.find(_message(service, document, delivery, recipient))
        except UnknownOutcome as exc:
            _mark(service, delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
            return
        if receipt is not None:
            _mark(service, delivery, DeliveryState.SENT, {"reference": receipt.reference, **receipt.detail})
            return
    _send(service, mailer, document, delivery, recipient)


def _send(service: Service, mailer: Mailer, document: Document, delivery: Delivery, recipient: Recipient) -> None:
    if delivery.state is not DeliveryState.COMMITTING:
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


def _mailer(service: Service) -> Mailer:
    return open_mailer(service.settings.email, environ=service.environ)


def _mark(service: Service, delivery: Delivery, state: DeliveryState, receipt: dict[str, object] | None) -> None:
    service.ledger.mark_email(delivery.delivery_id, state, receipt=receipt, at=service.now(), mailed_on=service.today())
