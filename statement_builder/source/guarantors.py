"""Checks and builds the guarantor row: addresses, language, delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta

from email_validator import EmailNotValidError, validate_email

from statement_builder.billing.countries import UNITED_STATES, country_code
from statement_builder.billing.model import Address, Delivery, Fault, Guarantor
from statement_builder.billing.postal import STATES, make_address, zip_code
from statement_builder.source.column_types import TEXT_CHARACTERS_MAX
from statement_builder.source.contract import RESULT_SETS
from statement_builder.source.faults import account_fault
from statement_builder.source.row_validation import Row

DELIVERY_LINES_MAX = 3
"""Five lines with the name and the city: the most that fits the envelope window at a readable size."""

_ADDRESS = RESULT_SETS["guarantors"].index("address_lines")
_CONFIDENTIAL = RESULT_SETS["guarantors"].index("confidential_lines")
_ADDRESS_COLUMNS = _CONFIDENTIAL - _ADDRESS
_EMAIL = RESULT_SETS["guarantors"].index("email")


def find_guarantor_faults(row: Row, as_of: date, languages: frozenset[str]) -> Iterator[Fault]:
    """Faults of the guarantor row that no single column shows. `languages`: codes that templates exist in."""
    guarantor_id = row[1]
    email, language, _, delivery, consent_at, *_ = row[_EMAIL:]
    if language is not None and language not in languages:
        yield account_fault(
            "guarantors",
            "language",
            guarantor_id,
            code="LANGUAGE",
            problem="has no document templates",
            fix="Add templates for the language, or set it to one of: " + ", ".join(sorted(languages)) + ".",
        )
    for prefix, index in (("", _ADDRESS), ("confidential_", _CONFIDENTIAL)):
        lines = tuple(row[index].split("\n")) if row[index] else ()
        yield from _find_address_faults(guarantor_id, f"{prefix or 'address_'}lines", lines)
        yield from _find_country_faults(guarantor_id, f"{prefix}country", row[index : index + _ADDRESS_COLUMNS])
    if delivery is Delivery.EMAIL and email and not _is_email(email):
        yield account_fault(
            "guarantors",
            "email",
            guarantor_id,
            code="EMAIL",
            problem="is not a valid e-mail address, but delivery is email",
            fix="Correct the address, or set delivery to paper.",
        )
    # Allow one day: the time is in UTC, the as-of date is local to the facility.
    if consent_at is not None and consent_at.astimezone(UTC).date() > as_of + timedelta(days=1):
        yield account_fault(
            "guarantors",
            "email_consent_at",
            guarantor_id,
            code="FUTURE",
            problem="is after the as-of date",
            fix="Correct the time in the billing system.",
        )


def _find_address_faults(guarantor_id: str, column: str, lines: tuple[str, ...]) -> Iterator[Fault]:
    if len(lines) > DELIVERY_LINES_MAX:
        yield account_fault(
            "guarantors",
            column,
            guarantor_id,
            code="ADDRLINES",
            problem=f"has {len(lines)} lines; the envelope window has room for {DELIVERY_LINES_MAX}",
            fix=f"Shorten the address to {DELIVERY_LINES_MAX} lines above the city.",
        )
    elif any(len(line) > TEXT_CHARACTERS_MAX for line in lines):
        yield account_fault(
            "guarantors",
            column,
            guarantor_id,
            code="LONG",
            problem="has a line that is too long",
            fix=f"Shorten it to at most {TEXT_CHARACTERS_MAX} characters.",
        )


def _find_country_faults(guarantor_id: str, column: str, columns: Row) -> Iterator[Fault]:
    code = country_code(columns[-1] or "")
    if code == UNITED_STATES:
        return
    if code is None:
        yield account_fault(
            "guarantors",
            column,
            guarantor_id,
            code="COUNTRY",
            problem="is not a country that we know",
            fix="Enter its two-letter code (ISO 3166-1) or its English name; leave it empty for the United States.",
        )
        return
    # A state in the wrong column reads as a country: CA is Canada, DE is Germany.
    address = _address(columns)
    misplaced = code == address.state.upper() or (code == "NA" and address.state.upper() in STATES)
    if address.country != UNITED_STATES and misplaced and zip_code(address.postal_code):
        yield account_fault(
            "guarantors",
            column,
            guarantor_id,
            code="COUNTRY",
            problem="contradicts the state and the ZIP Code, which are in the United States",
            fix="Leave the country empty for an address in the United States, or correct the state.",
        )


def build_guarantor(row: Row) -> Guarantor:
    """The guarantor of a valid row."""
    email, language, large_print, delivery, consent_at, email_secret, birth_on = row[_EMAIL:]
    lines, city, _, postal_code, _ = confidential = row[_CONFIDENTIAL:_EMAIL]
    return Guarantor(
        guarantor_id=row[1],
        first_name=row[2] or "",
        last_name=row[3],
        suffix=row[4] or "",
        address=_address(row[_ADDRESS:_CONFIDENTIAL]),
        confidential_address=_address(confidential) if lines or city or postal_code else None,
        email=email or "",
        language=language or "en",
        large_print=bool(large_print),
        delivery=delivery,
        email_consent_at=consent_at.astimezone(UTC) if consent_at is not None else None,
        email_secret=email_secret or "",
        birth_on=birth_on,
    )


def _address(columns: Row) -> Address:
    lines, city, state, postal_code, country = columns
    return make_address(lines=lines, city=city, state=state, postal_code=postal_code, country=country)


def _is_email(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
