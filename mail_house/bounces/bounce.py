"""The noun: what one returned message says about one recipient."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?:^|[:>]|<<<|ResponseCode)[ \t]*([45])\d\d(?=[ \-:,]|$)", re.MULTILINE)


class BounceKind(StrEnum):
    """What it means for the next attempt. It follows the class of the status code (RFC 3463, 3.1)."""

    HARD = "hard"
    """Class 5: it will not get there by e-mail."""
    SOFT = "soft"
    """Class 4: it did not get there this time."""
    COMPLAINT = "complaint"
    """The recipient called it abuse, or asked for no more."""
    UNCLEAR = "unclear"
    """Not to be decided by a program: a person reads it."""


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient of one returned message."""

    recipient: str = ""
    """Personal data: never logged. Empty where the message does not say."""
    status: str = ""
    """`5.1.1`, as in RFC 3463; `5.0.0` where only an SMTP reply of class 5 was told; empty where no code was."""
    kind: BounceKind
    document_id: str = ""
    attempt: int = 0
    """Which attempt at which document of ours came back; empty and 0 where the message does not show our Message-ID."""
    reference: str = ""
    """The mail service's own id of the message, where it gave it one in place of ours (Amazon SES)."""
    still_trying: bool = False
    """A warning only: the other server has not given up, so nothing must be sent again yet."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A message of which the mail service says that it took it, or delivered it."""

    document_id: str
    """Empty, and `attempt` 0, where only `reference` tells which it was."""
    attempt: int
    reference: str


def kind_of(status: str) -> BounceKind:
    """By the class of the code; unclear without one, and for a success."""
    return {"5": BounceKind.HARD, "4": BounceKind.SOFT}.get(status[:1], BounceKind.UNCLEAR)


def find_status(text: str) -> str:
    """The first status code of a failure in the text, else that of the first SMTP reply that refuses, else nothing."""
    if found := _STATUS.search(text):
        return ".".join(found.groups())
    if found := _REPLY.search(text):
        return f"{found[1]}.0.0"
    return ""
