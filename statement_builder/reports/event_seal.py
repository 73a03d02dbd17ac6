"""The seal of the event log: its last hash when a batch closes, signed if a key is set.

It is printed on the control sheet and archived beside it. An intruder who rewrites the log, with every hash in it,
cannot make it fit a seal that is out of reach.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import EventHead

KEY_VARIABLE = "STATEMENTS_EVENT_KEY"
KEY_CHARACTERS_MIN = 32
_KEY_ID_CHARACTERS = 8


class EventSeal(Record, kw_only=True):
    """The last event before a batch closed. Its hash covers all events up to it, of every batch in the ledger."""

    facility: str
    batch: str
    event: int
    sha256: str
    sealed_at: datetime
    key: str = ""
    """Which key signed it: the start of the key's own SHA-256. Empty: it is not signed."""
    signature: str = ""
    """HMAC-SHA256 of the JSON without these two fields, as hexadecimal digits."""


def read_event_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The keys in the environment: the first signs, and all verify. Empty if there is none.

    `ConfigError` if one is too short to withstand guessing.
    """
    keys = tuple(key.strip() for key in environ.get(KEY_VARIABLE, "").split(",") if key.strip())
    if any(len(key) < KEY_CHARACTERS_MIN for key in keys):
        raise ConfigError(
            f"{KEY_VARIABLE} must have at least {KEY_CHARACTERS_MIN} characters in each key. Make one with "
            "`openssl rand -hex 32`."
        )
    return keys


def make_seal(head: EventHead, *, facility_id: str, batch_id: str, at: datetime, keys: Sequence[str]) -> EventSeal:
    """Seal the event log at `head` (`at` in UTC). Not signed without a key."""
    seal = EventSeal(facility=facility_id, batch=batch_id, event=head.event_id, sha256=head.sha256, sealed_at=at)
    return replace(seal, key=_key_id(keys[0]), signature=_sign(seal, keys[0])) if keys else seal


def encode_seal(seal: EventSeal) -> bytes:
    return msgspec.json.encode(seal) + b"\n"


def find_seal_fault(seal: EventSeal, keys: Sequence[str]) -> str:
    """What is wrong with the signature; empty if it is right, or if neither a key nor a signature is there."""
    if not seal.signature:
        return ""
    known = {_key_id(key): key for key in keys}
    if seal.key not in known:
        return f"is signed with key {seal.key}, which is not in {KEY_VARIABLE}: add it after the current key"
    return "" if hmac.compare_digest(_sign(seal, known[seal.key]), seal.signature) else "has a wrong signature"


def _sign(seal: EventSeal, key: str) -> str:
    message = msgspec.json.encode(replace(seal, key="", signature=""))
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_KEY_ID_CHARACTERS]
