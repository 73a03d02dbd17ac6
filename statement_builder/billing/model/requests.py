"""What somebody asked for."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record
from statement_builder.billing.request_terms import Correction, RequestObstacle


class RequestKind(StrEnum):
    """What people ask the billing office for. The values are those of `billing.selection.Kind`."""

    INVOICE = "invoice"
    VERIFICATION = "verification"
    """The person disputes the bill of a visit, or asks the hospital to verify it."""


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
    reviewed_on: date | None = None
    """When the billing office finished its review. None: not yet."""
    corrected: tuple[Correction, ...] = ()
    """What the review corrected. Empty after a review: the bill was correct."""
    obstacle: RequestObstacle | None = None
    """Why an itemized bill is not sent. None: nothing that a person recorded."""
    expected_on: date | None = None
    """The day by which the itemized bill will be sent, as recorded by a person."""
    answer_by: date | None = None
    """The last day for the answer, by the state's law or the policy. None: not calculated."""
    state_rule: str = ""
    """The state whose law asks for the document (`policy.states.itemized_bills`). Empty: a person asked."""
