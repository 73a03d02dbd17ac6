"""Amazon SES notifications: JSON as queued, wrapped by SNS, or mailed by SNS.

SES assigns each message its own id and may replace ours. A document is found by the tags the message was sent with,
by our Message-ID if it still shows, or by the SES id, which the ledger keeps.
Formats: the SES developer guide, "Amazon SNS notification contents" and "Event publishing".
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind, find_status, kind_of
from mail_house.bounces.mime import Parsed, address_in, report_parts, text_of
from mail_house.bounces.own_id import OwnId, pick_own_id


class _Loose(msgspec.Struct, frozen=True, rename="camel"):
    """Ignores unknown fields: SES may add or drop fields that are not read here."""


class _Recipient(_Loose, frozen=True, rename="camel"):
    email_address: str = ""
    status: str = ""
    diagnostic_code: str = ""


class _Bounce(_Loose, frozen=True, rename="camel"):
    bounce_type: str = ""
    bounce_sub_type: str = ""
    bounced_recipients: tuple[_Recipient, ...] = ()


class _Complaint(_Loose, frozen=True, rename="camel"):
    complained_recipients: tuple[_Recipient, ...] = ()
    complaint_feedback_type: str | None = None


class _Delay(_Loose, frozen=True, rename="camel"):
    delayed_recipients: tuple[_Recipient, ...] = ()


class _Mail(_Loose, frozen=True, rename="camel"):
    message_id: str = ""
    destination: tuple[str, ...] = ()
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
_SENDER_SUBTYPES = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
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
    origin = {**_find_own_id(notification.mail, text)._asdict(), "reference": notification.mail.message_id}
    return [msgspec.structs.replace(each, **origin) for each in bounces]


def read_accepted_notification(data: bytes) -> Accepted | None:
    """Return the message that a queued or SNS-wrapped notification reports as accepted or delivered, else None."""
    try:
        notification, text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    event = notification.event_type or notification.notification_type
    if event not in _ACCEPTED:
        return None
    return Accepted(
        **_find_own_id(notification.mail, text)._asdict(),
        reference=notification.mail.message_id,
        recipients=notification.mail.destination,
        is_delivered=event == "Delivery",
    )


def _decode(data: bytes) -> tuple[_Notification, str]:
    """Return the notification, and its JSON text without the SNS envelope."""
    envelope = msgspec.json.decode(data, type=_Envelope)
    text = envelope.message if envelope.type == "Notification" else data.decode("utf-8")
    return msgspec.json.decode(text, type=_Notification), text


def _find_own_id(mail: _Mail, text: str) -> OwnId:
    """Return our id from the tags, else from our Message-ID if the text shows exactly one."""
    tagged = pick_own_id([f"{_tag(mail, 'document')}.{_tag(mail, 'attempt')}@"])
    if not tagged.document_id:
        return pick_own_id([text])
    return tagged._replace(token=_tag(mail, "token").lower())


def _tag(mail: _Mail, name: str) -> str:
    values = mail.tags.get(name, ())
    return values[0] if len(values) == 1 else ""


def read_notification_mail(message: Parsed) -> list[Bounce] | None:
    """Read a notification in an e-mail from SNS. Text about unsubscribing may follow it."""
    if not is_mailed_by_sns(message):
        return None
    for body in mailed_notifications(message):
        if (bounces := read_notification(body)) is not None:
            return bounces
    return [Bounce(kind=BounceKind.UNCLEAR)]


def is_mailed_by_sns(message: Parsed) -> bool:
    """Whether the message says that SNS sent it. The sender's domain is compared as a whole."""
    return address_in(message, "From").rpartition("@")[2].lower() == "sns.amazonaws.com"


def mailed_notifications(message: Parsed) -> Iterator[bytes]:
    """Yield each text of the message that may be JSON: as it is, and without the line breaks that mail adds. A line
    break is invalid inside a JSON string and has no meaning outside one."""
    for part in report_parts(message):
        body = text_of(part).replace("\r", "").partition("\n--\n")[0].partition("\n-- \n")[0].strip()
        yield body.encode()
        yield body.replace("\n", "").encode()


def _read(notification: _Notification) -> list[Bounce] | None:
    event = notification.event_type or notification.notification_type
    if event == "Bounce" and notification.bounce is not None:
        kind = _KINDS.get(notification.bounce.bounce_type, BounceKind.UNCLEAR)
        if notification.bounce.bounce_sub_type in _SENDER_SUBTYPES:
            kind = BounceKind.SENDER
        recipients = notification.bounce.bounced_recipients
        if (notification.bounce.bounce_type, notification.bounce.bounce_sub_type) == ("Transient", "General"):
            return [_read_general(each) for each in recipients]
        return [_read_recipient(each, kind) for each in recipients]
    if event == "Complaint" and notification.complaint is not None:
        is_not_spam = notification.complaint.complaint_feedback_type == "not-spam"
        kind = BounceKind.UNCLEAR if is_not_spam else BounceKind.COMPLAINT
        return [_read_recipient(each, kind) for each in notification.complaint.complained_recipients]
    if event == "DeliveryDelay" and notification.delivery_delay is not None:
        delayed = notification.delivery_delay.delayed_recipients
        return [msgspec.structs.replace(_read_recipient(each, BounceKind.SOFT), still_trying=True) for each in delayed]
    return [] if event in _NOT_A_BOUNCE else None


def _read_general(recipient: _Recipient) -> Bounce:
    """SES reports an absence notice as a general transient bounce, without a server's reply (SES developer guide,
    "Bounce types")."""
    has_reply = recipient.status or recipient.diagnostic_code
    return _read_recipient(recipient, BounceKind.SOFT if has_reply else BounceKind.UNCLEAR)


def _read_recipient(recipient: _Recipient, kind: BounceKind) -> Bounce:
    diagnostic = recipient.diagnostic_code.partition(";")[2].strip()
    status = find_status(recipient.status) or find_status(diagnostic)
    if kind in {BounceKind.HARD, BounceKind.SOFT} and kind_of(status, diagnostic) is BounceKind.SENDER:
        kind = BounceKind.SENDER
    return Bounce(recipient=recipient.email_address, status=status, kind=kind)
