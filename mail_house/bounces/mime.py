"""Access to the parts of a returned message that tolerates malformed MIME: old servers follow no standard."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as ParsedMessage
from email.utils import parseaddr
from html import unescape
from typing import TypeAlias

from mail_house.bounces.own_id import OwnId, pick_own_id

Parsed: TypeAlias = "ParsedMessage[str, str]"

_RETURNED = frozenset({"message/rfc822", "message/rfc822-headers", "text/rfc822-headers", "message/global"})
_SERVICE_ID = re.compile(r"<([0-9A-Za-z]{8,}(?:-[0-9A-Za-z]+)+)@(?:[a-z0-9-]+\.)?amazonses\.com>")
_HEADER_CHARACTERS_MAX = 8_000
"""Of a header that is read. The standard library decodes encoded words in time that grows with the square."""
_ID_HEADERS = (
    *("In-Reply-To", "References", "Original-Message-ID"),
    *("To", "Delivered-To", "X-Original-To", "Envelope-To"),
)
"""Where a message about ours shows its id: the headers of replies, and the return path that it was sent to."""
_ADDRESSEE = re.compile(r"(?im)^To:[ \t]*<?([^\s<>\"(),:;@]+@[^\s<>\"(),:;@]+?)>?[ \t]*\r?$")
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": binascii.a2b_base64,
    "quoted-printable": quopri.decodestring,
}
_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li)\b[^<>]*>")
_TAGS = re.compile(r"(?s)<[^<>]*>")


def parse(message_bytes: bytes) -> Parsed:
    """Parse an e-mail as received."""
    # A zero byte is not allowed in mail (RFC 5322, 4); one in a charset name makes the parser fail.
    return message_from_bytes(message_bytes.replace(b"\x00", b""))


def header(message: Parsed, name: str) -> str:
    """Return the decoded header on one line; empty if it is missing."""
    value = message.get(name)
    return "" if value is None else " ".join(_decode_words(str(value)[:_HEADER_CHARACTERS_MAX]).split())


def address_in(message: Parsed, name: str) -> str:
    """Return the first address in a header; empty if it is missing or none can be read."""
    try:
        return parseaddr(header(message, name))[1]
    except RecursionError:  # the standard library reads a group within a group by calling itself
        return ""


def report_parts(message: Parsed) -> Iterator[Parsed]:
    """Yield the parts that the server wrote, depth first, without the parts of the message it returns."""
    if message.get_content_type() in _RETURNED:
        return
    payload = message.get_payload()
    if message.is_multipart() and message.get_content_maintype() == "multipart" and isinstance(payload, list):
        for part in payload:
            if isinstance(part, ParsedMessage):
                yield from report_parts(part)
        return
    yield message


def returned_parts(message: Parsed) -> Iterator[Parsed]:
    """Yield the parts that hold the returned message or its headers."""
    for part in message.walk():
        if part.get_content_type() in _RETURNED:
            yield part


def text_of(part: Parsed) -> str:
    """Return the part's decoded text; HTML without its tags. Undecodable bytes become replacement characters."""
    payload = part.get_payload()
    if isinstance(payload, list):  # message/…: the enclosed headers are the text
        return "\n\n".join(
            f"{_headers(inner)}\n{text_of(inner)}" for inner in payload if isinstance(inner, ParsedMessage)
        )
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return str(payload)
    text = _decode(data, part.get_content_charset())
    if part.get_content_type() == "text/html":
        text = unescape(_TAGS.sub(" ", _BREAKS.sub("\n", text)))
    return text


def find_own_id(message: Parsed) -> OwnId:
    """Return our id from anywhere in the message; empty unless there is exactly one."""
    texts = [header(message, name) for name in _ID_HEADERS]
    texts += [f"{header(message, 'Subject')}@"]  # an unsubscribe link's id ends the subject
    texts += [text_of(part) for part in message.walk() if not part.is_multipart()]
    texts += [_headers(part) for part in message.walk() if part is not message]
    return pick_own_id(texts)


def find_addressee(message: Parsed) -> str:
    """Return the address that the returned message was written to; empty unless there is exactly one."""
    found = [address for part in returned_parts(message) for address in _ADDRESSEE.findall(text_of(part))]
    return found[0] if len(set(found)) == 1 else ""


def decode_enclosed(message: Parsed) -> None:
    """Decode the enclosed messages and status reports that a server sent in base64 or quoted-printable. The standard
    does not allow it (RFC 2046, 5.2.1; RFC 6522, 3), so the parser leaves them encoded."""
    for part in message.walk():
        decode = _DECODERS.get(header(part, "Content-Transfer-Encoding").lower())
        if part.get_content_maintype() != "message" or decode is None:
            continue
        try:
            data = decode(text_of(part).strip().encode())
        except ValueError:
            continue
        enclosed = message_from_bytes(f"Content-Type: {part.get_content_type()}\r\n\r\n".encode() + data)
        part.set_payload(enclosed.get_payload())
        del part["Content-Transfer-Encoding"]


def find_service_id(message: Parsed) -> str:
    """Return the id that Amazon SES gave the returned message in place of ours; empty unless there is exactly one."""
    texts = [header(message, name) for name in _ID_HEADERS]
    texts += [text_of(part) for part in returned_parts(message)]
    found = {each[1] for text in texts for each in _SERVICE_ID.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def _headers(part: Parsed) -> str:
    return "".join(f"{name}: {value}\n" for name, value in part.items())


def _decode_words(value: str) -> str:
    """Decode encoded words (RFC 2047); the value unchanged if they are malformed."""
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return value
    return "".join(
        piece if isinstance(piece, str) else _decode(piece, None if charset in {None, "unknown-8bit"} else charset)
        for piece, charset in pieces
    )


def _decode(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")
