"""Delivery status notifications (RFC 3464), also those whose parts have lost their types or their boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mail_house.bounces.bounce import Bounce, BounceKind, find_status, kind_of
from mail_house.bounces.mime import Parsed, report_parts, text_of

_FIELD = re.compile(r"([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)")
_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\d)")
_ONCE = frozenset({"action", "final-recipient", "original-recipient"})
_DELIVERED = frozenset({"delivered", "relayed", "expanded"})

Fields = dict[str, str]


def read_status_report(message: Parsed) -> list[Bounce] | None:
    """One bounce for each recipient that the report names; those delivered are left out."""
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
    return [_read_recipient(fields) for fields in recipients if fields["action"].lower() not in _DELIVERED]


def _read_groups(text: str, *, strict: bool) -> Iterator[Fields]:
    """Every group of fields that tells of a recipient; in running text only one that has all of its marks."""
    for fields in _read_fields(text):
        names_recipient = "final-recipient" in fields or "original-recipient" in fields
        if "action" in fields and (names_recipient or not strict):
            yield fields


def _read_fields(text: str) -> Iterator[Fields]:
    """Groups of fields: an empty line ends one, and so does a second recipient or action, where a server left it out.

    Folded lines are joined, the marks of a quotation are taken off.
    """
    fields: Fields = {}
    name = ""
    for quoted in [*text.splitlines(), ""]:
        line = re.sub(r"^(?:> ?)+", "", quoted).rstrip()
        if name and line[:1] in {" ", "\t"}:
            fields[name] += " " + line.strip()
            continue
        found = _FIELD.fullmatch(line)
        name = found[1].lower() if found else ""
        if not line or (name in _ONCE and name in fields):
            yield fields
            fields = {}
        if found:
            fields.setdefault(name, found[2].strip())


def _read_recipient(fields: Fields) -> Bounce:
    stated = _CODE.match(fields.get("status", ""))
    status = stated[0] if stated else find_status(_diagnostic(fields))
    delayed = fields["action"].lower() in {"delayed", "expired"}
    kind = kind_of(status)
    if kind is BounceKind.UNCLEAR and delayed:
        kind = BounceKind.SOFT
    return Bounce(
        recipient=_address(fields.get("final-recipient") or fields.get("original-recipient", "")),
        status=status,
        kind=kind,
        still_trying=fields["action"].lower() == "delayed",
    )


def _diagnostic(fields: Fields) -> str:
    """`smtp; 550 …` without its type."""
    return fields.get("diagnostic-code", "").partition(";")[2].strip()


def _address(value: str) -> str:
    """`rfc822; somebody@example.org` without its type and brackets."""
    return value.rpartition(";")[2].strip().strip("<>").strip()
