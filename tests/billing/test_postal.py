"""One definition of a country and a postal code, and an address's last lines (USPS International Mail Manual, 122)."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest
from babel import Locale

from statement_builder.billing.countries import country_code, find_country
from statement_builder.billing.model import Address
from statement_builder.billing.postal import is_domestic, last_lines, make_address, normalize_address, zip_code

TABLE = tomllib.loads(files("statement_builder.billing").joinpath("countries.toml").read_text(encoding="utf-8"))


def make(**changes: str | None) -> Address:
    facts: dict[str, str | None] = {
        "lines": "12 Maple St",
        "city": "Springfield",
        "state": "MA",
        "postal_code": "01103",
        "country": None,
    }
    return make_address(**(facts | changes))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[
            pytest.param(text, "US", id=f"domestic-{text or 'blank'}")
            for text in (
                "", "US", "USA", "us", "Usa", "U.S.", "U.S.A.", "U. S. A.", "u s", "United States", "UNITED STATES",
                "united states of america", "The United States", "Estados Unidos",
            )
        ],
        pytest.param("CA", "CA", id="two-letters"),
        pytest.param("can", "CA", id="three-letters"),
        pytest.param("México", "MX", id="with-accent"),
        pytest.param("Mexico", "MX", id="without-accent"),
        pytest.param("UK", "GB", id="united-kingdom"),
        pytest.param("England", "GB", id="england"),
        pytest.param("South Korea", "KR", id="common-name"),
        pytest.param("Korea, Republic of", "KR", id="iso-name"),
        pytest.param("Côte d'Ivoire", "CI", id="with-apostrophe"),
        pytest.param("Narnia", None, id="no-country"),
        pytest.param("XX", None, id="no-code"),
        pytest.param("N/A", None, id="not-applicable"),
        pytest.param("Massachusetts", None, id="a-state"),
        pytest.param("?", None, id="question-mark"),
    ],
)  # fmt: skip
def test_country_code(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_countries__every_country_of_cldr_is_known_and_its_name_is_english_capitals() -> None:
    not_countries = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ", "CRQ"}
    territories = {str(code) for code in Locale("en").territories}
    known = {code for code in territories if len(code) == 2 and code.isalpha()} - not_countries

    assert known == set(TABLE["countries"])
    for code, (code3, name, place) in TABLE["countries"].items():
        assert name.isascii()
        assert name == name.upper()
        assert len(code3) == 3
        assert place in ("first", "last")
        assert country_code(code) == country_code(code3) == country_code(name) == code
    assert {country_code(text) for text in TABLE["also"]} <= set(TABLE["countries"])
    assert TABLE["reviewed"] <= date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "zip_"),
    [
        ("01103", "01103"),
        ("011031234", "01103-1234"),
        ("01103-1234", "01103-1234"),
        ("01103 1234", "01103-1234"),
        ("01103 - 1234", "01103-1234"),
        ("01103–1234", "01103-1234"),
        ("０１１０３", "01103"),
        ("01103-", "01103"),
        ("01103-0000", "01103"),
        ("011030000", "01103"),
        ("00501", "00501"),
        ("00000", ""),
        ("00000-0000", ""),
        ("99999", ""),
        ("99999-9999", ""),
        ("00400", ""),
        ("1103", ""),
        ("011031", ""),
        ("0110X", ""),
        ("01103-12", ""),
        ("٠١١٠٣", ""),
        ("", ""),
    ],
)
def test_zip_code__one_form(text: str, zip_: str) -> None:
    assert zip_code(text) == zip_
    assert zip_code(zip_) == zip_


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        pytest.param({}, ("Springfield, MA 01103",), id="domestic"),
        pytest.param(
            {"country": "USA", "state": "ma", "postal_code": "011031234"}, ("Springfield, MA 01103-1234",), id="usa"
        ),
        pytest.param(
            {"country": "PR", "state": None, "city": "Ponce", "postal_code": "00716"},
            ("Ponce, PR 00716",),
            id="territory",
        ),
        pytest.param(
            {"country": "Guam", "state": "GU", "city": "Yigo", "postal_code": "96929"}, ("Yigo, GU 96929",), id="guam"
        ),
        pytest.param({"city": "APO", "state": "AE", "postal_code": "09354"}, ("APO, AE 09354",), id="military"),
        pytest.param(
            {"country": "ca", "city": "Ottawa", "state": "ON", "postal_code": "K1A 0B1"},
            ("Ottawa, ON K1A 0B1", "CANADA"),
            id="canada",
        ),
        pytest.param(
            {"country": "FR", "city": "Paris", "state": None, "postal_code": "75008"},
            ("75008 Paris", "FRANCE"),
            id="france",
        ),
        pytest.param(
            {"country": "UK", "city": "London", "state": "", "postal_code": "W1P 6HQ"},
            ("London W1P 6HQ", "UNITED KINGDOM"),
            id="uk",
        ),
        pytest.param(
            {"country": "HK", "city": "Kowloon", "state": None, "postal_code": None},
            ("Kowloon", "HONG KONG"),
            id="no-postal-code",
        ),
        pytest.param(
            {"country": "MEX", "city": "Tijuana", "state": "B.C.", "postal_code": "22000"},
            ("22000 Tijuana, B.C.", "MEXICO"),
            id="mexico",
        ),
        pytest.param(
            {"country": "DE", "city": "Berlin", "state": None, "postal_code": "10115"},
            ("10115 Berlin", "GERMANY"),
            id="germany",
        ),
    ],
)
def test_last_lines(changes: dict[str, str | None], lines: tuple[str, ...]) -> None:
    address = make(**changes)

    assert last_lines(address) == lines
    assert normalize_address(address) == address
    assert is_domestic(address) is (len(lines) == 1)


def test_make_address__unknown_country() -> None:
    with pytest.raises(ValueError, match="country"):
        make(country="Narnia")


def test_find_country__knows_only_codes() -> None:
    assert find_country("CI").name == "COTE D'IVOIRE"
    with pytest.raises(KeyError):
        find_country("Narnia")
