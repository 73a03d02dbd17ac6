"""What our own mail server found out about the sender of a message: its Authentication-Results header (RFC 8601)."""

from __future__ import annotations

import re
from typing import NamedTuple

from mail_house.bounces.mime import Parsed, address_in, parse

_COMMENTS = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(dkim|dmarc|arc)\s*=\s*([a-z]+)", re.IGNORECASE)
_SIGNER = re.compile(r"\bheader\.(?:d=|i=[^\s@;]{0,64}@)([^\s;]{1,255})", re.IGNORECASE)
"""The local part and the domain have at most these lengths (RFC 5321, 4.5.3.1)."""
_HEADERS_MAX = 10
"""Our server writes one, and each forwarder in front of it at most one more."""
_HEADER_CHARACTERS_MAX = 8_000
_FAILED = frozenset({"fail", "permerror"})


def is_sender_refuted(message_bytes: bytes, authserv_id: str) -> bool:
    """Whether our mail server says that the address in `From` is not the sender's.

    `authserv_id` is the name that our server puts first in the header; headers of other servers are ignored, since a
    sender can write them. False if our server says nothing, and for a queued notification.
    """
    if not authserv_id or message_bytes.lstrip()[:1] == b"{":
        return False
    message = parse(message_bytes)
    domain = address_in(message, "From").rpartition("@")[2].lower()
    found = [result for value in _trusted_values(message, authserv_id) for result in _read_results(value)]
    if any(each.method in {"arc", "dmarc"} and each.result == "pass" for each in found):
        return False  # ARC: a forwarder that broke DKIM vouches for it (RFC 8617)
    if any(each.method == "dkim" and each.result == "pass" and _is_aligned(each.signer, domain) for each in found):
        return False
    return any(each.method in {"dkim", "dmarc"} and each.result in _FAILED for each in found)


class _Result(NamedTuple):
    method: str
    result: str
    signer: str
    """The domain whose signature DKIM checked."""


def _is_aligned(signer: str, domain: str) -> bool:
    """Whether one domain is the other, or below it (RFC 7489, 3.1.1, relaxed)."""
    return bool(signer) and (f".{domain}".endswith(f".{signer}") or f".{signer}".endswith(f".{domain}"))


def _trusted_values(message: Parsed, authserv_id: str) -> list[str]:
    headers = message.get_all("Authentication-Results", [])[:_HEADERS_MAX]
    values = [_COMMENTS.sub(" ", str(value)[:_HEADER_CHARACTERS_MAX]) for value in headers]
    return [value for value in values if value.partition(";")[0].split()[:1] == [authserv_id]]


def _read_results(value: str) -> list[_Result]:
    results = []
    for clause in value.split(";")[1:]:
        if found := _RESULT.match(clause):
            signer = _SIGNER.search(clause)
            results.append(_Result(found[1].lower(), found[2].lower(), signer[1].lower() if signer else ""))
    return results
