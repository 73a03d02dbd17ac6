"""E-mail delivery: one message per document. A document whose address is refused permanently is printed instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import tenacity

from mail_house.email import Mailer, Message, compose_email
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import Receipt
from statement_builder.billing.selection import Channel
from statement_builder.containment import contain
from statement_builder.documents import Recipient
from statement_builder.errors import ArchiveError, DocumentsWithheld, InvariantError, LockLost
from statement_builder.ledger import Batch, Delivery, DeliveryState, Document, DocumentState, EmailMark, Shard
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email.email_attachments import Attachments
from statement_builder.pipeline.email.email_stop import (
    EMAIL_ATTEMPTS_MAX,
    SENDER_FAULTS_MAX,
    SOFT_BOUNCE_RETRY_AFTER,
    Refusals,
    explain_refusals,
    explain_stop,
    explain_vague,
    is_email_stopped,
)
from statement_builder.pipeline.email.reading_time import read_last_days
from statement_builder.pipeline.portal import is_on_portal
from statement_builder.pipeline.recipients import read_recipients

EMAILS_PER_COMMIT = 10
"""Messages recorded in one ledger commit, and so the most that a crash can leave uncertain (ADR 12)."""
SEND_ATTEMPTS_MAX = 3
"""How often one hand-off tries deferred messages, with growing pauses. After that, a re-run sends them."""


def send_emails(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Send every e-mail of these shards that is not sent yet.

    A deferred message is tried again after the others, as a new attempt, because nothing was accepted. Raises
    `Retryable` at the end when some still wait for a re-run, and `Misconfigured` immediately.
    """
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(SEND_ATTEMPTS_MAX),
        wait=tenacity.wait_exponential(multiplier=1, exp_base=3),
        retry=tenacity.retry_if_exception_type(Retryable) & tenacity.retry_if_not_exception_type(Misconfigured),
        reraise=True,
    )
    with context.open_mailer() as mailer:
        retrying(_send_pending, context, batch, mailer, shards)


def _send_pending(context: AppContext, batch: Batch, mailer: Mailer, shards: Sequence[Shard]) -> None:
    """Send each unclaimed e-mail once. Stops early when the server defers everything, or refuses us."""
    refusals = Refusals()
    _print_hidden(context, batch, shards)
    attachments = _open_attachments(context, batch, shards)
    is_stopped = is_email_stopped(context)
    if not is_stopped:
        _print_exhausted(context, batch, shards)
    for shard in shards:
        unclaimed = _find_unclaimed(context, batch, shard)
        if is_stopped:  # what bounced waits quietly, and a new lot does not start
            unclaimed = [each for each in unclaimed if each.state is not DocumentState.HANDED_OFF]
            if unclaimed:
                raise Misconfigured(explain_stop(context))
        recipients = read_recipients(context.archive, shard, unclaimed) if unclaimed else {}
        read_by = read_last_days(context, batch, shard, unclaimed) if unclaimed else {}
        if attachments and unclaimed:
            attachments.load(shard, unclaimed)
        for start in range(0, len(unclaimed), EMAILS_PER_COMMIT):
            group = unclaimed[start : start + EMAILS_PER_COMMIT]
            _send_group(
                context,
                mailer,
                group,
                recipients=recipients,
                attachments=attachments,
                refusals=refusals,
                read_by=read_by,
            )
    _print_refused(context, refusals)
    if refusals.last is not None:
        raise Retryable(f"{refusals.count} e-mails were deferred: {refusals.last}") from refusals.last


def _find_unclaimed(context: AppContext, batch: Batch, shard: Shard) -> list[Document]:
    waiting = context.ledger.documents.pending(batch.batch_id, channel=Channel.EMAIL, sequence=shard.sequence)
    return [each for each in waiting if each.delivery_state is None and _is_due(context, each)]


