"""The records of vendors' delivery reports, independent of the file format."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

import msgspec

_DEATH = re.compile(
    r"(?<![A-Z])(?:(?<!\d)(?<!\d[ -])DEC(?![A-Z])(?![^A-Z]*\d)"
    r"|(?:DECD|DCSD|DECEASE[DS]?|FALLECID[OA]|DIFUNT[OA])(?![A-Z]))"
)
"""`9 Dec` and `Dec 9` are dates."""


def means_deceased(reason: str) -> bool:
    """Whether a vendor's reason says that the addressee has died: the postal service's `DEC`, or a vendor's spelling
    of it, alone or among other words, as in `RTS-Deceased`."""
    return _DEATH.search(reason.upper()) is not None


class PieceState(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    MAILED = "mailed"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETURNED = "returned"


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor received a print file and reports whether it will print it."""

    print_file: str
    records: int
    sha256: str
    """Of the PDF that the vendor received."""
    on: date
    rejected: bool
    reason: str


class JobMailed(msgspec.Struct, frozen=True, kw_only=True):
    """All printed pieces of a print file are in the mail. `pieces` is their number."""

    print_file: str
    pieces: int
    on: date
    reason: str


class PieceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one piece. `print_file` is empty if the vendor does not name it."""

    document_id: str
    print_file: str
    state: PieceState
    on: date
    reason: str
    """The vendor's code. Safe to store: no name, no address."""

    @property
    def says_deceased(self) -> bool:
        """The piece was returned or rejected because its addressee has died."""
        return self.state in {PieceState.RETURNED, PieceState.REJECTED} and means_deceased(self.reason)


class AddressChange(msgspec.Struct, frozen=True, kw_only=True):
    """The recipient has moved (NCOA). The new address stays in the file; it must be entered in the billing system."""

    document_id: str
    move_type: str
    """`I` individual, `F` family, `B` business."""
    on: date


class Viewed(msgspec.Struct, frozen=True, kw_only=True):
    """The portal showed the document to its reader."""

    document_id: str
    on: date
    token: str
    """The proof that it is the portal that says so (`mail_house.portal`)."""


DeliveryReport = Acknowledgement | JobMailed | PieceReport | AddressChange | Viewed
