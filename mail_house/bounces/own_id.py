"""Finds the id of our own message in what comes back: document, attempt and token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from mail_house.email.message import OWN_ID


class OwnId(NamedTuple):
    """Empty and 0 if the message does not show exactly one of our ids."""

    document_id: str = ""
    attempt: int = 0
    token: str = ""
    """Empty if the id shows none, or several."""


def pick_own_id(texts: Iterable[str]) -> OwnId:
    """Return the only id of ours in the texts."""
    found: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for text in texts:
        for each in OWN_ID.finditer(text):
            found[each[1].lower(), int(each[2])].add((each[3] or "").lower())
    if len(found) != 1:
        return OwnId()
    ((document_id, attempt), tokens) = found.popitem()
    tokens.discard("")
    return OwnId(document_id, attempt, tokens.pop() if len(tokens) == 1 else "")
