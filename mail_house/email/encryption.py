"""Encrypts a PDF with a secret that the recipient chose. A secret that others know or can guess is refused."""

from __future__ import annotations

import io
from collections.abc import Collection

import pikepdf

from security_kit.passwords import find_weakness


def require_secret(secret: str, known: Collection[str] = ()) -> None:
    """Raise ValueError for a secret that others could know or guess; `known` as of `find_weakness`."""
    if weakness := find_weakness(secret, known):
        raise ValueError(f"the secret for its attachment {weakness}")


def encrypt_pdf(pdf: bytes, secret: str, known: Collection[str] = ()) -> bytes:
    """Encrypt with AES-256 (PDF 2.0, revision 6). Screen readers stay permitted. Raises ValueError as
    `require_secret` does."""
    require_secret(secret, known)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            out,
            encryption=pikepdf.Encryption(
                user=secret, owner=secret, R=6, aes=True, metadata=True, allow=pikepdf.Permissions(accessibility=True)
            ),
        )
    return out.getvalue()
