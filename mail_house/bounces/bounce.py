"""The records that bounce readers return."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

# RFC 3463, 3.1 defines the subjects 0 to 7. Allowing others would read "Exim 4.94.2" as a status code.
_STATUS = re.compile(r"(?<![\d.])([45])\.([0-7])\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?:^|[:>]|<<<|ResponseCode)[ \t]*([45])\d\d(?=[ \-:,]|$)", re.MULTILINE)


class BounceKind(StrEnum):
    """What the bounce means for the next attempt. It follows the class of the status code (RFC 3463, 3.1)."""

    HARD = "hard"
    """Class 5: permanent failure."""
    SOFT = "soft"
    """Class 4: temporary failure."""
    COMPLAINT = "complaint"
    """The recipient reported the message as abuse or unsubscribed."""
    UNCLEAR = "unclear"
    """The message does not say for certain; a person must read it."""


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """What one returned message reports about one recipient."""

    recipient: str = ""
    """Personal data: never logged. Empty if the message does not name the recipient."""
    status: str = ""
    """`5.1.1`, as in RFC 3463; `5.0.0` if only an SMTP reply of class 5 was reported; empty if no code was."""
    kind: BounceKind
    document_id: str = ""
    attempt: int = 0
    """The document and the attempt that bounced; empty and 0 if the message does not show our Message-ID."""
    reference: str = ""
    """The mail service's own message id, if it replaced ours (Amazon SES)."""
    still_trying: bool = False
    """A delay warning: the receiving server is still trying, so nothing may be sent again yet."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the mail service reports as accepted or delivered."""

    document_id: str
    """Empty, with `attempt` 0, if only `reference` identifies the message."""
    attempt: int
    reference: str


def kind_of(status: str) -> BounceKind:
    """Return the kind for a status code's class; unclear if there is no code or it reports success."""
    return {"5": BounceKind.HARD, "4": BounceKind.SOFT}.get(status[:1], BounceKind.UNCLEAR)


def find_status(text: str) -> str:
    """Return the first failure status code in the text, else the class of the first SMTP failure reply, else empty."""
    if found := _STATUS.search(text):
        return ".".join(found.groups())
    if found := _REPLY.search(text):
        return f"{found[1]}.0.0"
    return ""
