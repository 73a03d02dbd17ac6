"""DKIM (RFC 6376): the signature by which a receiver knows that the hospital's domain sent a message."""

from __future__ import annotations

from pathlib import Path

import dkim

from mail_house.pieces import Record
from mail_house.secret import Secret

# RFC 6376, 5.4.1; RFC 8058, 4 wants both unsubscribe headers covered. From is named twice, so that none can be added.
_SIGNED = (
    *("From", "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"),
)


class DkimKey(Record, frozen=True, kw_only=True):
    """`selector._domainkey.domain` is where the public key is published."""

    domain: str
    selector: str
    private_key: Secret
    """RSA, PEM."""


def load_dkim_key(*, domain: str, selector: str, key_file: str) -> DkimKey:
    """Raises ValueError when the file is not there or holds no key that a message can be signed with."""
    try:
        key = DkimKey(domain=domain, selector=selector, private_key=Secret(Path(key_file).read_text(encoding="ascii")))
        sign(b"From: a@b.example\r\n\r\n\r\n", key)
    except (OSError, UnicodeDecodeError, dkim.DKIMException) as exc:
        raise ValueError(
            f"email: STATEMENTS_DKIM_KEY has to name a file with an RSA private key in PEM ({type(exc).__name__})"
        ) from exc
    return key


def sign(data: bytes, key: DkimKey) -> bytes:
    """The message with its signature before it. Not the same bytes each time: a signature has the time in it."""
    signature: bytes = dkim.sign(
        data,
        key.selector.encode("ascii"),
        key.domain.encode("ascii"),
        key.private_key.reveal().encode("ascii"),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name.lower().encode("ascii") for name in _SIGNED],
    )
    return signature + data
