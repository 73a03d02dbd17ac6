"""The vendor's CSV files (RFC 4180, UTF-8), one schema each. The header identifies the schema.

Columns and codes: domain rules 7.2 and 7.7. Every column is required, and no other is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec

from mail_house.inbound.delivery_reports import (
    Acknowledgement,
    AddressChange,
    DeliveryReport,
    JobMailed,
    PieceReport,
    PieceState,
    means_deceased,
)

DocumentId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]

RETURN_REASONS = {
    "ANK": "attempted, not known",
    "BCNO": "box closed, no order",
    "BOX": "box closed",
    "DEC": "deceased",
    "FOE": "forwarding order expired",
    "IA": "insufficient address",
    "MLNA": "moved, left no address",
    "NMR": "no mail receptacle",
    "NSN": "no such number",
    "NSS": "no such street",
    "REF": "refused",
    "TEMP": "temporarily away",
    "UNC": "unclaimed",
    "UTF": "unable to forward",
    "VAC": "vacant",
}
"""The reasons that the postal service stamps on returned mail (Domestic Mail Manual 507, 1.4.1). `DEC` is about the
person and ends all mail to them; the others are about the address."""
_SAFE_TO_QUOTE = re.compile(r"[A-Za-z0-9_.-]{1,32}")


def read_return_reason(text: str) -> str:
    """The code in `RETURN_REASONS` that a vendor's text means. ValueError for one that is not known, so that a person
    reads it."""
    code = text.strip().upper()
    if code in RETURN_REASONS:
        return code
    if means_deceased(text):
        return "DEC"
    quoted = f"{text!r}" if _SAFE_TO_QUOTE.fullmatch(text) else "this text"
    raise ValueError(f"{quoted} is not a known return reason: use one of {', '.join(RETURN_REASONS)}")


class AcknowledgementRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    print_file: FileName
    status: Literal["accepted", "duplicate", "rejected"]
    """`duplicate`: the vendor had received it before; it is printed once."""
    records: Count
    pdf_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    received_on: date
    reason: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{0,32}$")]

    def to_report(self) -> DeliveryReport:
        return Acknowledgement(
            print_file=self.print_file,
            records=self.records,
            sha256=self.pdf_sha256,
            on=self.received_on,
            rejected=self.status == "rejected",
            reason=self.reason or self.status,
        )


class JobRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    print_file: FileName
    pieces: Count
    mailed_on: date
    job_id: Code

    def to_report(self) -> DeliveryReport:
        return JobMailed(print_file=self.print_file, pieces=self.pieces, on=self.mailed_on, reason=self.job_id)


class MailedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_id: DocumentId
    print_file: FileName
    mailed_on: date
    job_id: Code

    def to_report(self) -> DeliveryReport:
        return PieceReport(
            document_id=self.document_id,
            print_file=self.print_file,
            state=PieceState.MAILED,
            on=self.mailed_on,
            reason=self.job_id,
        )


class RejectRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_id: DocumentId
    print_file: FileName
    rejected_on: date
    reason: Code

    def to_report(self) -> DeliveryReport:
        return PieceReport(
            document_id=self.document_id,
            print_file=self.print_file,
            state=PieceState.REJECTED,
            on=self.rejected_on,
            reason=self.reason,
        )


class ReturnedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_id: DocumentId
    returned_on: date
    return_reason: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    """A code in `RETURN_REASONS`, in capitals or not, or any spelling of *deceased*."""

    def to_report(self) -> DeliveryReport:
        return PieceReport(
            document_id=self.document_id,
            print_file="",
            state=PieceState.RETURNED,
            on=self.returned_on,
            reason=read_return_reason(self.return_reason),
        )


class AddressChangeRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new address must be present, but it is not passed on."""

    document_id: DocumentId
    move_type: Literal["I", "F", "B"]
    effective_on: date
    return_code: Code
    new_line_1: Annotated[str, msgspec.Meta(min_length=1)]
    new_line_2: str
    new_city: Annotated[str, msgspec.Meta(min_length=1)]
    new_state: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
    new_zip: Annotated[str, msgspec.Meta(pattern=r"^\d{5}(-?\d{4})?$")]

    def to_report(self) -> DeliveryReport:
        return AddressChange(document_id=self.document_id, move_type=self.move_type, on=self.effective_on)


Row = AcknowledgementRow | JobRow | MailedRow | RejectRow | ReturnedRow | AddressChangeRow

TABLES: Mapping[str, type[Row]] = {
    "acknowledgement": AcknowledgementRow,
    "mailed jobs": JobRow,
    "mailed pieces": MailedRow,
    "rejects": RejectRow,
    "returned mail": ReturnedRow,
    "address changes": AddressChangeRow,
}
"""File type to its row schema."""
