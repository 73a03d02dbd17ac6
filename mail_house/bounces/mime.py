"""Access to the parts of a returned message that tolerates malformed MIME: old servers follow no standard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as ParsedMessage
from html import unescape
from typing import TypeAlias

from mail_house.email.message import MESSAGE_ID

Parsed: TypeAlias = "ParsedMessage[str, str]"

_RETURNED = frozenset({"message/rfc822", "message/rfc822-headers", "text/rfc822-headers", "message/global"})
_SERVICE_ID = re.compile(r"<([0-9A-Za-z]{8,}(?:-[0-9A-Za-z]+)+)@(?:[a-z0-9-]+\.)?amazonses\.com>")
_HEADER_CHARACTERS_MAX = 8_000
"""Of a header that is read. The standard library decodes encoded words in time that grows with the square."""
_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li)\b[^<>]*>")
_TAGS = re.compile(r"(?s)<[^<>]*>")


def header(message: Parsed, name: str) -> str:
    """Return the decoded header on one line; empty if it is missing."""
    value = message.get(name)
    return "" if value is None else " ".join(_decode_words(str(value)[:_HEADER_CHARACTERS_MAX]).split())


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


def find_own_id(message: Parsed) -> tuple[str, int]:
    """Return document id and attempt from our Message-ID anywhere in the message; empty and 0 unless there is exactly
    one."""
    texts = [header(message, name) for name in ("In-Reply-To", "References", "Original-Message-ID")]
    texts += [text_of(part) for part in message.walk() if not part.is_multipart()]
    texts += [_headers(part) for part in message.walk() if part is not message]
    found = {(each[1].lower(), int(each[2])) for text in texts for each in MESSAGE_ID.finditer(text)}
    return found.pop() if len(found) == 1 else ("", 0)


def find_service_id(message: Parsed) -> str:
    """Return the id that Amazon SES gave the returned message in place of ours; empty unless there is exactly one."""
    texts = [header(message, name) for name in ("In-Reply-To", "References", "Original-Message-ID")]
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
