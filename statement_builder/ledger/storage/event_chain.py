"""The hash chain of the event log: each event carries a hash of itself and of the event before it.

The encoding is permanent. Stored hashes and archived heads depend on it. Text that a purge may erase (`why`, `data`) is
in the chain only as a salted digest, so an erased event still proves its place, and the digest does not give the text
away.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime

import msgspec

GENESIS = "0" * 64
"""What the first event continues from."""

_encode = msgspec.json.Encoder().encode


def new_salt() -> str:
    """32 random hexadecimal digits."""
    return os.urandom(16).hex()


def digest_detail(salt: str, why: str, data: str | None) -> str:
    """The salted SHA-256 of an event's text and data; empty if it has neither."""
    if not why and data is None:
        return ""
    return hashlib.sha256(_encode((salt, why, data))).hexdigest()


def link(previous: str, *, at: datetime, actor: str, batch_id: str, subject: str, what: str, detail: str) -> str:
    """The hash of an event that follows the one with the hash `previous`: SHA-256 over that hash and a JSON array."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous.encode() + _encode((moment, actor, batch_id, subject, what, detail))).hexdigest()
