"""The records that bounce readers return."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from mail_house.enhanced_status import is_sender_fault, names_recipient

# RFC 3463, 3.1 defines the subjects 0 to 7. Allowing others would read "Exim 4.94.2" as a status code.
_STATUS = re.compile(r"(?<![\d.])([45])\.([0-7])\.(\d{1,3})(?![\d.]*\d)")
_VERSION = re.compile(
    r"(?:\b(?:version|release|build|rev(?:ision)?|ver|exim|postfix|sendmail)\b[.:]?[ \t/-]*|\bv\.?)\Z", re.IGNORECASE
)
_REPLY = re.compile(r"(?:^|[:>]|<<<|ResponseCode)[ \t]*([45])\d\d(?=[ \-:,]|$)", re.MULTILINE)


class BounceKind(StrEnum):
    """What the bounce means for the next attempt. It follows the class of the status code (RFC 3463, 3.1)."""

    HARD = "hard"
    """Class 5, permanent failure, and the recipient's address is the reason."""
    SOFT = "soft"
    """Class 4: temporary failure."""
    SENDER = "sender"
    """Refused because of us, whatever the class: a block, a policy, a size limit; or for good and without a reason. It
    says nothing about the recipient's address."""
    COMPLAINT = "complaint"
    """The recipient reported the message as abuse or unsubscribed."""
    UNCLEAR = "unclear"
    """The message does not say for certain; a person must read it."""


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """What one returned message reports about one recipient."""

    recipient: str = ""
    """Personal data: never logged. Empty if the message does not name the recipient."""
    written_to: str = ""
    """Another address for the same recipient, before it was forwarded; or the returned message's own, if the report
    names no recipient."""
    status: str = ""
    """`5.1.1`, as in RFC 3463; `5.0.0` if only an SMTP reply of class 5 was reported; empty if no code was."""
    kind: BounceKind
    document_id: str = ""
    attempt: int = 0
    """The document and the attempt that bounced; empty and 0 if the message does not show our Message-ID."""
    token: str = ""
    """The token of our id, not verified yet."""
    reference: str = ""
    """The mail service's own message id, if it replaced ours (Amazon SES)."""
    still_trying: bool = False
    """A delay warning: the receiving server is still trying, so nothing may be sent again yet."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the mail service reports as accepted, or the recipient's server as delivered."""

    document_id: str
    """Empty, with `attempt` 0, if only `reference` identifies the message."""
    attempt: int
    reference: str
    token: str = ""
    recipients: tuple[str, ...] = ()
    """Personal data: never logged."""
    is_delivered: bool = False
    """The recipient's server took it: what bounces later is not the address."""


def kind_of(status: str, text: str = "") -> BounceKind:
    """Return the kind for a status code's class and the server's words; unclear if there is no code or it reports
    success. A permanent refusal that does not name the recipient as its reason is the sender's fault."""
    if status[:1] == "5":
        return BounceKind.HARD if names_recipient(status, text) else BounceKind.SENDER
    if status[:1] == "4":
        return BounceKind.SENDER if is_sender_fault(status, text) else BounceKind.SOFT
    return BounceKind.UNCLEAR


def find_status(text: str) -> str:
    """Return the first failure status code in the text, else the class of the first SMTP failure reply, else empty. The
    version number of a program is no status code."""
    for found in _STATUS.finditer(text):
        if not _VERSION.search(text, max(0, found.start() - 20), found.start()):
            return ".".join(found.groups())
    reply = _REPLY.search(text)
    return f"{reply[1]}.0.0" if reply else ""
