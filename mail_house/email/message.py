"""One e-mail: its words, and its bytes, which are the same each time they are made."""

from __future__ import annotations

import functools
import hashlib
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec
from email_validator import EmailNotValidError, validate_email

from mail_house.email.signing import DkimKey, sign

MESSAGE_ID = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\.(\d{1,4})@")
"""Document id and attempt in what `message_id` writes: how a bounce finds its document."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_HEADERS_FORBID = ("\r", "\n", "\x00")


class Message(msgspec.Struct, frozen=True, kw_only=True):
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
    attachment: bytes = b""
    """An encrypted PDF; empty where the message only tells of it."""
    attachment_name: str = ""
    sent_at: datetime
    """UTC."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the message is from, where an answer goes (empty: to the same address), and how both are vouched for."""

    from_address: str
    reply_to: str = ""
    unsubscribe_url: str = ""
    """Where a mail program posts a reader's wish for paper (RFC 8058), `{id}` standing for document and attempt."""
    dkim: DkimKey | None = None


def message_id(message: Message, sender: Sender) -> str:
    """The same for the same document and attempt, so that a bounce finds its document."""
    domain = sender.from_address.rpartition("@")[2]
    return f"<{message.document_id}.{message.attempt}@{domain}>"


def message_bytes(message: Message, sender: Sender) -> bytes:
    """The message as it goes over the wire: text and HTML, CRLF, seven-bit, signed where there is a key.

    Raises ValueError, naming the document, for an address that is not exactly one deliverable address in ASCII, and
    for line ends in what becomes a header.
    """
    for value in (message.subject, message.hospital_name, message.document_id):
        if any(character in value for character in _HEADERS_FORBID):
            raise ValueError(f"document {message.document_id!r}: a line end in a header")
    own = {
        "To": ascii_address(message.to, what=f"document {message.document_id}"),
        "Date": format_datetime(message.sent_at),
        "Message-ID": message_id(message, sender),
        **_unsubscribe(message, sender),
    }
    own_taken_out = msgspec.structs.replace(message, document_id="", attempt=0, to="", sent_at=_NEVER)
    encode = _common_bytes.__wrapped__ if message.attachment else _common_bytes
    common = encode(own_taken_out, sender)
    data = "".join(f"{name}: {value}\r\n" for name, value in own.items()).encode("ascii") + common
    return sign(data, sender.dkim, at=message.sent_at) if sender.dkim else data


def _unsubscribe(message: Message, sender: Sender) -> dict[str, str]:
    """By an answer that a person or a program reads (RFC 2369), and by one click where somebody takes it (RFC 8058)."""
    its_id = f"{message.document_id}.{message.attempt}"
    by_mail = f"<mailto:{sender.reply_to or sender.from_address}?subject=unsubscribe%20{its_id}>"
    if not sender.unsubscribe_url:
        return {"List-Unsubscribe": by_mail}
    by_click = sender.unsubscribe_url.replace("{id}", its_id)
    return {
        "List-Unsubscribe": f"<{by_click}>,\r\n {by_mail}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@functools.lru_cache(maxsize=64)
def _common_bytes(message: Message, sender: Sender) -> bytes:
    """What messages have in common that say the same in one language: encoding it is most of the work of a message.
    Given without what is each message's own."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(message.hospital_name, addr_spec=sender.from_address)
    if sender.reply_to:
        mail["Reply-To"] = Address(addr_spec=sender.reply_to)
    mail["Subject"] = message.subject
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = message.language  # after the content, which takes such headers for its own
    if message.attachment:
        mail.add_attachment(message.attachment, maintype="application", subtype="pdf", filename=message.attachment_name)
        for part in mail.walk():
            if part is not mail and part.is_multipart():
                part.set_boundary("=-" + hashlib.sha256(message.text.encode()).hexdigest()[:32])
    mail.set_boundary("=_" + hashlib.sha256(f"{message.text}\x1f{message.html}".encode()).hexdigest()[:32])
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
