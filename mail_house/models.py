"""The mail house's records: a piece of mail, a print file, a receipt. Plain data, no behavior.

A piece has its bytes, its address lines and an opaque document id: no account, no diagnosis, no date of birth.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class PieceCodes(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a piece, in the vendor's codes. Empty: what the profile orders."""

    segment: str = ""
    insert: str = ""
    return_envelope: str = ""
    message: str = ""
    """The sentence of the month on its page."""
    certified: bool = False
    """It goes by certified mail with a return receipt."""
    has_coupon: bool = True
    """The document's first page ends with a payment coupon. False: it asks for nothing, or is paid in another way."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One document in one envelope."""

    document_id: str
    sequence: int
    """Position in the batch's mailing order, from 1. A print file may hold any ascending subset."""
    pdf: bytes
    pages: int
    recipient_lines: tuple[str, ...]
    """Name and address as printed in the window: 1 to 6 lines."""
    amount_cents: int
    sha256: str
    """Of `pdf`, lower-case hex. Bytes that do not match are never mailed."""
    serial: int | None = None
    """Serial number in the Intelligent Mail barcode, not reused for 45 days; None if this barcode is not printed."""
    scanline: str = ""
    """The coupon's scan line for a lockbox scanner, as printed; empty if the document has none."""
    codes: PieceCodes = PieceCodes()
    cover_sheet_pages: int = 0
    """How many of `pages` belong to the cover sheet with a newer address, which precedes the document."""


class PrintFile(msgspec.Struct, frozen=True, kw_only=True):
    """A print vendor receives three files named `name` + `.pdf`, `.csv` and `.ctl`."""

    name: str
    pdf: bytes
    manifest: bytes
    """CSV, UTF-8, one row per piece in the order of the PDF."""
    control: bytes
    """JSON with counts and hashes of the other two. It is delivered last; from then on the vendor owns the file."""
    pages: int
    """Pages of the PDF, including declared blank backs."""
    sheets: int
    records: int
    cents: int
    sha256: str
    """Of `pdf`. The PDF contains the manifest's hash, so this one value pins both."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the vendor or mail server accepted a hand-off. Safe to store: no name, no address."""

    reference: str
    """The print file's name or the message id."""
    at: datetime
    """UTC. The write time of the control file by the receiver's clock, or the message's date."""
    detail: dict[str, str]
