"""DKIM (RFC 6376): the signature by which a receiver knows that the hospital's domain sent a message.

The canonical form is dkimpy's; its own signer works out RSA in Python, twenty times as slowly as OpenSSL (ADR 20).
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

# RFC 6376, 5.4.1; RFC 8058, 4 wants both unsubscribe headers covered. From is named twice, so that none can be added.
_SIGNED = (
    *("From", "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"),
)
_NAMES = ":".join(_SIGNED).lower().replace(":list", ":\r\n list", 1)
"""As they are told in the signature, on two lines."""
_KEY_BITS_MIN = 1024
"""Receivers take a shorter key's signature for none (RFC 8301, 3.2)."""


class DkimKey(msgspec.Struct, frozen=True, kw_only=True):
    """`selector._domainkey.domain` is where the public key is published."""

    domain: str
    selector: str
    private_key: RSAPrivateKey


def load_dkim_key(*, domain: str, selector: str, key_file: str) -> DkimKey:
    """Raises ValueError when the file is not there or holds no key that a message can be signed with."""
    try:
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as exc:  # TypeError: it wants a password
        raise _unfit(type(exc).__name__) from exc
    if not isinstance(key, RSAPrivateKey) or key.key_size < _KEY_BITS_MIN:
        raise _unfit("another key")
    return DkimKey(domain=domain, selector=selector, private_key=key)


def sign(data: bytes, key: DkimKey, *, at: datetime) -> bytes:
    """The message with its signature, of time `at`, before it; the same bytes each time."""
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
    """Many messages have the same."""
    return base64.b64encode(hashlib.sha256(Relaxed.canonicalize_body(body)).digest()).decode("ascii")


def _pick_signed(head: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that are signed, in the order of their names there; of several with one name the last comes first
    (RFC 6376, 5.4.2), and one that is not there adds nothing."""
    found: defaultdict[bytes, list[tuple[bytes, bytes]]] = defaultdict(list)
    for field in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = field.partition(b":")
        found[name.lower()].append((name, value))
    return [found[name].pop() for name in (each.lower().encode("ascii") for each in _SIGNED) if found[name]]


def _unfit(what: str) -> ValueError:
    return ValueError(f"email: STATEMENTS_DKIM_KEY has to name a file with an RSA private key in PEM ({what})")
