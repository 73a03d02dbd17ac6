"""Sheets of paper and the envelopes that take them."""

from __future__ import annotations

from typing import Literal

from mail_house.profiles import Profile

EnvelopeClass = Literal["letter", "flat"]


def sheets_of(pages: int, profile: Profile) -> int:
    """Sheets that `pages` printed pages take: two pages a sheet where the vendor prints both sides."""
    return -(-pages // 2) if profile.duplex else pages


def envelope_class(pages: int, profile: Profile) -> EnvelopeClass:
    """The smallest envelope for a document of this many pages (domain rules 7.6).

    Raises ValueError for a document longer than `profile.pages_max`: no envelope takes it.
    """
    if pages < 1:
        raise ValueError(f"a document of {pages} pages cannot be mailed")
    sheets = sheets_of(pages, profile)
    if sheets > profile.sheets_flat_max:
        raise ValueError(f"{sheets} sheets are more than the {profile.sheets_flat_max} that a flat envelope takes")
    return "letter" if sheets <= profile.sheets_letter_max else "flat"
