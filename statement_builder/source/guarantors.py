"""Checks and builds the guarantor row: addresses, language, delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.billing.languages import SOURCE_LANGUAGE, document_language, is_served
from statement_builder.billing.model import Fault, Guarantor
from statement_builder.source.contract import RESULT_SETS
from statement_builder.source.faults import account_fault
from statement_builder.source.recipients import RecipientRow, build_address, consent_columns
from statement_builder.source.row_validation import Row

_ADDRESS = RESULT_SETS["guarantors"].index("address_lines")
_CONFIDENTIAL = RESULT_SETS["guarantors"].index("confidential_lines")
_EMAIL = RESULT_SETS["guarantors"].index("email")


def find_guarantor_faults(row: Row, as_of: date) -> Iterator[Fault]:
    """Faults of the guarantor row that no single column shows."""
    email, _, _, delivery, consent_at, *_ = row[_EMAIL:]
    checked = RecipientRow("guarantors", row[1])
    if RECIPIENT_SEPARATOR in row[1]:
        yield account_fault(
            "guarantors",
            "guarantor_id",
            row[1],
            code="ID",
            problem=f"contains {RECIPIENT_SEPARATOR}, which separates a guarantor from another recipient",
            fix="Return another id in the queries.",
        )
    yield from checked.find_address_faults(row[_ADDRESS:_CONFIDENTIAL], lines_column="address_lines", prefix="")
    yield from checked.find_address_faults(
        row[_CONFIDENTIAL:_EMAIL], lines_column="confidential_lines", prefix="confidential_"
    )
    yield from checked.find_email_faults(email, delivery, consent_at, as_of)


def build_guarantor(row: Row, languages: frozenset[str]) -> Guarantor:
    """The guarantor of a valid row. `languages`: codes that documents exist in."""
    email, language, large_print, delivery, consent_at, email_secret, birth_on, *rest = row[_EMAIL:]
    *consent, other_format, asked_on = rest
    lines, city, _, postal_code, _ = confidential = row[_CONFIDENTIAL:_EMAIL]
    return Guarantor(
        guarantor_id=row[1],
        first_name=row[2] or "",
        last_name=row[3],
        suffix=row[4] or "",
        address=build_address(row[_ADDRESS:_CONFIDENTIAL]),
        confidential_address=build_address(confidential) if lines or city or postal_code else None,
        email=email or "",
        language=document_language(language or SOURCE_LANGUAGE, languages),
        other_language=language if language and not is_served(language, languages) else "",
        large_print=bool(large_print),
        delivery=delivery,
        email_consent_at=consent_at.astimezone(UTC) if consent_at is not None else None,
        email_secret=email_secret or "",
        birth_on=birth_on,
        **consent_columns(consent),
        alternate_format=other_format,
        alternate_format_requested_on=asked_on,
    )
