"""DKIM (RFC 6376): the signature that proves to a receiver that the hospital's domain sent a message.

dkimpy does the canonicalization. Its signer computes RSA in Python, twenty times slower than OpenSSL (ADR 20), so
`cryptography` signs.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.canonicalization import Relaxed

# RFC 6376, 5.4.1. RFC 8058, 4 requires both unsubscribe headers. From is listed twice so that none can be added.
_SIGNED = (
    *("From", "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"),
)
_NAMES = ":".join(_SIGNED).lower().replace(":list", ":\r\n list", 1)
"""The `h=` tag of the signature, on two lines."""
_KEY_BITS_MIN = 1024
"""Receivers ignore signatures of shorter keys (RFC 8301, 3.2)."""


class DkimKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public key is published at `selector._domainkey.domain`."""

    domain: str
    selector: str
    private_key: RSAPrivateKey


def load_dkim_key(*, domain: str, selector: str, key_file: str) -> DkimKey:
    """Load the key. Raises ValueError if the file is missing or is not a usable RSA key."""
    try:
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as exc:  # TypeError: the key has a password
        raise _unusable_key(type(exc).__name__) from exc
    if not isinstance(key, RSAPrivateKey) or key.key_size < _KEY_BITS_MIN:
        raise _unusable_key(f"not RSA, or shorter than {_KEY_BITS_MIN} bits")
    return DkimKey(domain=domain, selector=selector, private_key=key)


def sign(data: bytes, key: DkimKey, *, at: datetime) -> bytes:
    """Return the message with a signature of time `at` (UTC) before it. The result is deterministic."""
    head, _, body = data.partition(b"\r\n\r\n")
    tags = (
        "v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
        f" d={key.domain}; s={key.selector}; t={int(at.timestamp())};\r\n"
        f" h={_NAMES};\r\n"
        f" bh={_hash_body(body)};\r\n b="
    ).encode("ascii")
    fields = [*_pick_signed(head), (b"DKIM-Signature", tags)]
    canonical = b"".join(name + b":" + value for name, value in Relaxed.canonicalize_headers(fields))
    signature = base64.b64encode(key.private_key.sign(canonical.removesuffix(b"\r\n"), PKCS1v15(), SHA256()))
    lines = (signature[start : start + 72] for start in range(0, len(signature), 72))
    return b"DKIM-Signature: " + tags + b"\r\n ".join(lines) + b"\r\n" + data


@functools.lru_cache(maxsize=8)
def _hash_body(body: bytes) -> str:
    """Cached: many messages have the same body."""
    return base64.b64encode(hashlib.sha256(Relaxed.canonicalize_body(body)).digest()).decode("ascii")


def _pick_signed(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers to sign, in the order of `_SIGNED`. For a repeated name the last header comes first
    (RFC 6376, 5.4.2); a missing header adds nothing."""
    found: defaultdict[bytes, list[tuple[bytes, bytes]]] = defaultdict(list)
    for field in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = field.partition(b":")
        found[name.lower()].append((name, value))
    return [found[name].pop() for name in (each.lower().encode("ascii") for each in _SIGNED) if found[name]]


def _unusable_key(reason: str) -> ValueError:
    return ValueError(f"email: STATEMENTS_DKIM_KEY must name a file with an RSA private key in PEM ({reason})")
