"""The event that an answer to a request names, so that it is sent once for it."""

from __future__ import annotations

import hashlib

_FACTS_DIGITS = 32
"""Hexadecimal digits that tell an answer from another one to the same request, as many as of a plan's terms."""


def request_cause(account_number: str, request_id: str, facts: object) -> str:
    """The event id of an answer: the visit, the request, and what the answer says. Other facts are another event."""
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:_FACTS_DIGITS]
    return f"{visit_prefix(account_number)}{request_id}:{digest}"


def visit_prefix(account_number: str) -> str:
    """What every `request_cause` of a visit begins with, and no other's, whatever characters the numbers have."""
    return f"{len(account_number)}:{account_number}:"
