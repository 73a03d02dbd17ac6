"""The nouns: what a vendor says, in whatever form it came."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec


class PieceState(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    MAILED = "mailed"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETURNED = "returned"


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor has a print file and says whether it will print it."""

    print_file: str
    records: int
    sha256: str
    """Of the PDF that was received."""
    on: date
    rejected: bool
    reason: str


class JobMailed(msgspec.Struct, frozen=True, kw_only=True):
    """All pieces of a print file that were printed are in the mail; so many."""

    print_file: str
    pieces: int
    on: date
    reason: str


class PieceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one piece. `print_file` is empty where the vendor does not say in which."""

    document_id: str
    print_file: str
    state: PieceState
    on: date
    reason: str
    """In the vendor's code, safe to store: no name, no address."""


class AddressChange(msgspec.Struct, frozen=True, kw_only=True):
    """The recipient has moved (NCOA). The new address stays in the file: it is for the billing system to take."""

    document_id: str
    move_type: str
    """`I` individual, `F` family, `B` business."""
    on: date


DeliveryReport = Acknowledgement | JobMailed | PieceReport | AddressChange
