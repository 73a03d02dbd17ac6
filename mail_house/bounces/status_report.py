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
_ONCE = frozenset({"action", "final-recipient", "original-recipient"})
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
    return [_read_recipient(fields) for fields in recipients if fields["action"].lower() not in _DELIVERED]


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
    """Return `smtp; 550 …` without its type."""
    return fields.get("diagnostic-code", "").partition(";")[2].strip()


def _address(value: str) -> str:
    """Return `rfc822; somebody@example.org` without its type and brackets."""
    return value.rpartition(";")[2].strip().strip("<>").strip()
