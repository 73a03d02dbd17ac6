"""The records of vendors' delivery reports, independent of the file format."""

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


class AddressChange(msgspec.Struct, frozen=True, kw_only=True):
    """The recipient has moved (NCOA). The new address stays in the file; it must be entered in the billing system."""

    document_id: str
    move_type: str
    """`I` individual, `F` family, `B` business."""
    on: date


DeliveryReport = Acknowledgement | JobMailed | PieceReport | AddressChange
