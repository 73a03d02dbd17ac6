"""The one definition of a country: its codes (ISO 3166), and its name as the postal service prints it.

`countries.toml` has the data.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from statement_builder.billing.model import Record
from statement_builder.billing.text import fold

UNITED_STATES = "US"
_COMMON = frozenset(("", "US", "USA", "us", "usa", "United States", "UNITED STATES", "U.S.A.", "U.S."))
"""Spellings that need no table: nearly every address has one."""


class Country(Record, kw_only=True):
    """One country."""

    code: str
    """ISO 3166-1, two letters."""
    name: str
    """English capitals, as on the last line of an envelope (USPS International Mail Manual, 122)."""
    postal_code_first: bool
    """Whether the postal code stands before the city."""


class _Table(Record, kw_only=True):
    countries: dict[str, Country]
    codes: dict[str, str]
    """The two-letter code of each folded spelling."""


def country_code(text: str) -> str | None:
    """The ISO 3166 two-letter code of a country's code or English name. Blank is the United States. None if unknown."""
    if text in _COMMON:
        return UNITED_STATES
    return _table().codes.get(fold(text))


def find_country(code: str) -> Country:
    """The country with a two-letter code. KeyError if there is none."""
    return _table().countries[code]


@cache
def _table() -> _Table:
    """Read when the first foreign address comes: a batch without one never reads it."""
    data = tomllib.loads(files(__package__).joinpath("countries.toml").read_text(encoding="utf-8"))
    countries, codes = {}, dict(data["also"])
    for code, (code3, name, place) in data["countries"].items():
        countries[code] = Country(code=code, name=name, postal_code_first=place == "first")
        codes |= {code: code, code3: code, fold(name): code}
    return _Table(countries=countries, codes=codes)
