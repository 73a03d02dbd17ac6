"""What somebody asked for."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record


class RequestKind(StrEnum):
    """What people ask the billing office for. The values are those of `billing.selection.Kind`."""

    INVOICE = "invoice"


class RequestFormat(StrEnum):
    """The form in which somebody asked for a document."""

    STANDARD = "standard"
    LARGE_PRINT = "large_print"
    BRAILLE = "braille"
    AUDIO = "audio"
    DATA_CD = "data_cd"


PRINTED_FORMATS = frozenset({RequestFormat.STANDARD, RequestFormat.LARGE_PRINT})
"""The formats that this service makes. A person makes the others."""


class DocumentRequest(Record, kw_only=True):
    """Somebody asked for a document about one visit."""

    request_id: str
    kind: RequestKind
    asked_on: date
    format: RequestFormat = RequestFormat.STANDARD
    """Standard: as the recipient gets all mail."""
