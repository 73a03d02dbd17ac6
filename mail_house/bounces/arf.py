"""Complaints: feedback reports (ARF, RFC 5965), Microsoft junk mail reports, and unsubscribe messages."""

from __future__ import annotations

import re

from mail_house.bounces.bounce import Bounce, BounceKind
from mail_house.bounces.mime import Parsed, address_in, header, report_parts, returned_parts, text_of
from mail_house.bounces.own_id import pick_own_id

_COMPLAINTS = frozenset({"abuse", "complaint", "fraud", "opt-out", "opt-out-list"})
"""Other types are not complaints by the recipient: `auth-failure` (RFC 6591), `virus`, `not-spam`, `other`."""
_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:(.*)$", re.MULTILINE)
_UNSUBSCRIBE = re.compile(r"unsubscribe(?:(?:%20|[ +])(\S+))?")
_RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "final-recipient")


def read_feedback(message: Parsed) -> list[Bounce] | None:
    """Return one bounce per report: a report covers one message. None if the message is not a complaint."""
    for part in report_parts(message):
        if part.get_content_type() == "message/feedback-report":
            return [_read_report(text_of(part))]
    return _read_hotmail(message) or _read_unsubscribe(message)


def _read_report(text: str) -> Bounce:
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        fields.setdefault(name.lower(), value.strip())
    is_complaint = fields.get("feedback-type", "").lower() in _COMPLAINTS
    recipient = next((fields[name] for name in _RECIPIENT_FIELDS if fields.get(name)), "")
    return Bounce(
        recipient=recipient.rpartition(";")[2].strip().strip("<>"),
        kind=BounceKind.COMPLAINT if is_complaint else BounceKind.UNCLEAR,
    )


def _read_hotmail(message: Parsed) -> list[Bounce] | None:
    """Read a Microsoft junk mail report: the message itself, under Microsoft's own subject line."""
    if not header(message, "Subject").lower().startswith("complaint about message from"):
        return None
    recipients = (header(part, "X-HmXmrOriginalRecipient") for part in message.walk())
    inner = (header(each, "X-HmXmrOriginalRecipient") for part in returned_parts(message) for each in part.walk())
    recipient = next((each for each in (*recipients, *inner) if each), "")
    return [Bounce(recipient=recipient.strip("<>"), kind=BounceKind.COMPLAINT)]


def _read_unsubscribe(message: Parsed) -> list[Bounce] | None:
    """Read a message that a mail program sends to the address in our List-Unsubscribe header (RFC 2369). The header
    asks for a subject with our id; some programs shorten it to the word."""
    found = _UNSUBSCRIBE.fullmatch(header(message, "Subject").lower())
    if found is None or (found[1] and not pick_own_id([f"{found[1]}@"]).document_id):
        return None
    return [Bounce(recipient=address_in(message, "From"), kind=BounceKind.COMPLAINT)]
