"""The one definition of a postal address: domestic or foreign, its ZIP Code, and its last lines on the envelope."""

from __future__ import annotations

import re
import unicodedata

from statement_builder.billing.countries import UNITED_STATES, country_code, find_country
from statement_builder.billing.model import Address
from statement_builder.billing.text import clean_lines, clean_text

_STATE_CODES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP"
)
STATES = frozenset(_STATE_CODES.split())
"""USPS Publication 28, appendix B: states, territories, and military mail."""
_TERRITORIES = frozenset(("AS", "GU", "MP", "PR", "VI", "FM", "MH", "PW"))
"""Have a country code of their own, and are domestic mail with this state (Publication 28, appendix B)."""
_ZIP = re.compile(r"([0-9]{5})(?:[ -]*([0-9]{4})?)?-?")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_PLACEHOLDERS = ("00000", "99999")
_LOWEST = "00501"


def zip_code(text: str) -> str:
    """A ZIP Code in its one form, `01103` or `01103-1234`; `""` if the text is none.

    Accepts 5 or 9 digits with a hyphen, a space or nothing between. `0000` after the first five digits is filler and is
    left out. 00000, 99999 and numbers below 00501, the lowest in use, are not ZIP Codes.
    """
    found = _ZIP.fullmatch(text)
    if found is None:
        plain = clean_text(unicodedata.normalize("NFKC", text).translate(_DASHES))
        if plain == text or (found := _ZIP.fullmatch(plain)) is None:
            return ""
    first, more = found[1], found[2]
    if first in _PLACEHOLDERS or first < _LOWEST:
        return ""
    return f"{first}-{more}" if more and more != "0000" else first


def make_address(
    *, lines: str | None, city: str | None, state: str | None, postal_code: str | None, country: str | None
) -> Address:
    """The address in its one form: a country code, a ZIP Code as `01103-1234`, a state in capitals.

    What is missing or wrong stays so: the policy holds it. ValueError if the country is unknown.
    """
    code = country_code(clean_text(country or ""))
    if code is None:
        raise ValueError("the country is not known")
    # msgspec omits a default by identity. Keeping the recorded text leaves snapshots and stored digests unchanged.
    code = country if country == code else code
    state, postal_code = clean_text(state or ""), clean_text(postal_code or "")
    if code in _TERRITORIES:
        state, code = state or code, UNITED_STATES
    elif code == "UM":
        code = UNITED_STATES
    if code == UNITED_STATES:
        state = state.upper() if state.upper() in STATES else state
        postal_code = zip_code(postal_code) or postal_code
    return Address(
        lines=clean_lines(lines or ""), city=clean_text(city or ""), state=state, postal_code=postal_code, country=code
    )


def normalize_address(address: Address) -> Address:
    """The address in its one form, also if it was recorded before intake made it so. ValueError as `make_address`."""
    return make_address(
        lines="\n".join(address.lines),
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
    )


def is_domestic(address: Address) -> bool:
    """Whether the address is in the United States, its territories, or its military mail."""
    return country_code(address.country) == UNITED_STATES


def last_lines(address: Address) -> tuple[str, ...]:
    """The lines below the delivery lines: `Springfield, MA 01103`; abroad, the country below it in English capitals.

    Abroad, the state and the postal code are printed if there are any, in the order of the country.
    """
    if is_domestic(address):
        return (f"{address.city}, {address.state} {address.postal_code}",)
    country = find_country(address.country)
    city = ", ".join(part for part in (address.city, address.state) if part)
    parts = (address.postal_code, city) if country.postal_code_first else (city, address.postal_code)
    return (" ".join(part for part in parts if part), country.name)