def _open_attachments(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> Attachments | None:
    """What encrypts the attachments of these shards. None if e-mails have none, or none is waiting."""
    if context.settings.mail.email_content != "attachment":
        return None
    guarantor_ids = {each.guarantor_id for shard in shards for each in _find_unclaimed(context, batch, shard)}
    return Attachments(context, batch, guarantor_ids) if guarantor_ids else None


def _print_hidden(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Print what the portal never shows to its reader: an e-mail with a link to the portal would lead nowhere."""
    settings = context.settings
    if not settings.portal or settings.mail.email_content != "portal":
        return
    for shard in shards:
        for document in _find_unclaimed(context, batch, shard):
            if not is_on_portal(settings, document):
                _switch_to_print(context, document, "the portal does not show it")


def _print_exhausted(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Print the few documents whose e-mail bounced because of us as often as it is tried. Many at once are a fault of
    the setup, and are e-mailed again."""
    bounced = context.ledger.redeliveries.sender_faults(batch.batch_id)
    exhausted = [
        document
        for shard in (shards if bounced else ())
        for document in context.ledger.documents.pending(batch.batch_id, channel=Channel.EMAIL, sequence=shard.sequence)
        if document.document_id in bounced and _is_due(context, document) and _is_exhausted(context, document)
    ]
    if len(exhausted) < SENDER_FAULTS_MAX:
        for document in exhausted:
            _switch_to_print(context, document, f"{EMAIL_ATTEMPTS_MAX} e-mails bounced because of the sender")


def _is_exhausted(context: AppContext, document: Document) -> bool:
    attempts = context.ledger.deliveries.for_document(document.document_id)
    return sum(each.state is DeliveryState.BOUNCED for each in attempts) >= EMAIL_ATTEMPTS_MAX


def _print_refused(context: AppContext, refusals: Refusals) -> None:
    """Print the few that a server refused because of us, or without a reason, while it accepted the others: one
    recipient's policy, or one message that is too large. If it accepted none, the setup is at fault."""
    because_of_us, vague = refusals.because_of_us, refusals.vague
    if because_of_us and not refusals.accepted:
        raise explain_refusals(len(because_of_us), because_of_us[-1][1])
    if len(vague) > 1 and not refusals.accepted:
        raise explain_vague(len(vague), vague[-1][1])
    for document, error in (*because_of_us, *vague):
        _switch_to_print(context, document, str(error))


def _switch_to_print(context: AppContext, document: Document, why: str) -> None:
    context.ledger.documents.change_channel(
        document.document_id, Channel.PRINT, actor=context.actor, at=context.now(), why=why
    )


def _send_group(
    context: AppContext,
    mailer: Mailer,
    documents: Sequence[Document],
    *,
    recipients: dict[str, Recipient],
    attachments: Attachments | None,
    refusals: Refusals,
    read_by: Mapping[str, date],
) -> None:
    """Claim a few messages, record that sending starts, send them one by one, then record every result.

    A message that is being sent when an unexpected error occurs stays `committing`; the next run reconciles it.
    """
    documents, deliveries = _claim(context, documents, read_by)
    _record(context, [_mark(delivery, DeliveryState.COMMITTING) for delivery in deliveries])
    marks: list[EmailMark] = []
    refused: list[tuple[Document, Permanent]] = []
    started = 0
    stop: Retryable | None = None
    try:
        for document, delivery in zip(documents, deliveries, strict=True):
            started += 1
            mark, error = _send(context, mailer, document, delivery, recipients=recipients, attachments=attachments)
            marks.append(mark)
            refusals.record(document, error)
            if isinstance(error, Permanent) and not error.is_vague:
                refused.append((document, error))
            if stop := refusals.find_stop(error):
                break
    except LockLost:
        started -= 1  # the lock is checked just before the message is sent, so this one was not sent
        raise
    finally:
        marks += [
            _mark(delivery, DeliveryState.FAILED, {"evidence": "Not started: sending stopped before this message."})
            for delivery in deliveries[started:]
        ]
        _record(context, marks)
    for document, error in refused:
        _switch_to_print(context, document, str(error))
    if stop is not None:
        raise stop


def _claim(
    context: AppContext, documents: Sequence[Document], read_by: Mapping[str, date]
) -> tuple[Sequence[Document], Sequence[Delivery]]:
    """Claim these documents, without any that was withheld since they were read. `read_by`: the last days to open
    them."""
    context.ledger.require_locks()
    while documents:
        try:
            deliveries = context.ledger.emails.claim(
                [document.document_id for document in documents],
                vendor=context.settings.email.partition(":")[0],
                at=context.now(),
                read_by=read_by,
            )
        except DocumentsWithheld as exc:
            documents = [document for document in documents if document.document_id not in exc.document_ids]
            continue
        for delivery in deliveries:
            if not delivery.is_new:
                raise InvariantError(f"document {delivery.document_id} is claimed by another process: run it again")
        return documents, deliveries
    return (), ()


def _send(
    context: AppContext,
    mailer: Mailer,
    document: Document,
    delivery: Delivery,
    *,
    recipients: Mapping[str, Recipient],
    attachments: Attachments | None,
) -> tuple[EmailMark, HandOffError | None]:
    """An e-mail that our own program fails on is printed if it was not sent, and uncertain if it may have been."""
    try:
        recipient = recipients[document.document_id]
        message = _message(context, document, delivery, recipient, _content(context, document, attachments))
    except (Retryable, Permanent) as exc:
        return _mark(delivery, DeliveryState.FAILED, {"evidence": str(exc)}), exc
    except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
        refused = Permanent(contain(exc, "composing this e-mail", document.document_id).message)
        return _mark(delivery, DeliveryState.FAILED, {"evidence": str(refused)}), refused
    context.ledger.require_locks()
    try:
        receipt = mailer.send(message)
    except (Retryable, Permanent) as exc:
        return _mark(delivery, DeliveryState.FAILED, {"evidence": str(exc)}), exc
    except UnknownOutcome as exc:
        return _mark(delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)}), exc
    except Exception as exc:  # noqa: BLE001 - as above
        unknown = UnknownOutcome(contain(exc, "sending this e-mail", document.document_id).message)
        return _mark(delivery, DeliveryState.UNCERTAIN, {"evidence": str(unknown)}), unknown
    return _mark(delivery, DeliveryState.SENT, _to_json(receipt)), None


