"""Read bounces from the bytes of a message. Never raises: an unreadable message is left for a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes

from msgspec.structs import replace

from mail_house.bounces.arf import read_feedback
from mail_house.bounces.bounce import Bounce, BounceKind
from mail_house.bounces.heuristics import read_free_form
from mail_house.bounces.mime import Parsed, find_own_id, find_service_id, header, report_parts, text_of
from mail_house.bounces.ses import read_notification, read_notification_mail
from mail_house.bounces.status_report import read_status_report
from mail_house.limits import LimitExceeded, check_message

_READERS: tuple[Callable[[Parsed], list[Bounce] | None], ...] = (
    read_notification_mail,
    read_feedback,
    read_status_report,
    read_free_form,
)
"""The most reliable format first. Each returns None for a message in another format."""
_DEATH = re.compile(
    r"\b(?:deceased|passed away|(?:has|have|had) died|died (?:on|in|at|last|this)|death (?:certificate|of)|"
    r"estate of|no longer (?:living|alive|with us)|fallecid[oa]|falleci[oó]|difunt[oa])\b",
    re.IGNORECASE,
)
"""Words about a death, in English and Spanish. A person must read such a message, whatever its status code says."""


def read(message_bytes: bytes) -> list[Bounce]:
    """Return the bounces that a message reports, one per recipient.

    `message_bytes` is an e-mail as received, or an SES notification (JSON) as queued. The list is empty only if every
    recipient was delivered; anything uncertain is `unclear`, and so is a message that exceeds `mail_house.limits`.
    """
    try:
        check_message(message_bytes)
    except LimitExceeded:
        return [Bounce(kind=BounceKind.UNCLEAR)]
    return _read(message_bytes)


def _read(message_bytes: bytes) -> list[Bounce]:
    if message_bytes.lstrip()[:1] == b"{":
        found = read_notification(message_bytes)
        if found is None:
            return [Bounce(kind=BounceKind.UNCLEAR)]
        return _ask_a_person(found) if _DEATH.search(message_bytes.decode("utf-8", "replace")) else found
    # A zero byte is not allowed in mail (RFC 5322, 4); one in a charset name makes the parser fail.
    message: Parsed = message_from_bytes(message_bytes.replace(b"\x00", b""))
    document_id, attempt = find_own_id(message)
    origin = {"document_id": document_id, "attempt": attempt, "reference": find_service_id(message)}
    for reader in _READERS:
        if (bounces := reader(message)) is not None:
            if mentions_death(message):
                bounces = _ask_a_person(bounces)
            return [each if each.document_id or each.reference else replace(each, **origin) for each in bounces]
    return [replace(Bounce(kind=BounceKind.UNCLEAR), **origin)]


def _ask_a_person(bounces: list[Bounce]) -> list[Bounce]:
    return [replace(each, kind=BounceKind.UNCLEAR, still_trying=False) for each in bounces]


def mentions_death(message: Parsed) -> bool:
    """Whether the sender's own words, without the message that it returns, may say that the recipient has died. The
    service must then not mail the same bill on paper before a person has read the message."""
    texts = [header(message, "Subject")]
    texts += [text_of(part) for part in report_parts(message) if part.get_content_maintype() in {"text", "message"}]
    return any(_DEATH.search(" ".join(text.split())) for text in texts)
