"""Delivery status notifications (RFC 3464), including those whose parts have lost their types or boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mail_house.bounces.bounce import Bounce, BounceKind, find_status, kind_of
from mail_house.bounces.mime import Parsed, report_parts, text_of

_FIELD = re.compile(r"([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)")
_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\d)")
_FIELD_CHARACTERS_MAX = 4_000
"""Of a folded field; the rest of it is not read."""
_WORDS_MAX = 20_000
"""Characters of the server's words for people that are searched."""
_ONCE = frozenset({"action", "final-recipient", "original-recipient"})
_RECIPIENT_FIELDS = ("original-recipient", "final-recipient")
_DELIVERED = frozenset({"delivered", "relayed", "expanded"})

Fields = dict[str, str]


def read_status_report(message: Parsed) -> list[Bounce] | None:
    """Return one bounce per recipient that the report names, without those delivered; None if it is not a report."""
    parts = list(report_parts(message))
    typed = [
        part
        for part in parts
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}
    ]
    texts = [text_of(part) for part in typed or parts]
    recipients = [fields for text in texts for fields in _read_groups(text, strict=not typed)]
    if not recipients:
        return None
    words = "\n".join(text_of(part) for part in parts if part.get_content_maintype() == "text")[:_WORDS_MAX]
    is_only = len(recipients) == 1
    return [
        _read_recipient(fields, words if is_only else _lines_about(_recipient(fields), words))
        for fields in recipients
        if fields["action"].lower() not in _DELIVERED
    ]


def read_delivered(message: Parsed) -> tuple[str, ...]:
    """Return the recipients that a report says the message was delivered to."""
    groups = [fields for part in report_parts(message) for fields in _read_groups(text_of(part), strict=True)]
    delivered = [fields for fields in groups if fields["action"].lower() == "delivered"]
    return tuple(_address(fields.get(name, "")) for fields in delivered for name in _RECIPIENT_FIELDS if name in fields)


def _read_groups(text: str, *, strict: bool) -> Iterator[Fields]:
    """Yield each group of fields about a recipient. `strict`, for running text: it must name recipient and action."""
    for fields in _read_fields(text):
        names_recipient = "final-recipient" in fields or "original-recipient" in fields
        if "action" in fields and (names_recipient or not strict):
            yield fields


def _read_fields(text: str) -> Iterator[Fields]:
    """Yield groups of fields. An empty line ends a group; so does a second recipient or action, since some servers
    omit the empty line.

    Folded lines are joined and quote marks are removed.
    """
    fields: Fields = {}
    name = ""
    for raw in [*text.splitlines(), ""]:
        line = re.sub(r"^(?:> ?)+", "", raw).rstrip()
        if name and line[:1] in {" ", "\t"}:
            if len(fields[name]) < _FIELD_CHARACTERS_MAX:
                fields[name] += " " + line.strip()
            continue
        found = _FIELD.fullmatch(line)
        name = found[1].lower() if found else ""
        if not line or (name in _ONCE and name in fields):
            yield fields
            fields = {}
        if found:
            fields.setdefault(name, found[2].strip())


def _read_recipient(fields: Fields, words: str) -> Bounce:
    """`words`: what the server wrote for people about this recipient. They say why it failed for good, if no reply
    does."""
    reply = _diagnostic(fields)
    stated = _CODE.match(fields.get("status", ""))
    status = stated[0] if stated else find_status(reply)
    delayed = fields["action"].lower() in {"delayed", "expired"}
    kind = kind_of(status, words if status.startswith("5") and not reply else reply)
    if kind is BounceKind.UNCLEAR and delayed:
        kind = BounceKind.SOFT
    return Bounce(
        recipient=_recipient(fields),
        written_to=_address(fields.get("original-recipient", "")),
        status=status,
        kind=kind,
        still_trying=fields["action"].lower() == "delayed",
    )


def _lines_about(address: str, words: str) -> str:
    lines = words.splitlines() if address else []
    return "\n".join(line for line in lines if address.lower() in line.lower())


def _diagnostic(fields: Fields) -> str:
    """Return `smtp; 550 …` without its type, which some servers omit."""
    value = fields.get("diagnostic-code", "")
    type_, separator, reply = value.partition(";")
    return (reply if separator and type_.strip().replace("-", "").isalnum() else value).strip()


def _recipient(fields: Fields) -> str:
    return _address(fields.get("final-recipient", "")) or _address(fields.get("original-recipient", ""))


def _address(value: str) -> str:
    """Return `rfc822; somebody@example.org` without its type and brackets."""
    return value.rpartition(";")[2].strip().strip("<>").strip()
