"""Sheet counts and envelope classes."""

from __future__ import annotations

from typing import Literal

from mail_house.profiles import Profile

EnvelopeClass = Literal["letter", "flat"]


def sheets_of(pages: int, profile: Profile) -> int:
    """Return the sheets for this many pages: two pages per sheet if the vendor prints duplex."""
    return -(-pages // 2) if profile.duplex else pages


def envelope_class(pages: int, profile: Profile) -> EnvelopeClass:
    """Return the smallest envelope for a document of this many pages.

    Raises ValueError for a document longer than `profile.pages_max`: it fits no envelope.
    """
    if pages < 1:
        raise ValueError(f"a document of {pages} pages cannot be mailed")
    sheets = sheets_of(pages, profile)
    if sheets > profile.sheets_flat_max:
        raise ValueError(f"{sheets} sheets are more than a flat envelope holds ({profile.sheets_flat_max})")
    return "letter" if sheets <= profile.sheets_letter_max else "flat"
