"""Read bounces from the bytes of a message. Never raises: an unreadable message is left for a person."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

from msgspec.structs import replace

from mail_house.bounces.arf import read_feedback
from mail_house.bounces.bounce import Bounce, BounceKind
from mail_house.bounces.heuristics import read_free_form
from mail_house.bounces.mime import Parsed, find_own_id, find_service_id
from mail_house.bounces.ses import read_notification, read_notification_mail
from mail_house.bounces.status_report import read_status_report

_READERS: tuple[Callable[[Parsed], list[Bounce] | None], ...] = (
    read_notification_mail,
    read_feedback,
    read_status_report,
    read_free_form,
)
"""The most reliable format first. Each returns None for a message in another format."""


def read(message_bytes: bytes) -> list[Bounce]:
    """Return the bounces that a message reports, one per recipient.

    `message_bytes` is an e-mail as received, or an SES notification (JSON) as queued. The list is empty only if every
    recipient was delivered; anything uncertain is `unclear`.
    """
    if message_bytes.lstrip()[:1] == b"{":
        found = read_notification(message_bytes)
        return [Bounce(kind=BounceKind.UNCLEAR)] if found is None else found
    # A zero byte is not allowed in mail (RFC 5322, 4); one in a charset name makes the parser fail.
    message: Parsed = message_from_bytes(message_bytes.replace(b"\x00", b""))
    document_id, attempt = find_own_id(message)
    origin = {"document_id": document_id, "attempt": attempt, "reference": find_service_id(message)}
    for reader in _READERS:
        if (bounces := reader(message)) is not None:
            return [each if each.document_id or each.reference else replace(each, **origin) for each in bounces]
    return [replace(Bounce(kind=BounceKind.UNCLEAR), **origin)]
