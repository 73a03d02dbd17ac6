"""Amazon SES notifications: JSON as queued, wrapped by SNS, or mailed by SNS.

SES assigns each message its own id and may replace ours. A document is found by the tags the message was sent with, or
by the SES id, which the ledger keeps. Other texts in a notification are not ours: it repeats headers that a sender
chose and replies of servers, and either can quote the id of another e-mail.
Formats: the SES developer guide, "Amazon SNS notification contents" and "Event publishing".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from mail_house.bounces.bounce import Accepted, Bounce, BounceKind, find_status, kind_of
from mail_house.bounces.mime import Parsed, address_in, report_parts, text_of
from mail_house.bounces.own_id import OwnId, pick_own_id
from mail_house.bounces.sns import Notification, decode_notification


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


class _Event(_Loose, frozen=True, rename="camel"):
    notification_type: str = ""
    event_type: str = ""
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    delivery_delay: _Delay | None = None
    mail: _Mail = _Mail()


_KINDS = {"Permanent": BounceKind.HARD, "Transient": BounceKind.SOFT}
_STATUS_OF = {BounceKind.HARD: "5.0.0", BounceKind.SOFT: "4.0.0"}
"""What a bounce without a status code says."""
_ADDRESS_SUBTYPES = frozenset({"NoEmail", "Suppressed", "OnAccountSuppressionList"})
"""SES itself found the address to be the reason, so no server's reply is needed."""
_SENDER_SUBTYPES = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
_ACCEPTED = frozenset({"Delivery", "Send"})
_NOT_A_BOUNCE = _ACCEPTED | {"Open", "Click", "Subscription"}


class Notice(NamedTuple):
    """One text of Amazon SES. What proves it and what it says come from the same bytes."""

    envelope: Notification | None
    """What SNS signed, around the text. None if SES's JSON was stored without it."""
    text: bytes
    """SES's own JSON, or whatever is in its place."""


def open_notice(data: bytes) -> Notice:
    """Take a JSON text out of its SNS envelope, if it has one."""
    envelope = decode_notification(data)
    return Notice(envelope, data if envelope is None else envelope.message.encode("utf-8", "replace"))


def find_mailed_notice(message: Parsed) -> Notice | None:
    """Return the first JSON object in an e-mail from SNS, None if there is none. Text about unsubscribing may follow
    it."""
    return next((open_notice(body) for body in _bodies(message) if _is_object(body)), None)


def read_bounces(notice: Notice) -> list[Bounce]:
    """Return the bounces that a notice reports. Unclear if it is not one that SES sends."""
    event = _decode(notice.text)
    bounces = None if event is None else _read(event)
    if event is None or bounces is None:
        return [Bounce(kind=BounceKind.UNCLEAR)]
    origin = {**_find_own_id(event.mail)._asdict(), "reference": event.mail.message_id}
    (addressee,) = event.mail.destination if len(event.mail.destination) == 1 else ("",)
    return [msgspec.structs.replace(each, written_to=addressee, **origin) for each in bounces]


def read_accepted(notice: Notice) -> Accepted | None:
    """Return the message that a notice reports as accepted or delivered, else None."""
    event = _decode(notice.text)
    what = "" if event is None else event.event_type or event.notification_type
    if event is None or what not in _ACCEPTED:
        return None
    return Accepted(
        **_find_own_id(event.mail)._asdict(),
        reference=event.mail.message_id,
        recipients=event.mail.destination,
        is_delivered=what == "Delivery",
    )


def _decode(text: bytes) -> _Event | None:
    try:
        return msgspec.json.decode(text, type=_Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _find_own_id(mail: _Mail) -> OwnId:
    """Return our id from the tags. The caller of SES sets them, and nobody else."""
    found = pick_own_id([f"{_tag(mail, 'document')}.{_tag(mail, 'attempt')}@"])
    return found._replace(token=_tag(mail, "token").lower()) if found.document_id else found


def _tag(mail: _Mail, name: str) -> str:
    values = mail.tags.get(name, ())
    return values[0] if len(values) == 1 else ""


def is_mailed_by_sns(message: Parsed) -> bool:
    """Whether the message says that SNS sent it. The sender's domain is compared as a whole."""
    return address_in(message, "From").rpartition("@")[2].lower() == "sns.amazonaws.com"


def _bodies(message: Parsed) -> Iterator[bytes]:
    """Yield each text of the message that may be JSON: as it is, and without the line breaks that mail adds. A line
    break is invalid inside a JSON string and has no meaning outside one."""
    for part in report_parts(message):
        body = text_of(part).replace("\r", "").partition("\n--\n")[0].partition("\n-- \n")[0].strip()
        yield body.encode("utf-8", "replace")
        yield body.replace("\n", "").encode("utf-8", "replace")


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _read(notification: _Event) -> list[Bounce] | None:
    event = notification.event_type or notification.notification_type
    if event == "Bounce" and notification.bounce is not None:
        kind = _KINDS.get(notification.bounce.bounce_type, BounceKind.UNCLEAR)
        if notification.bounce.bounce_sub_type in _SENDER_SUBTYPES:
            kind = BounceKind.SENDER
        recipients = notification.bounce.bounced_recipients
        if notification.bounce.bounce_sub_type in _ADDRESS_SUBTYPES:
            return [
                Bounce(recipient=each.email_address, status=find_status(each.status), kind=kind) for each in recipients
            ]
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
    said = kind_of(status or _STATUS_OF.get(kind, ""), diagnostic)
    if kind in {BounceKind.HARD, BounceKind.SOFT} and said is BounceKind.SENDER:
        kind = BounceKind.SENDER
    return Bounce(recipient=recipient.email_address, status=status, kind=kind)
