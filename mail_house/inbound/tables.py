"""The CSV files of print vendors and of the portal (RFC 4180, UTF-8), one schema each. The header identifies it.

Every column is required, and no other is allowed. Letter case does not
matter in ids and codes. A value that is not valid is described in words; it is quoted only if it looks like a code.
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
    Viewed,
    means_deceased,
)
from mail_house.secret import CODE

DocumentId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
FileName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,200}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
"""Pieces of one print file: it has a few thousand."""
Code = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,32}\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Line = Annotated[str, msgspec.Meta(max_length=200)]
RequiredLine = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

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
_DATE = "a date, such as 2026-11-09"
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
    pdf_sha256: Sha256
    received_on: date
    reason: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{0,32}\Z")]

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
    new_line_1: RequiredLine
    new_line_2: Line
    new_city: RequiredLine
    new_state: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
    new_zip: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{5}(-?[0-9]{4})?\Z")]

    def to_report(self) -> DeliveryReport:
        return AddressChange(document_id=self.document_id, move_type=self.move_type, on=self.effective_on)


class ViewedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_id: DocumentId
    viewed_on: date
    token: Annotated[str, msgspec.Meta(pattern=rf"\A{CODE}\Z")]

    def to_report(self) -> DeliveryReport:
        return Viewed(document_id=self.document_id, on=self.viewed_on, token=self.token)


Row = AcknowledgementRow | JobRow | MailedRow | RejectRow | ReturnedRow | AddressChangeRow | ViewedRow

TABLES: Mapping[str, type[Row]] = {
    "acknowledgement": AcknowledgementRow,
    "mailed jobs": JobRow,
    "mailed pieces": MailedRow,
    "rejects": RejectRow,
    "returned mail": ReturnedRow,
    "address changes": AddressChangeRow,
    "documents viewed": ViewedRow,
}
"""File type to its row schema."""

_LOWER = frozenset({"document_id", "pdf_sha256", "status", "token"})
_UPPER = frozenset({"move_type", "new_state"})
_MUST_BE = {
    "document_id": "a document id as in the manifest, such as 3f2504e0-4f89-51d3-9a0c-0305e82c3301",
    "print_file": "the name of a print file, such as STMT_LAKESIDE_2026-11_20261107_2026-11-statement_001",
    "status": "accepted, duplicate, or rejected",
    "records": "the number of pieces, such as 120",
    "pieces": "the number of pieces, such as 120",
    "token": "the token that the portal feed has for the document: 16 letters and digits",
    "pdf_sha256": "the SHA-256 of the PDF: 64 hexadecimal digits",
    "job_id": "a code of up to 32 letters, digits, dots, and hyphens",
    "reason": "a code of up to 32 letters, digits, dots, and hyphens",
    "return_code": "a code of up to 32 letters, digits, dots, and hyphens",
    "return_reason": "a reason of up to 100 characters, such as UTF",
    "move_type": "I (individual), F (family), or B (business)",
    "new_line_1": "an address line of up to 200 characters",
    "new_line_2": "an address line of up to 200 characters, or empty",
    "new_city": "a city of up to 200 characters",
    "new_state": "a state of two letters, such as MA",
    "new_zip": "a ZIP Code, such as 02110 or 02110-1234",
    **dict.fromkeys(("received_on", "mailed_on", "rejected_on", "returned_on", "effective_on", "viewed_on"), _DATE),
}
"""Column → what its value must be, for messages."""
_QUOTABLE = frozenset({"status", "move_type", "reason", "job_id", "return_code", "records", "pieces"})
_PDF = ".pdf"


def read_values(values: Mapping[str, str], schema: type[Row]) -> Row:
    """The row of these columns. Raises ValueError that names the first wrong column and what it must be."""
    normal = {name: _normalize(name, value) for name, value in values.items()}
    try:
        return msgspec.convert(normal, schema, strict=False)
    except msgspec.ValidationError as exc:
        raise ValueError(_describe(normal, schema)) from exc


def _normalize(column: str, value: str) -> str:
    if column in _LOWER:
        return value.lower()
    if column in _UPPER:
        return value.upper()
    is_pdf = column == "print_file" and value[-len(_PDF) :].lower() == _PDF
    return value[: -len(_PDF)] if is_pdf else value


def _describe(values: Mapping[str, str], schema: type[Row]) -> str:
    for field in msgspec.structs.fields(schema):
        value = values[field.name]
        try:
            msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError:
            quoted = f"is {value!r}" if field.name in _QUOTABLE and _SAFE_TO_QUOTE.fullmatch(value) else "is not valid"
            what = "is empty" if not value else quoted
            return f"{field.name} {what}: it must be {_MUST_BE[field.name]}"
    raise AssertionError("a row is not valid, and each of its values is")
