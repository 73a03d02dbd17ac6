"""Bring the hospital's own names and addresses into the form that intake gives the patients'."""

from __future__ import annotations

import re

from msgspec.structs import replace

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Address
from statement_builder.billing.postal import STATES, is_domestic, normalize_address, zip_code
from statement_builder.billing.text import DAMAGED, FORBIDDEN, LINE_ENDS, clean_text
from statement_builder.errors import ConfigError

_TEXTS = ("name", "remit_name", "phone", "phone_hours", "assistance_phone", "tax_id")
_ADDRESSES = ("return_address", "remit_address", "assistance_address")
_DELIVERY_LINES_MAX = 3
_unprintable = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]").search


def normalize_facility(facility: Facility, where: str) -> Facility:
    """The facility as pages print it. ConfigError names what is blank, cannot be printed, or is no complete address.

    `where` is the settings file.
    """
    texts = {name: _normalize_text(getattr(facility, name), f"{where}: facility.{name}") for name in _TEXTS}
    addresses = {name: _normalize_address(getattr(facility, name), f"{where}: facility.{name}") for name in _ADDRESSES}
    return replace(facility, **texts, **addresses)


def _normalize_text(text: str, what: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise ConfigError(f"{what} is blank, and pages print it")
    if _unprintable(cleaned):
        raise ConfigError(f"{what} must be one line without control characters")
    return cleaned


def _normalize_address(address: Address, what: str) -> Address:
    try:
        found = normalize_address(address)
    except ValueError as exc:
        raise ConfigError(f"{what}: {exc}") from exc
    if any(map(_unprintable, (*found.lines, found.city, found.state, found.postal_code))):
        raise ConfigError(f"{what} must have no control character, and no line end in the city")
    if not is_domestic(found):
        raise ConfigError(f"{what} must be in the United States: mail and payments could not come back to it")
    if not 1 <= len(found.lines) <= _DELIVERY_LINES_MAX:
        raise ConfigError(f"{what} must have 1 to {_DELIVERY_LINES_MAX} lines above the city")
    if not found.city:
        raise ConfigError(f"{what} has no city")
    if found.state not in STATES:
        raise ConfigError(f"{what}: the state must be a two-letter code, such as MA")
    if not zip_code(found.postal_code):
        raise ConfigError(f"{what}: the postal code must be a ZIP Code, such as 01103 or 01103-1234")
    return found
