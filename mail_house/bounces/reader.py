"""Reads bounces from the bytes of a message. Never raises: an unreadable message is left for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mail_house.bounces.arf import read_feedback
from mail_house.bounces.bounce import Accepted, Bounce, BounceKind
from mail_house.bounces.heuristics import read_free_form
from mail_house.bounces.mime import (
    Parsed,
    decode_enclosed,
    find_addressee,
    find_own_id,
    find_service_id,
    header,
    parse,
    report_parts,
    text_of,
)
from mail_house.bounces.ses import (
    Notice,
    find_mailed_notice,
    is_mailed_by_sns,
    open_notice,
    read_accepted,
    read_bounces,
)
from mail_house.bounces.sns import Notification
from mail_house.bounces.status_report import read_delivered, read_status_report
from mail_house.limits import LimitExceeded, check_message

_READERS: tuple[Callable[[Parsed], list[Bounce] | None], ...] = (read_feedback, read_status_report, read_free_form)
"""The most reliable format first. Each returns None for a message in another format."""
_DEATH = re.compile(
    r"\b(?:deceased|passed away|(?:has|have|had) died|died (?:on|in|at|last|this)|death (?:certificate|of)|"
    r"estate of|no longer (?:living|alive|with us)|fallecid[oa]|falleci[oó]|difunt[oa])\b",
    re.IGNORECASE,
)
"""Words about a death, in English and Spanish. A person must read such a message, whatever its status code says."""


class Reading(NamedTuple):
    """What one message says, and what can prove it."""

    bounces: Sequence[Bounce]
    """One per recipient. Empty only if every recipient was delivered; anything uncertain is `unclear`."""
    accepted: Accepted | None = None
    """The message that SES reports as accepted or delivered, or a status report as delivered."""
    notification: Notification | None = None
    """What Amazon SNS signed, if everything here was read from it and from nothing else in the message."""


def read_message(message_bytes: bytes) -> Reading:
    """Read an e-mail as received, or an SES notification (JSON) as queued. A message that exceeds `mail_house.limits`
    is unclear."""
    try:
        check_message(message_bytes)
    except LimitExceeded:
        return Reading([Bounce(kind=BounceKind.UNCLEAR)])
    if message_bytes.lstrip()[:1] == b"{":
        return _read_notice(open_notice(message_bytes), mentions_death=_mentions_death(message_bytes))
    message = parse(message_bytes)
    decode_enclosed(message)
    if is_mailed_by_sns(message):
        notice = find_mailed_notice(message)
        if notice is None:
            return Reading([Bounce(kind=BounceKind.UNCLEAR)])
        return _read_notice(notice, mentions_death=mentions_death(message))
    return Reading(_read_mail(message), _read_delivered(message))


def _read_notice(notice: Notice, *, mentions_death: bool) -> Reading:
    bounces = read_bounces(notice)
    return Reading(_ask_a_person(bounces) if mentions_death else bounces, read_accepted(notice), notice.envelope)


def _read_mail(message: Parsed) -> list[Bounce]:
    origin = {**find_own_id(message)._asdict(), "reference": find_service_id(message)}
    addressee = find_addressee(message)
    for reader in _READERS:
        if (bounces := reader(message)) is not None:
            if mentions_death(message):
                bounces = _ask_a_person(bounces)
            bounces = [replace(each, **origin) for each in bounces]
            return [each if each.recipient else replace(each, written_to=addressee) for each in bounces]
    return [replace(Bounce(kind=BounceKind.UNCLEAR), **origin)]


def _read_delivered(message: Parsed) -> Accepted | None:
    recipients = read_delivered(message)
    own_id = find_own_id(message)
    if not recipients or not own_id.document_id:
        return None
    return Accepted(**own_id._asdict(), reference="", recipients=recipients, is_delivered=True)


def _ask_a_person(bounces: list[Bounce]) -> list[Bounce]:
    return [replace(each, kind=BounceKind.UNCLEAR, still_trying=False) for each in bounces]


def mentions_death(message: Parsed) -> bool:
    """Whether the sender's own words, without the message that it returns, may say that the recipient has died. The
    service must then not mail the same bill on paper before a person has read the message."""
    texts = [header(message, "Subject")]
    texts += [text_of(part) for part in report_parts(message) if part.get_content_maintype() in {"text", "message"}]
    return any(_DEATH.search(" ".join(text.split())) for text in texts)


def _mentions_death(notice: bytes) -> bool:
    return _DEATH.search(notice.decode("utf-8", "replace")) is not None
