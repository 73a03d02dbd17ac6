"""Free-text bounces, as qmail, Exim, Sendmail and many others write them.

The returned message is cut off first. Each recipient's lines are then searched for a status code, and for known
phrases only if there is no code.
"""

from __future__ import annotations

import re

from mail_house.bounces.bounce import Bounce, BounceKind, find_status, kind_of
from mail_house.bounces.mime import Parsed, header, report_parts, returned_parts, text_of
from mail_house.enhanced_status import is_sender_fault, names_recipient

_SYSTEM = re.compile(r"mailer-?daemon|post_?master|mail.?deliver", re.IGNORECASE)
_ABSENCE = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|ooo\b|on vacation|vacation reply|"
    r"away from|automatische antwort|abwesen|respuesta autom|fuera de (?:la )?oficina|r.ponse autom|absen[ct]e|"
    r"resposta autom)",
    re.IGNORECASE,
)
"""The subject of an absence notice, from a mail program or from a server in the person's place."""
_NO_REPLY = re.compile(r"^<?no-?reply@", re.IGNORECASE)
"""Portals and shops write from such an address too, so it is a mail system's only if it returns our message."""
_ABOUT_FAILURE = re.compile(
    r"undeliver|returned mail|return(?:ing|ed) .{0,60}sender|delivery (?:fail|status)|"
    r"fail(?:ed|ure).{0,60}(?:deliver|notice)|"
    r"mail (?:system error|fail)|could not be delivered",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"^[ \t|]*+(?:"
    r"--.*\b(?:copy|original|unsent|enclosed|message text)\b.*"
    r"|(?:original message|message headers|below is a copy|included is a copy)\b.*"
    r"|(?:received|return-path|x-received|dkim-signature)[ \t]*:.*"
    r")$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = r"[^\s<>\"(),:;|@\[\]]++@[^\s<>\"(),:;|@\[\]]*[^\s<>\"(),:;|@\[\].]"
_START = r"(?<![^\s<>\"(),:;|@\[\]])"
"""Where an address may start. Without it, a long word is searched again from each of its letters."""
_RECIPIENT = re.compile(
    rf"^[*\"< \t]*+({_ADDRESS})[\">]*+[ \t]*+(?::|<(?=\1>)|$|\.\.\.|\[|on |Invalid Address|Error,)"
    rf"|^[ \t]*[45]\d\d <({_ADDRESS})>\.\.\."
    rf"|(?:deliver(?:ing|ed)?(?: your)?(?: mail| message)? to:?|rcpt to:|recipients?:|delivery failed:"
    rf"|permanent errors:|mailbox (?:is full|exceeds allowed size):|address:)[ \t]*[<\"]?({_ADDRESS})",
    re.IGNORECASE | re.MULTILINE,
)
_WARNING = re.compile(
    r"has been delayed|not yet been delivered|warning message only|will be retried|attempts will continue|"
    r"^warning\b.*could not send",
    re.IGNORECASE | re.MULTILINE,
)
_PERMANENT = re.compile(r"permanent(?:ly)?\b|\(failure\)", re.IGNORECASE)
_HARD = re.compile(
    r"user unknown|unknown (?:user|recipient|host)|(?:user|recipient) not found|not recognized|"
    r"no such (?:user|mailbox)|invalid (?:user|recipient|address)|(?:does not|doesn.t) (?:exist|have an?\b)|"
    r"couldn.t find any host|indicated no smtp service|malformed address|"
    r"account (?:is|has been) (?:locked|disabled|closed)",
    re.IGNORECASE,
)
_SOFT = re.compile(
    r"(?:mail)?box (?:is )?full|exceeds allowed size|quota|timed out|not responding|temporar|try again later|"
    r"queue too long|giving up|not delivered within|aborted after|retry time(?:out)? exceeded|"
    r"not accept our requests to connect",
    re.IGNORECASE,
)


_TEXT_CHARACTERS_MAX = 200_000
"""Of the server's own words. They are at the top of the message."""
_RECIPIENTS_MAX = 50
"""A message of ours has one recipient. Each is searched for in the whole text."""


def read_free_form(message: Parsed) -> list[Bounce] | None:
    """Return one bounce per recipient, or None if nothing shows that a mail system wrote this about a failure."""
    sender, subject = header(message, "From"), header(message, "Subject")
    failed_recipients = re.findall(_START + _ADDRESS, header(message, "X-Failed-Recipients"))[:_RECIPIENTS_MAX]
    if _is_automatic_reply(message, sender) and not failed_recipients:
        return None
    is_returned = _NO_REPLY.search(sender) is not None and next(returned_parts(message), None) is not None
    if not (failed_recipients or _SYSTEM.search(sender) or _ABOUT_FAILURE.search(subject) or is_returned):
        return None
    text = _unquote("\n\n".join(text_of(part) for part in report_parts(message) if _is_text(part)))
    text = text[:_TEXT_CHARACTERS_MAX]
    if returned := _RETURNED.search(text):
        text = text[: returned.start()]
    segments = _split(text, [address.lower() for address in failed_recipients])
    return [_read_segment(recipient, segment, subject, text) for recipient, segment in segments] or None


def _is_automatic_reply(message: Parsed, sender: str) -> bool:
    """Whether this is a person's out-of-office reply (RFC 3834). Bounces come from a mail system's address instead."""
    if _ABSENCE.match(header(message, "Subject")):
        return True
    is_marked = header(message, "Auto-Submitted").lower().startswith("auto-replied")
    is_marked = is_marked or any(name in message for name in ("X-Autoreply", "X-Autorespond"))
    is_marked = is_marked or header(message, "Precedence").lower() in {"auto_reply", "auto-reply"}
    return is_marked and not _SYSTEM.search(sender)


def _is_text(part: Parsed) -> bool:
    """A multipart that parses as a single part has lost its boundary, but its text is still there."""
    return part.get_content_maintype() in {"text", "multipart"}


def _unquote(text: str) -> str:
    """Remove the quote marks of a forwarded message."""
    return re.sub(r"^(?:>[ \t]?)+(?=\S)", "", text.replace("\r", ""), flags=re.MULTILINE)


def _split(text: str, failed_recipients: list[str]) -> list[tuple[str, str]]:
    """Return each recipient with the lines about it. A single recipient gets the whole text."""
    starts: dict[str, int] = {}
    for address in failed_recipients:
        match = re.search(re.escape(address), text, re.IGNORECASE)
        starts[address] = match.start() if match else len(text)
    if not failed_recipients:
        for found in _RECIPIENT.finditer(text):
            starts.setdefault(next(filter(None, found.groups())), found.start())
            if len(starts) == _RECIPIENTS_MAX:
                break
    if len(starts) <= 1:
        return [(next(iter(starts), ""), text)]
    ordered = sorted(starts, key=lambda address: starts[address])
    ends = [*(starts[address] for address in ordered[1:]), len(text)]
    return [(address, text[starts[address] : end]) for address, end in zip(ordered, ends, strict=True)]


def _read_segment(recipient: str, segment: str, subject: str, text: str) -> Bounce:
    status = find_status(segment)
    still_trying = bool(_WARNING.search(f"{subject}\n{text}"))
    if still_trying:
        kind = BounceKind.SOFT
    elif status:
        kind = kind_of(status, segment)
    else:
        kind = _kind_without_code(segment, subject, is_permanent=_PERMANENT.search(f"{subject}\n{text}") is not None)
    return Bounce(recipient=recipient, status=status, kind=kind, still_trying=still_trying)


def _kind_without_code(segment: str, subject: str, *, is_permanent: bool) -> BounceKind:
    if _HARD.search(f"{segment}\n{subject}"):
        return BounceKind.SENDER if is_sender_fault("", segment) else BounceKind.HARD
    if is_permanent and names_recipient("", segment):
        return BounceKind.HARD
    if _SOFT.search(segment):
        return BounceKind.SOFT
    return BounceKind.SENDER if is_permanent else BounceKind.UNCLEAR
