"""Amazon SES notifications: JSON as queued, wrapped by SNS, or mailed by SNS.

SES assigns each message its own id and may replace ours. A document is found by the tags the message was sent with,
by our Message-ID if it still shows, or by the SES id, which the ledger keeps.
Formats: the SES developer guide, "Amazon SNS notification contents" and "Event publishing".
"""

from __future__ import annotations

import msgspec

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind, find_status
from mail_house.bounces.mime import Parsed, header, report_parts, text_of
from mail_house.email.message import MESSAGE_ID


class _Loose(msgspec.Struct, frozen=True, rename="camel"):
    """Ignores unknown fields: SES may add or drop fields that are not read here."""


class _Recipient(_Loose, frozen=True, rename="camel"):
    email_address: str = ""
    status: str = ""
    diagnostic_code: str = ""


class _Bounce(_Loose, frozen=True, rename="camel"):
    bounce_type: str = ""
    bounced_recipients: tuple[_Recipient, ...] = ()


class _Complaint(_Loose, frozen=True, rename="camel"):
    complained_recipients: tuple[_Recipient, ...] = ()
    complaint_feedback_type: str | None = None


class _Delay(_Loose, frozen=True, rename="camel"):
    delayed_recipients: tuple[_Recipient, ...] = ()


class _Mail(_Loose, frozen=True, rename="camel"):
    message_id: str = ""
    tags: dict[str, tuple[str, ...]] = {}
    """Present only if a configuration set publishes the events."""


class _Notification(_Loose, frozen=True, rename="camel"):
    notification_type: str = ""
    event_type: str = ""
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    delivery_delay: _Delay | None = None
    mail: _Mail = _Mail()


class _Envelope(_Loose, frozen=True, rename="pascal"):
    type: str = ""
    message: str = ""


_KINDS = {"Permanent": BounceKind.HARD, "Transient": BounceKind.SOFT}
_ACCEPTED = frozenset({"Delivery", "Send"})
_NOT_A_BOUNCE = _ACCEPTED | {"Open", "Click", "Subscription"}


def read_notification(data: bytes) -> list[Bounce] | None:
    """Return the bounces of one notification; None if the JSON is not an SES notification."""
    try:
        notification, text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    bounces = _read(notification)
    if bounces is None:
        return None
    document_id, attempt = _find_document(notification.mail, text)
    origin = {"document_id": document_id, "attempt": attempt, "reference": notification.mail.message_id}
    return [msgspec.structs.replace(each, **origin) for each in bounces]


def read_accepted(data: bytes) -> Accepted | None:
    """Return the message that a queued or SNS-wrapped notification reports as accepted or delivered, else None."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        notification, text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if (notification.event_type or notification.notification_type) not in _ACCEPTED:
        return None
    document_id, attempt = _find_document(notification.mail, text)
    return Accepted(document_id=document_id, attempt=attempt, reference=notification.mail.message_id)


def _decode(data: bytes) -> tuple[_Notification, str]:
    """Return the notification, and its JSON text without the SNS envelope."""
    envelope = msgspec.json.decode(data, type=_Envelope)
    text = envelope.message if envelope.type == "Notification" else data.decode("utf-8")
    return msgspec.json.decode(text, type=_Notification), text


def _find_document(mail: _Mail, text: str) -> tuple[str, int]:
    """Return document id and attempt from our tags, else from our Message-ID if the text shows exactly one."""
    if tagged := MESSAGE_ID.fullmatch(f"{_tag(mail, 'document')}.{_tag(mail, 'attempt')}@"):
        return tagged[1].lower(), int(tagged[2])
    own = {(each[1].lower(), int(each[2])) for each in MESSAGE_ID.finditer(text)}
    return own.pop() if len(own) == 1 else ("", 0)


def _tag(mail: _Mail, name: str) -> str:
    values = mail.tags.get(name, ())
    return values[0] if len(values) == 1 else ""


def read_notification_mail(message: Parsed) -> list[Bounce] | None:
    """Read a notification in an e-mail from SNS. Text about unsubscribing may follow it."""
    if "sns.amazonaws.com" not in header(message, "From"):
        return None
    for part in report_parts(message):
        body = text_of(part).replace("\r", "").partition("\n--\n")[0].partition("\n-- \n")[0].strip()
        # Mail folds long lines. A line break is invalid inside a JSON string and has no meaning outside one.
        bounces = read_notification(body.encode()) or read_notification(body.replace("\n", "").encode())
        if bounces is not None:
            return bounces
    return [Bounce(kind=BounceKind.UNCLEAR)]


def _read(notification: _Notification) -> list[Bounce] | None:
    event = notification.event_type or notification.notification_type
    if event == "Bounce" and notification.bounce is not None:
        kind = _KINDS.get(notification.bounce.bounce_type, BounceKind.UNCLEAR)
        return [_read_recipient(each, kind) for each in notification.bounce.bounced_recipients]
    if event == "Complaint" and notification.complaint is not None:
        is_not_spam = notification.complaint.complaint_feedback_type == "not-spam"
        kind = BounceKind.UNCLEAR if is_not_spam else BounceKind.COMPLAINT
        return [_read_recipient(each, kind) for each in notification.complaint.complained_recipients]
    if event == "DeliveryDelay" and notification.delivery_delay is not None:
        delayed = notification.delivery_delay.delayed_recipients
        return [msgspec.structs.replace(_read_recipient(each, BounceKind.SOFT), still_trying=True) for each in delayed]
    return [] if event in _NOT_A_BOUNCE else None


def _read_recipient(recipient: _Recipient, kind: BounceKind) -> Bounce:
    status = find_status(recipient.status) or find_status(recipient.diagnostic_code.partition(";")[2].strip())
    return Bounce(recipient=recipient.email_address, status=status, kind=kind)
