"""E-mail: one message a document, to those who consented to it. Refused for good, it is printed instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import tenacity

from mail_house.email import Mailer, Message, compose_email, encrypt_pdf
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import Receipt
from statement_builder.billing.selection import Channel
from statement_builder.documents import Recipient
from statement_builder.errors import ArchiveError, InvariantError, LockLost
from statement_builder.ledger import Batch, Delivery, DeliveryState, Document, DocumentState, EmailMark, Shard
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.recipients import read_recipients

RUN_MAX = 10
"""Messages that the ledger hears of in one commit. So many at most a crash leaves in doubt (ADR 12)."""
RETRYABLE_IN_A_ROW_MAX = 3
"""After so many refusals "for now" one after the other it is the server, not the message: the rest waits."""
RETRY_AFTER = timedelta(hours=24)
ROUNDS_MAX = 3
"""How often one hand-off goes through what was put off, with growing pauses; later ones are a re-run's."""


def send_emails(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Send every e-mail of these shards that is not out yet.

    A message that was put off is tried again after the rest, at once as a new attempt, since nothing was accepted.
    `Retryable` in the end says that some wait for a re-run; `Misconfigured`, at once, that the set-up has to be mended.
    """
    rounds = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ROUNDS_MAX),
        wait=tenacity.wait_exponential(multiplier=1, exp_base=3),
        retry=tenacity.retry_if_exception_type(Retryable) & tenacity.retry_if_not_exception_type(Misconfigured),
        reraise=True,
    )
    with context.open_mailer() as mailer:
        rounds(_send_once, context, batch, mailer, shards)


def _send_once(context: AppContext, batch: Batch, mailer: Mailer, shards: Sequence[Shard]) -> None:
    """One round through the shards. Stops early where the server puts off everything."""
    refused = _Refused()
    for shard in shards:
        waiting = context.ledger.waiting(batch.batch_id, channel=Channel.EMAIL, sequence=shard.sequence)
        unclaimed = [each for each in waiting if each.delivery_state is None and _is_due(context, each)]
        recipients = read_recipients(context.archive, shard, unclaimed) if unclaimed else {}
        for start in range(0, len(unclaimed), RUN_MAX):
            _send_run(context, mailer, unclaimed[start : start + RUN_MAX], recipients, refused)
    if refused.last is not None:
        raise Retryable(f"{refused.count} e-mails were put off: {refused.last}") from refused.last


@dataclass
class _Refused:
    """What the server said "for now" to, in one round."""

    count: int = 0
    in_a_row: int = 0
    last: Retryable | None = None

    def note(self, error: HandOffError | None) -> None:
        if isinstance(error, Retryable):
            self.count, self.in_a_row, self.last = self.count + 1, self.in_a_row + 1, error
        else:
            self.in_a_row = 0

    @property
    def by_the_server(self) -> bool:
        """Whether no further message has a chance now."""
        return self.in_a_row >= RETRYABLE_IN_A_ROW_MAX or isinstance(self.last, Misconfigured)


def _send_run(
    context: AppContext,
    mailer: Mailer,
    documents: Sequence[Document],
    recipients: dict[str, Recipient],
    refused: _Refused,
) -> None:
    """Claim a few messages, write down that they are about to go, send them one by one, write down what became of all.

    One that is on its way when something unforeseen happens stays `committing`: the next run settles it.
    """
    context.ledger.require_locks()
    deliveries = context.ledger.claim_emails(
        [document.document_id for document in documents],
        vendor=context.settings.email.partition(":")[0],
        at=context.now(),
    )
    for delivery in deliveries:
        if not delivery.is_new:
            raise InvariantError(f"document {delivery.document_id} is in somebody else's hands: run it again")
    _mark(context, [_mark_of(delivery, DeliveryState.COMMITTING) for delivery in deliveries])
    marks: list[EmailMark] = []
    printed: list[tuple[Document, Permanent]] = []
    begun = 0
    try:
        for document, delivery in zip(documents, deliveries, strict=True):
            begun += 1
            mark, error = _send(context, mailer, document, delivery, recipients[document.document_id])
            marks.append(mark)
            refused.note(error)
            if isinstance(error, Permanent):
                printed.append((document, error))
            if refused.by_the_server:
                break
    except LockLost:
        begun -= 1  # asked just before it was sent, so this one has not left either
        raise
    finally:
        marks += [
            _mark_of(delivery, DeliveryState.FAILED, {"evidence": "Not begun: nothing more was sent."})
            for delivery in deliveries[begun:]
        ]
        _mark(context, marks)
    for document, error in printed:
        context.ledger.change_channel(
            document.document_id, Channel.PRINT, actor=context.actor, at=context.now(), why=str(error)
        )
    if refused.by_the_server and refused.last is not None:
        raise refused.last


def _send(
    context: AppContext, mailer: Mailer, document: Document, delivery: Delivery, recipient: Recipient
) -> tuple[EmailMark, HandOffError | None]:
    try:
        message = _message(context, document, delivery, recipient, _content(context, document, recipient))
        context.ledger.require_locks()
        receipt = mailer.send(message)
    except (Retryable, Permanent) as exc:
        return _mark_of(delivery, DeliveryState.FAILED, {"evidence": str(exc)}), exc
    except UnknownOutcome as exc:
        return _mark_of(delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)}), exc
    return _mark_of(delivery, DeliveryState.SENT, _receipt(receipt)), None


def _is_due(context: AppContext, document: Document) -> bool:
    """What bounced for now is tried again after a day: few mailboxes are emptied within the hour (domain rules 8)."""
    bounced_at = document.due_since if document.state is DocumentState.HANDED_OFF else None
    return bounced_at is None or context.now() - bounced_at >= RETRY_AFTER


def settle_emails(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Find out what became of these shards' e-mails that an earlier run began to send and did not see through."""
    for shard in shards:
        open_documents = [
            document
            for document in context.ledger.waiting(batch.batch_id, channel=Channel.EMAIL, sequence=shard.sequence)
            if document.delivery_state in {DeliveryState.CLAIMED, DeliveryState.COMMITTING}
        ]
        if not open_documents:
            continue
        recipients = read_recipients(context.archive, shard, open_documents)
        with context.open_mailer() as mailer:
            for document in open_documents:
                _mark(context, [_settle(context, mailer, document, recipients[document.document_id])])


def _settle(context: AppContext, mailer: Mailer, document: Document, recipient: Recipient) -> EmailMark:
    """What did not leave is given back: it is looked at a second time, and sent as a new attempt."""
    delivery = context.ledger.deliveries(document.document_id)[-1]
    if delivery.state is DeliveryState.CLAIMED:
        evidence = "Interrupted before anything was handed over."
        return _mark_of(delivery, DeliveryState.FAILED, {"evidence": evidence})
    try:
        receipt = mailer.find(_message(context, document, delivery, recipient, {}))
    except UnknownOutcome as exc:
        return _mark_of(delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
    except Permanent as exc:  # it could not be made, or its name is taken: it has not gone
        return _mark_of(delivery, DeliveryState.FAILED, {"evidence": str(exc)})
    if receipt is None:
        return _mark_of(delivery, DeliveryState.FAILED, {"evidence": "Looked for it: it is not there."})
    return _mark_of(delivery, DeliveryState.SENT, _receipt(receipt))


def _message(
    context: AppContext, document: Document, delivery: Delivery, recipient: Recipient, content: dict[str, Any]
) -> Message:
    """The same message whenever it is made: dated with its claim, numbered with its attempt.

    Raises `Permanent` where none can be made, in a language that e-mail has no texts in, say.
    """
    try:
        return compose_email(
            document_id=document.document_id,
            attempt=delivery.attempt,
            to=recipient.email,
            language=document.language,
            hospital_name=context.facility.name,
            portal_url=context.facility.portal_url,
            phone=context.facility.phone,
            sent_at=delivery.claimed_at,
            **content,
        )
    except ValueError as exc:
        raise Permanent(str(exc)) from exc


def _content(context: AppContext, document: Document, recipient: Recipient) -> dict[str, Any]:
    """What the message brings beside the news, as `mail.email_content` says.

    Raises `Permanent` for a recipient who has chosen no secret, or one that others may know: then it is printed.
    Raises `Retryable` where the archive does not do its part: nothing has been said to the mail server yet.
    """
    mail = context.settings.mail
    try:
        if mail.email_content == "attachment":
            return {"encrypted_pdf": encrypt_pdf(read_archived(context, document), recipient.email_secret)}
        if mail.email_content == "archive-link":
            # A pack holds a thousand people's documents; what is linked to is a copy of this one alone.
            key = f"links/{document.document_id}.pdf"
            context.archive.put(key, read_archived(context, document), sha256=document.sha256)
            link = context.archive.link(key, expires_s=mail.email_link_days * 86_400)
            return {"archive_link": link, "archive_link_days": mail.email_link_days}
    except ValueError as exc:
        raise Permanent(f"document {document.document_id}: {exc}") from exc
    except ArchiveError as exc:
        raise Retryable(str(exc)) from exc
    return {}


def _mark_of(delivery: Delivery, state: DeliveryState, receipt: dict[str, object] | None = None) -> EmailMark:
    return EmailMark(delivery_id=delivery.delivery_id, state=state, receipt=receipt)


def _mark(context: AppContext, marks: Sequence[EmailMark]) -> None:
    context.ledger.mark_emails(marks, at=context.now(), mailed_on=context.today())


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, **receipt.detail}