def _is_due(context: AppContext, document: Document) -> bool:
    """A soft bounce is retried after a day, because few mailboxes are emptied within the hour."""
    bounced_at = document.due_since if document.state is DocumentState.HANDED_OFF else None
    return bounced_at is None or context.now() - bounced_at >= SOFT_BOUNCE_RETRY_AFTER


def reconcile_emails(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Find out whether e-mails of these shards were sent that an interrupted run left claimed or committing."""
    for shard in shards:
        open_documents = [
            document
            for document in context.ledger.documents.pending(
                batch.batch_id, channel=Channel.EMAIL, sequence=shard.sequence
            )
            if document.delivery_state in {DeliveryState.CLAIMED, DeliveryState.COMMITTING}
        ]
        if not open_documents:
            continue
        recipients = read_recipients(context.archive, shard, open_documents)
        with context.open_mailer() as mailer:
            for document in open_documents:
                _record(context, [_reconcile(context, mailer, document, recipients)])


def _reconcile(
    context: AppContext, mailer: Mailer, document: Document, recipients: Mapping[str, Recipient]
) -> EmailMark:
    """The result of an interrupted delivery. A message that was not sent is rechecked and sent as a new attempt."""
    delivery = context.ledger.deliveries.for_document(document.document_id)[-1]
    if delivery.state is DeliveryState.CLAIMED:
        return _mark(delivery, DeliveryState.FAILED, {"evidence": "Interrupted before anything was sent."})
    try:
        receipt = mailer.find(_message(context, document, delivery, recipients[document.document_id], {}))
    except UnknownOutcome as exc:
        return _mark(delivery, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
    except Permanent as exc:  # it could not be composed, or its file name is taken: it was not sent
        return _mark(delivery, DeliveryState.FAILED, {"evidence": str(exc)})
    except Retryable:
        raise
    except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
        problem = contain(exc, "looking for this e-mail", document.document_id)
        return _mark(delivery, DeliveryState.UNCERTAIN, {"evidence": problem.message})
    if receipt is None:
        return _mark(delivery, DeliveryState.FAILED, {"evidence": "Looked up and not found."})
    return _mark(delivery, DeliveryState.SENT, _to_json(receipt))


def _message(
    context: AppContext, document: Document, delivery: Delivery, recipient: Recipient, content: dict[str, Any]
) -> Message:
    """Compose the message. The result depends only on the document and the attempt, so a retry has the same id.

    Raises `Permanent` when it cannot be composed, for example in a language without e-mail texts.
    """
    facility = context.facility.for_language(document.language)
    try:
        return compose_email(
            document_id=document.document_id,
            attempt=delivery.attempt,
            to=recipient.email,
            language=document.language,
            hospital_name=facility.name,
            portal_url=facility.portal_url,
            phone=facility.phone,
            sent_at=delivery.claimed_at,
            **content,
        )
    except ValueError as exc:
        raise Permanent(str(exc)) from exc


def _content(context: AppContext, document: Document, attachments: Attachments | None) -> dict[str, Any]:
    """The attachment or link that `mail.email_content` asks for, as arguments of `compose_email`.

    Raises as `Attachments.encrypt` does, and `Retryable` when the archive fails: the mail server has not been contacted
    yet.
    """
    mail = context.settings.mail
    if attachments:
        return {"encrypted_pdf": attachments.encrypt(document)}
    try:
        if mail.email_content == "archive-link":
            # A pack has a thousand people's documents, so link to a copy of this one.
            key = f"links/{document.document_id}.pdf"
            context.archive.put(key, read_archived(context, document), sha256=document.sha256)
            link = context.archive.link(key, expires_s=mail.email_link_days * 86_400)
            return {"archive_link": link, "archive_link_days": mail.email_link_days}
    except ArchiveError as exc:
        raise Retryable(str(exc)) from exc
    return {}


def _mark(delivery: Delivery, state: DeliveryState, receipt: dict[str, object] | None = None) -> EmailMark:
    return EmailMark(delivery_id=delivery.delivery_id, state=state, receipt=receipt)


def _record(context: AppContext, marks: Sequence[EmailMark]) -> None:
    context.ledger.emails.mark(marks, at=context.now(), mailed_on=context.today())


def _to_json(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, **receipt.detail}
