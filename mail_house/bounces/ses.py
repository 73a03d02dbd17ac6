"""Notifications of Amazon SES: JSON as it is queued, wrapped by SNS, or mailed by SNS.

SES gives each message an id of its own and may put it in place of ours, so a document is found by the tags that the
message was sent with, by our own id where it still shows, or by SES's id, which the ledger keeps.
Shapes: the SES developer guide, "Amazon SNS notification contents" and "Event publishing".
"""

from __future__ import annotations

import msgspec

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind, find_status
from mail_house.bounces.mime import Parsed, header, report_parts, text_of
from mail_house.email.message import MESSAGE_ID


class _Loose(msgspec.Struct, frozen=True, rename="camel"):
    """Fields that we do not read may come and go."""


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
    """Only where events are published by a configuration set."""


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
    """The bounces of one notification; None for JSON that is none, or is not as SES writes it."""
    try:
        notification, text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    bounces = _read(notification)
    if bounces is None:
        return None
    document_id, attempt = _find_document(notification.mail, text)
    whose = {"document_id": document_id, "attempt": attempt, "reference": notification.mail.message_id}
    return [msgspec.structs.replace(each, **whose) for each in bounces]


def read_accepted(data: bytes) -> Accepted | None:
    """The message of which a notification, as it is queued or wrapped by SNS, says that SES took or delivered it."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        notification, text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if (notification.event_type or notification.notification_type) not in _ACCEPTED:
        return None
    document_id, attempt = _find_document(notification.mail, text)
    return Accepted(document_id=document_id, attempt=attempt, reference=notification.mail.message_id)


def _decode(data: bytes) -> tuple[_Notification, str]:
    """The notification, and its text without what SNS has put around it."""
    envelope = msgspec.json.decode(data, type=_Envelope)
    text = envelope.message if envelope.type == "Notification" else data.decode("utf-8")
    return msgspec.json.decode(text, type=_Notification), text


def _find_document(mail: _Mail, text: str) -> tuple[str, int]:
    """Document id and attempt, by our tags, else by our Message-ID where the text shows exactly one; else nothing."""
    if tagged := MESSAGE_ID.fullmatch(f"{_tag(mail, 'document')}.{_tag(mail, 'attempt')}@"):
        return tagged[1].lower(), int(tagged[2])
    own = {(each[1].lower(), int(each[2])) for each in MESSAGE_ID.finditer(text)}
    return own.pop() if len(own) == 1 else ("", 0)


def _tag(mail: _Mail, name: str) -> str:
    values = mail.tags.get(name, ())
    return values[0] if len(values) == 1 else ""


def read_notification_mail(message: Parsed) -> list[Bounce] | None:
    """A notification in an e-mail from SNS; below it may be words on how to leave the list."""
    if "sns.amazonaws.com" not in header(message, "From"):
        return None
    for part in report_parts(message):
        body = text_of(part).replace("\r", "").partition("\n--\n")[0].partition("\n-- \n")[0].strip()
        # Mail folds long lines; JSON knows no bare line end within a string, and no sense of one outside.
        bounces = read_notification(body.encode()) or read_notification(body.replace("\n", "").encode())
        if bounces is not None:
            return bounces
    return [Bounce(kind=BounceKind.UNCLEAR)]


def _read(notification: _Notification) -> list[Bounce] | None:
    what = notification.event_type or notification.notification_type
    if what == "Bounce" and notification.bounce is not None:
        kind = _KINDS.get(notification.bounce.bounce_type, BounceKind.UNCLEAR)
        return [_read_recipient(each, kind) for each in notification.bounce.bounced_recipients]
    if what == "Complaint" and notification.complaint is not None:
        wanted = notification.complaint.complaint_feedback_type == "not-spam"
        kind = BounceKind.UNCLEAR if wanted else BounceKind.COMPLAINT
        return [_read_recipient(each, kind) for each in notification.complaint.complained_recipients]
    if what == "DeliveryDelay" and notification.delivery_delay is not None:
        delayed = notification.delivery_delay.delayed_recipients
        return [msgspec.structs.replace(_read_recipient(each, BounceKind.SOFT), still_trying=True) for each in delayed]
    return [] if what in _NOT_A_BOUNCE else None


def _read_recipient(recipient: _Recipient, kind: BounceKind) -> Bounce:
    status = find_status(recipient.status) or find_status(recipient.diagnostic_code.partition(";")[2].strip())
    return Bounce(recipient=recipient.email_address, status=status, kind=kind)
