"""Placeholders are not data (issue: data): they are held like ZIP Code 00000, and odd but real mail is mailed."""

from __future__ import annotations

from datetime import date

import pytest

from statement_builder.billing.model import Address
from statement_builder.billing.text import fold
from statement_builder.policy.placeholders import PLACEHOLDERS, is_city, is_placeholder_name, is_street
from tests.builders import make_account, make_guarantor
from tests.policy.candidates import codes, statement, visit

HELD_STREETS = [
    ("HOMELESS",),
    ("Homeless",),
    ("UNKNOWN",),
    ("unknown.",),
    ("NONE",),
    ("N/A",),
    ("n.a.",),
    ("TBD",),
    ("GENERAL INFO?",),
    ("# 4B",),
    ("#4",),
    ("Apt 4B",),
    ("Apt. #4",),
    ("UNIT 7",),
    ("STE 100",),
    ("NO ADDRESS",),
    ("TRANSIENT",),
    ("DO NOT MAIL",),
    ("*** DO NOT MAIL ***", "12 Maple St"),
    ("BAD ADDRESS",),
    ("12 Maple St", "BAD ADDRESS"),
    ("Returned mail 3/2026",),
    ("UNKNOWN", "Apt 4"),
    ("c/o Ann Lee",),
    ("ATTN: BILLING",),
    ("PO BOX",),
    ("P.O. Box",),
    ("-",),
    ("...",),
    ("XXXX",),
    ("0",),
    ("00000",),
    ("99999",),
    ("\u00bf?",),
    ("SIN DOMICILIO",),
    (),
]
MAILED_STREETS = [
    ("GENERAL DELIVERY",),
    ("General Delivery",),
    ("PO BOX 12",),
    ("P.O. Box 4471",),
    ("RR 2 Box 15",),
    ("HC 1 BOX 3",),
    ("HC 72",),
    ("PSC 802 BOX 74",),
    ("UNIT 2050 BOX 4190",),
    ("CMR 830 BOX 5",),
    ("12 Maple St", "N/A"),
    ("# 4B", "12 Maple St"),
    ("c/o Ann Lee", "5 Elm St"),
    ("Homeless Shelter of Essex, 12 Main St",),
    ("12 Unknown Rd",),
    ("1 None Such Ln",),
    ("Lot 4 Rd",),
    ("Pier 39",),
    ("No Name Rd 5",),
    ("123-45 Queens Blvd",),
    ("東京都千代田区1",),
    ("Urb Las Gladiolas",),
]


@pytest.mark.parametrize("lines", HELD_STREETS, ids=" | ".join)
def test_is_street__placeholder(lines: tuple[str, ...]) -> None:
    assert not is_street(lines)


@pytest.mark.parametrize("lines", MAILED_STREETS, ids=" | ".join)
def test_is_street__real(lines: tuple[str, ...]) -> None:
    assert is_street(lines)


def test_is_street__abroad_a_house_or_apartment_may_be_all() -> None:
    assert is_street(("Unit 7",), domestic=False)
    assert not is_street(("UNKNOWN",), domestic=False)


@pytest.mark.parametrize(
    ("city", "real"),
    [
        ("Springfield", True),
        ("Unknown", False),
        ("HOMELESS", False),
        ("N/A", False),
        ("TBD", False),
        ("", False),
        ("-", False),
        ("XX", False),
        ("None", False),
        ("Nowhere", True),
        ("Å", True),
        ("東京", True),
        ("00000", False),
    ],
)
def test_is_city(city: str, real: bool) -> None:
    assert is_city(city) is real


@pytest.mark.parametrize(
    ("first_name", "last_name", "held"),
    [
        ("UNKNOWN", "UNKNOWN", True),
        ("UNKNOWN BABY", "DOE", True),
        ("Unknown", "Doe", True),
        ("", "UNKNOWN", True),
        ("UNKNOWN", "MALE", True),
        ("NONE", "NONE", True),
        ("N/A", "N/A", True),
        ("FNU", "LNU", True),
        ("TEST", "PATIENT", True),
        ("NO", "NAME", True),
        ("XXX", "XXX", True),
        ("-", "-", True),
        ("\u00a0", "\u200b", True),
        ("", "?", True),
        ("Maria", "None", False),
        ("Christopher", "Null", False),
        ("", "Null", False),
        ("Ana", "Unknown", False),
        ("UNKNOWN", "Smith", False),
        ("John", "Doe", False),
        ("Baby Boy", "Lopez", False),
        ("FNU", "Ahmed", False),
        ("Na", "Na", False),
        ("明", "李", False),
        ("Malcolm", "X", False),
        ("", "O", False),
        ("Test", "Tester", False),
        ("True", "False", False),
    ],
)
def test_is_placeholder_name(first_name: str, last_name: str, held: bool) -> None:
    assert is_placeholder_name(f"{first_name} {last_name}") is held
    guarantor = make_guarantor(first_name=first_name, last_name=last_name)
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == (["BADADDR"] if held else [])


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        pytest.param({"lines": ("HOMELESS",)}, ["BADADDR"], id="homeless"),
        pytest.param({"lines": ("GENERAL DELIVERY",)}, [], id="general-delivery"),
        pytest.param({"city": "UNKNOWN"}, ["BADADDR"], id="unknown-city"),
        pytest.param({"postal_code": "99999"}, ["NOZIP"], id="zip-of-nines"),
        pytest.param({"postal_code": "99999-9999"}, ["NOZIP"], id="zip-of-nines-plus-four"),
        pytest.param({"state": "XX"}, ["BADADDR"], id="state-of-x"),
        pytest.param(
            {"lines": ("UNKNOWN",), "city": "UNKNOWN", "postal_code": "00000"}, ["BADADDR", "NOZIP"], id="all"
        ),
        pytest.param(
            {"lines": ("UNKNOWN",), "country": "FR", "state": "", "postal_code": ""}, ["BADADDR"], id="abroad"
        ),
        pytest.param(
            {"country": "FR", "state": "", "postal_code": "", "city": "Paris"}, [], id="abroad-without-state-and-code"
        ),
    ],
)
def test_statement__holds_a_placeholder(changes: dict[str, object], reasons: list[str]) -> None:
    facts = {"lines": ("12 Maple Street",), "city": "Springfield", "state": "MA", "postal_code": "01103"} | changes
    guarantor = make_guarantor(address=Address(**facts))  # type: ignore[arg-type]

    assert codes(statement(make_account(visit(), guarantor=guarantor))) == reasons


def test_placeholders__the_lists_are_folded_and_reviewed() -> None:
    words = [
        *PLACEHOLDERS.street.lines,
        *PLACEHOLDERS.street.phrases,
        *PLACEHOLDERS.street.fillers,
        *PLACEHOLDERS.city.names,
    ]
    words += [*PLACEHOLDERS.name.markers, *PLACEHOLDERS.name.weak, *PLACEHOLDERS.name.others, *PLACEHOLDERS.name.names]

    assert [word for word in words if fold(word) != word] == []
    assert date(2026, 1, 1) <= PLACEHOLDERS.reviewed
