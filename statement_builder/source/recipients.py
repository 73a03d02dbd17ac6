"""Checks of the columns that every recipient of mail has: address, language, e-mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email

from statement_builder.billing.countries import UNITED_STATES, country_code
from statement_builder.billing.model import Address, Delivery, Fault
from statement_builder.billing.postal import STATES, make_address, zip_code
from statement_builder.source.column_types import TEXT_CHARACTERS_MAX
from statement_builder.source.faults import account_fault
from statement_builder.source.row_validation import Row

DELIVERY_LINES_MAX = 3
"""Five lines with the name and the city: the most that fits the envelope window at a readable size."""


@dataclass(frozen=True)
class RecipientRow:
    """One row with a recipient: its result set and its key, as faults name them."""

    result_set: str
    key: str

    def find_address_faults(self, columns: Row, *, lines_column: str, prefix: str) -> Iterator[Fault]:
        """`columns`: lines, city, state, postal code, country. The names of all but the first start with `prefix`."""
        lines = tuple(columns[0].split("\n")) if columns[0] else ()
        if len(lines) > DELIVERY_LINES_MAX:
            yield self.fault(
                lines_column,
                "ADDRLINES",
                f"has {len(lines)} lines; the envelope window has room for {DELIVERY_LINES_MAX}",
                f"Shorten the address to {DELIVERY_LINES_MAX} lines above the city.",
            )
        elif any(len(line) > TEXT_CHARACTERS_MAX for line in lines):
            yield self.fault(
                lines_column,
                "LONG",
                "has a line that is too long",
                f"Shorten it to at most {TEXT_CHARACTERS_MAX} characters.",
            )
        yield from self._find_country_faults(columns, f"{prefix}country")

    def find_email_faults(
        self, email: str | None, delivery: Delivery, consent_at: datetime | None, as_of: date
    ) -> Iterator[Fault]:
        if delivery is Delivery.EMAIL and email and not _is_email(email):
            yield self.fault(
                "email",
                "EMAIL",
                "is not a valid e-mail address, but delivery is email",
                "Correct the address, or set delivery to paper.",
            )
        # Allow one day: the time is in UTC, the as-of date is local to the facility.
        if consent_at is not None and consent_at.astimezone(UTC).date() > as_of + timedelta(days=1):
            yield self.fault(
                "email_consent_at", "FUTURE", "is after the as-of date", "Correct the time in the billing system."
            )

    def fault(self, column: str, code: str, problem: str, fix: str) -> Fault:
        return account_fault(self.result_set, column, self.key, code=code, problem=problem, fix=fix)

    def _find_country_faults(self, columns: Row, column: str) -> Iterator[Fault]:
        code = country_code(columns[-1] or "")
        if code == UNITED_STATES:
            return
        if code is None:
            yield self.fault(
                column,
                "COUNTRY",
                "is not a country that we know",
                "Enter its two-letter code (ISO 3166-1) or its English name; leave it empty for the United States.",
            )
            return
        # A state in the wrong column reads as a country: CA is Canada, DE is Germany.
        address = build_address(columns)
        misplaced = code == address.state.upper() or (code == "NA" and address.state.upper() in STATES)
        if address.country != UNITED_STATES and misplaced and zip_code(address.postal_code):
            yield self.fault(
                column,
                "COUNTRY",
                "contradicts the state and the ZIP Code, which are in the United States",
                "Leave the country empty for an address in the United States, or correct the state.",
            )


def build_address(columns: Row) -> Address:
    """The address of valid columns: lines, city, state, postal code, country."""
    lines, city, state, postal_code, country = columns
    return make_address(lines=lines, city=city, state=state, postal_code=postal_code, country=country)


def consent_columns(columns: Sequence[Any]) -> dict[str, Any]:
    """The fields of a guarantor or contact from the last columns of its row: terms, source, and day of withdrawal."""
    terms, source, withdrawn_on = columns
    return {
        "email_consent_terms": terms or "",
        "email_consent_source": source or "",
        "email_consent_withdrawn_on": withdrawn_on,
    }


def _is_email(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
