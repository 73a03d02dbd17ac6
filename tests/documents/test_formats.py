"""Money and dates as printed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.documents.formats import (
    format_cents,
    format_long_date,
    format_medium_date,
    format_month,
    locale_of,
)


@pytest.mark.parametrize(
    ("cents", "language", "text"),
    [
        pytest.param(123_456, "en", "$1,234.56", id="thousands"),
        pytest.param(0, "en", "$0.00", id="zero"),
        pytest.param(5, "en", "$0.05", id="five-cents"),
        pytest.param(-100, "en", "-$1.00", id="negative"),
        pytest.param(123_456_789_012, "en", "$1,234,567,890.12", id="exact-for-large-amounts"),
        pytest.param(123_456, "es", "$1,234.56", id="spanish-in-the-united-states"),
    ],
)
def test_format_cents(cents: int, language: str, text: str) -> None:
    assert format_cents(cents, language) == text


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pl", "vi"])
@given(cents=st.integers(-(10**13), 10**13))
def test_format_cents__equals_babels_output(language: str, cents: int) -> None:
    assert format_cents(cents, language) == format_currency(Decimal(cents) / 100, "USD", locale=locale_of(language))


def test_dates__each_format_in_two_languages() -> None:
    day = date(2027, 4, 3)
    assert format_long_date(day, "en") == "April 3, 2027"
    assert format_medium_date(day, "en") == "Apr 3, 2027"
    assert format_month(day, "en") == "April 2027"
    assert format_long_date(day, "es") == "3 de abril de 2027"
    assert format_medium_date(day, "es") == "3 abr 2027"
    assert format_month(day, "es") == "abril de 2027"


def test_format_cents__refuses_an_unknown_language() -> None:
    with pytest.raises(ValueError, match="language"):
        format_cents(100, "xx")
