"""Bring the hospital's own names and addresses into the form that intake gives the patients'."""

from __future__ import annotations

import re

from msgspec.structs import replace

from statement_builder.billing.facility import Facility, FacilityTexts
from statement_builder.billing.model import Address
from statement_builder.billing.postal import STATES, is_domestic, normalize_address, zip_code
from statement_builder.billing.text import DAMAGED, FORBIDDEN, LINE_ENDS, clean_text

_TEXTS = ("name", "remit_name", "phone", "phone_hours", "assistance_phone", "tax_id")
_TRANSLATED = ("phone_hours", "phone", "assistance_phone")
_ADDRESSES = ("return_address", "remit_address", "assistance_address")
TEXT_CHARACTERS_MAX = 100
LINE_CHARACTERS_MAX = 60
_DELIVERY_LINES_MAX = 3
_has_word = re.compile(r"\w").search
_unprintable = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]").search


def normalize_facility(facility: Facility, faults: list[str]) -> Facility:
    """The facility as pages print it. What is blank, cannot be printed, or is no complete address is added to `faults`,
    as sentences that start with the setting's name."""
    texts = {name: _normalize_text(getattr(facility, name), f"facility.{name}", faults) for name in _TEXTS}
    addresses = {name: _normalize_address(getattr(facility, name), f"facility.{name}", faults) for name in _ADDRESSES}
    in_language = tuple(_normalize_texts(each, faults) for each in facility.in_language)
    return replace(facility, **texts, **addresses, in_language=in_language)


def _normalize_texts(texts: FacilityTexts, faults: list[str]) -> FacilityTexts:
    given = {name: getattr(texts, name) for name in _TRANSLATED if getattr(texts, name) or name == "phone_hours"}
    cleaned = {name: _normalize_text(text, f"facility.in_language.{name}", faults) for name, text in given.items()}
    return replace(texts, **cleaned)


def _normalize_text(text: str, what: str, faults: list[str]) -> str:
    cleaned = clean_text(text)
    if _unprintable(cleaned):
        faults.append(f"{what} must be one line without control characters")
    elif not _has_word(cleaned):
        faults.append(f"{what} is blank, and pages print it")
    elif len(cleaned) > TEXT_CHARACTERS_MAX:
        faults.append(f"{what} is too long: {TEXT_CHARACTERS_MAX} characters fit the page")
    return cleaned


def _normalize_address(address: Address, what: str, faults: list[str]) -> Address:
    try:
        found = normalize_address(address)
    except ValueError as exc:
        faults.append(f"{what}: {exc}")
        return address
    texts = (*found.lines, found.city, found.state, found.postal_code)
    if any(map(_unprintable, texts)):
        faults.append(f"{what} must have no control character, and no line end in the city")
    elif any(len(text) > LINE_CHARACTERS_MAX for text in texts):
        faults.append(f"{what} has a line that is too long: {LINE_CHARACTERS_MAX} characters fit the envelope's window")
    if not is_domestic(found):
        faults.append(f"{what} must be in the United States: mail and payments could not come back to it")
        return found
    if not 1 <= len(found.lines) <= _DELIVERY_LINES_MAX or not any(map(_has_word, found.lines)):
        faults.append(f"{what} must have 1 to {_DELIVERY_LINES_MAX} lines above the city")
    if not _has_word(found.city):
        faults.append(f"{what} has no city")
    if found.state not in STATES:
        faults.append(f"{what}: the state must be a two-letter code, such as MA")
    if not zip_code(found.postal_code):
        faults.append(f"{what}: the postal code must be a ZIP Code, such as 01103 or 01103-1234")
    return found
