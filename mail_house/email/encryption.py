"""Encrypts a PDF with a secret that the recipient chose; facts that others know about the recipient are refused."""

from __future__ import annotations

import io
import re

import pikepdf

SECRET_CHARACTERS_MIN = 8

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)"
_NUMBER_OR_DATE = re.compile(rf"[\d\W_]*(?:(?:de )?{_MONTH}[a-z]*[\d\W_]*(?:de )?)?[\d\W_]*", re.IGNORECASE)


def require_secret(secret: str) -> None:
    """Raise ValueError for a secret that others could guess: too short, a number, or a date (domain rules 8)."""
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise ValueError(f"the secret for its attachment is missing or shorter than {SECRET_CHARACTERS_MIN} characters")
    if _NUMBER_OR_DATE.fullmatch(secret):
        raise ValueError("the secret for its attachment is a date or a number, which others may know; choose another")


def encrypt_pdf(pdf: bytes, secret: str) -> bytes:
    """Encrypt with AES-256 (PDF 2.0, revision 6). Screen readers stay permitted. Raises ValueError as
    `require_secret` does."""
    require_secret(secret)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            out,
            encryption=pikepdf.Encryption(
                user=secret, owner=secret, R=6, aes=True, metadata=True, allow=pikepdf.Permissions(accessibility=True)
            ),
        )
    return out.getvalue()
