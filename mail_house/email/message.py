"""One e-mail: its content and its bytes, which are the same every time they are built."""

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
from mail_house.secret import CODE, KeyRing

EMAIL_KEY = "STATEMENTS_EMAIL_KEY"
"""The environment variable with the keys of the tokens."""
OWN_ID = re.compile(
    rf"([0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})\.(\d{{1,4}})(?:\.((?i:{CODE}))(?![0-9A-Za-z])|@)"
)
"""Document id, attempt and token in a Message-ID, a return path or an unsubscribe link. Bounces are matched to
documents with it; a message that was sent without a key has no token."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_HEADERS_FORBID = ("\r", "\n", "\x00")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The content and the recipient of an e-mail. The sender belongs to the mailer."""

    document_id: str
    attempt: int
    """From 1; resending a document uses the next number."""
    to: str
    language: str
    hospital_name: str
    """Shown as the sender's name."""
    subject: str
    text: str
    html: str
    attachment: bytes = b""
    """An encrypted PDF; empty if the message only has a link."""
    attachment_name: str = ""
    sent_at: datetime
    """UTC."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The sender's addresses and signing key."""

    from_address: str
    reply_to: str = ""
    """Empty: replies go to `from_address`."""
    unsubscribe_url: str = ""
    """The URL for one-click unsubscribe requests (RFC 8058); `{id}` stands for document id, attempt and token."""
    return_path: str = ""
    """The address that bounces return to. Its mailbox takes all of `local+…@domain`. Empty: `from_address`."""
    dkim: DkimKey | None = None
    keys: KeyRing = KeyRing()
    """Keys of the tokens that prove which message was returned. Empty: no token."""


def message_id(message: Message, sender: Sender) -> str:
    """Return the Message-ID. It is the same for the same document, attempt and recipient, so a bounce can be
    matched."""
    return _message_id(own_id(message, sender), sender)


def _message_id(id_: str, sender: Sender) -> str:
    return f"<{id_}@{sender.from_address.rpartition('@')[2]}>"


def own_id(message: Message, sender: Sender) -> str:
    """Return document id, attempt and token, as `OWN_ID` reads them."""
    token = message_token(sender.keys, message.document_id, message.attempt, message.to)
    return ".".join(filter(None, (message.document_id, str(message.attempt), token)))


def envelope_sender(message: Message, sender: Sender) -> str:
    """Return the address that servers report a failure to: a variable one (VERP) if the sender has a return path."""
    local, _, domain = sender.return_path.rpartition("@")
    return f"{local}+{own_id(message, sender)}@{domain}" if sender.return_path else sender.from_address


def message_token(keys: KeyRing, document_id: str, attempt: int, to: str) -> str:
    """Return the code that proves that we sent this attempt to this recipient. Empty without a key."""
    return keys.code(*_token_parts(document_id, attempt, to)) if keys else ""


def verifies_token(keys: KeyRing, token: str, document_id: str, attempt: int, to: str) -> bool:
    """Whether `message_token` made the token, with any of the keys."""
    return bool(to) and keys.verifies(token, *_token_parts(document_id, attempt, to))


def _token_parts(document_id: str, attempt: int, to: str) -> tuple[str, ...]:
    return "e-mail", document_id, str(attempt), _normalize_address(to)


def _normalize_address(address: str) -> str:
    """The address as every server repeats it. Servers change the case, also before the @."""
    try:
        return ascii_address(address, what="").lower()
    except ValueError:
        return address.strip().lower()


def message_bytes(message: Message, sender: Sender) -> bytes:
    """Return the message as sent: text and HTML, CRLF, 7-bit, signed if the sender has a key.

    Raises ValueError, naming the document, if the recipient is not exactly one deliverable ASCII address, or if a
    header value contains a line break.
    """
    for value in (message.subject, message.hospital_name, message.document_id):
        if any(character in value for character in _HEADERS_FORBID):
            raise ValueError(f"document {message.document_id!r}: a header value contains a line break")
    id_ = own_id(message, sender)
    own_headers = {
        "To": ascii_address(message.to, what=f"document {message.document_id}"),
        "Date": format_datetime(message.sent_at),
        "Message-ID": _message_id(id_, sender),
        **_unsubscribe(id_, sender),
    }
    shared = msgspec.structs.replace(message, document_id="", attempt=0, to="", sent_at=_NEVER)
    encode = _shared_bytes.__wrapped__ if message.attachment else _shared_bytes
    data = "".join(f"{name}: {value}\r\n" for name, value in own_headers.items()).encode("ascii")
    data += encode(shared, sender)
    return sign(data, sender.dkim, at=message.sent_at) if sender.dkim else data


def _unsubscribe(id_: str, sender: Sender) -> dict[str, str]:
    """Return the headers to unsubscribe by mail (RFC 2369), and by one click if the sender has a URL for it
    (RFC 8058)."""
    by_mail = f"<mailto:{sender.reply_to or sender.from_address}?subject=unsubscribe%20{id_}>"
    if not sender.unsubscribe_url:
        return {"List-Unsubscribe": by_mail}
    by_click = sender.unsubscribe_url.replace("{id}", id_)
    return {
        "List-Unsubscribe": f"<{by_click}>,\r\n {by_mail}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@functools.lru_cache(maxsize=64)
def _shared_bytes(message: Message, sender: Sender) -> bytes:
    """Encode the headers and body that all messages with the same text share. Most of the encoding time is spent
    here, so the result is cached. `message` has no document id, recipient or date."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(message.hospital_name, addr_spec=sender.from_address)
    if sender.reply_to:
        mail["Reply-To"] = Address(addr_spec=sender.reply_to)
    mail["Subject"] = message.subject
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = message.language  # after set_content, which would move it to the part
    if message.attachment:
        mail.add_attachment(message.attachment, maintype="application", subtype="pdf", filename=message.attachment_name)
        for part in mail.walk():
            if part is not mail and part.is_multipart():
                part.set_boundary("=-" + hashlib.sha256(message.text.encode()).hexdigest()[:32])
    mail.set_boundary("=_" + hashlib.sha256(f"{message.text}\x1f{message.html}".encode()).hexdigest()[:32])
    return mail.as_bytes()


def ascii_address(address: str, *, what: str) -> str:
    """Return the address in a form that every mail server accepts (international domains in ASCII form).

    Raises ValueError that names `what` but never the address itself.
    """
    try:
        ascii_email = _validate(address)
    except EmailNotValidError as exc:
        raise ValueError(f"{what}: not an e-mail address") from exc
    if ascii_email is None:
        raise ValueError(f"{what}: the e-mail address has non-ASCII letters before the @, which many servers refuse")
    return ascii_email


@functools.lru_cache(maxsize=64)
def _validate(address: str) -> str | None:
    """Cached: a message needs it for its headers, its token and its envelope."""
    return validate_email(address, check_deliverability=False).ascii_email
