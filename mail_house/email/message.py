"""One e-mail: its words, and its bytes, which are the same each time they are made."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from mail_house.pieces import Record

MESSAGE_ID = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\.(\d{1,4})@")
"""Document id and attempt in what `message_id` writes: how a bounce finds its document."""

_HEADERS_FORBID = ("\r", "\n", "\x00")


class Message(Record, frozen=True, kw_only=True):
    """What is said to whom. Who it is from belongs to the mailer."""

    document_id: str
    attempt: int
    """From 1; a document that is sent again on purpose gets the next number."""
    to: str
    language: str
    hospital_name: str
    """Shown as the sender's name."""
    subject: str
    text: str
    html: str
    sent_at: datetime
    """UTC."""


class Sender(Record, frozen=True, kw_only=True):
    """Whom the message is from, and where an answer goes (empty: to the same address)."""

    from_address: str
    reply_to: str = ""


def message_id(message: Message, sender: Sender) -> str:
    """The same for the same document and attempt, so that a bounce finds its document."""
    domain = sender.from_address.rpartition("@")[2]
    return f"<{message.document_id}.{message.attempt}@{domain}>"


def message_bytes(message: Message, sender: Sender) -> bytes:
    """The message as it goes over the wire: text and HTML, CRLF, seven-bit.

    Raises ValueError, naming the document, for an address that is not exactly one deliverable address in ASCII, and
    for line ends in what becomes a header.
    """
    for value in (message.subject, message.hospital_name, message.document_id):
        if any(character in value for character in _HEADERS_FORBID):
            raise ValueError(f"document {message.document_id!r}: a line end in a header")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(message.hospital_name, addr_spec=sender.from_address)
    mail["To"] = Address(addr_spec=ascii_address(message.to, what=f"document {message.document_id}"))
    if sender.reply_to:
        mail["Reply-To"] = Address(addr_spec=sender.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.sent_at)
    mail["Message-ID"] = message_id(message, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = message.language  # after the content, which takes such headers for its own
    mail.set_boundary("=_" + hashlib.sha256(mail["Message-ID"].encode()).hexdigest()[:32])
    return mail.as_bytes()


def ascii_address(address: str, *, what: str) -> str:
    """The address as every mail server takes it (international domains in their ASCII form).

    Raises ValueError that says `what` has it, never the address itself.
    """
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as exc:
        raise ValueError(f"{what}: not an e-mail address") from exc
    if checked.ascii_email is None:
        raise ValueError(f"{what}: an e-mail address that not every server takes (letters before the @ beyond ASCII)")
    return checked.ascii_email
