"""How money and dates read on paper, by language: the only place where cents become text.

The country is always the United States: a Spanish reader's bill shows dollars as American bills do.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency


@lru_cache(maxsize=32)
def locale_of(language: str) -> Locale:
    """The Babel locale of a language code (`en`, `es`), with US conventions where it has any. ValueError if none."""
    for name in (f"{language}_US", language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise ValueError("There are no number and date formats for the guarantor's language.")


def format_cents(cents: int, language: str) -> str:
    """`$1,234.56`; a negative amount as `-$1.00`. Exact: integer cents through `Decimal`, never a float."""
    return format_currency(Decimal(cents) / 100, "USD", locale=locale_of(language))


def format_long_date(day: date, language: str) -> str:
    """`November 22, 2026`."""
    return format_date(day, format="long", locale=locale_of(language))


def format_medium_date(day: date, language: str) -> str:
    """`Nov 22, 2026`."""
    return format_date(day, format="medium", locale=locale_of(language))


def format_month(day: date, language: str) -> str:
    """`April 2027`."""
    return format_skeleton("yMMMM", day, locale=locale_of(language))
