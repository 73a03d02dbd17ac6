"""The nouns of the mail house: a piece of mail, a print file, a receipt. Plain data, no behaviour.

A piece knows its bytes, its address lines and an opaque document id: no account, no diagnosis, no date of birth.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it goes into one envelope."""

    document_id: str
    sequence: int
    """Its place in the batch's mailing order, from 1. A print file may hold any ascending choice of them."""
    pdf: bytes
    pages: int
    recipient_lines: tuple[str, ...]
    """Name and address as printed in the window, 1 to 6 lines."""
    amount_cents: int
    sha256: str
    """Of `pdf`, lower-case hex: bytes that do not match are never mailed."""
    serial: int | None = None
    """The mailer's number for it in the Intelligent Mail barcode, not used again for 45 days; None where this
    house prints no such barcode."""
    scanline: str = ""
    """What the coupon says to a lockbox's scanner, as printed; empty where it has no such line."""
    cover_sheet_pages: int = 0
    """Of `pages`: the sheet with a newer address that goes before the document's own."""


class PrintFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a print vendor gets: three files named `name` + `.pdf`, `.csv` and `.ctl`."""

    name: str
    pdf: bytes
    manifest: bytes
    """CSV, UTF-8, one row a piece in the order of the PDF."""
    control: bytes
    """JSON with counts and hashes of the other two; written last: from then on the vendor owns the file."""
    pages: int
    """Pages of the PDF, the declared blank backs included."""
    sheets: int
    records: int
    cents: int
    sha256: str
    """Of `pdf`. The PDF carries its manifest's hash, so that this one value pins both."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The other side has it. Safe to store: no name, no address."""

    reference: str
    """The print file's name, or the message id."""
    at: datetime
    """UTC: when the control file was written (by the receiving side's clock), or the message's own date."""
    detail: dict[str, str]
