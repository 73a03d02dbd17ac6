"""Odd names and addresses through the whole path: intake, policy, document, print file, preflight, and Lob's parser.

Each is either mailed in one form that all of them agree on, or held or refused with a reason.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from mail_house.models import Piece
from mail_house.preflight.preflight import find_faults
from mail_house.print_files import build_print_file
from mail_house.print_files.manifest import read_manifest
from mail_house.profiles import load_profile, with_mailer
from mail_house.vendors.us_address import read_us_address
from statement_builder.billing.model import Guarantor
from statement_builder.billing.selection import Channel
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.recipients import make_recipient
from statement_builder.policy import Policy
from statement_builder.policy.recipient import recipient_digest
from statement_builder.rendering import CompiledEngine
from statement_builder.source.contract import RESULT_SETS
from statement_builder.source.guarantors import build_guarantor, find_guarantor_faults
from statement_builder.source.row_validation import BadRow, check_rows
from tests.builders import make_account, make_guarantor
from tests.contents import TEMPLATES, make_statement
from tests.policy.candidates import codes, statement, visit

GUARANTORS = RESULT_SETS["guarantors"]
PROFILE = with_mailer(load_profile(), mailer_id="123456", service_type="040")
ENGINE = CompiledEngine(TEMPLATES)
POLICY = Policy()
GOOD: dict[str, Any] = {
    "mail_sort": "01103",
    "guarantor_id": "G1",
    "first_name": "Maria",
    "last_name": "Lopez",
    "address_lines": "12 Maple Street",
    "city": "Springfield",
    "state": "MA",
    "postal_code": "01103",
    "country": "US",
    "large_print": 0,
    "delivery": "paper",
}
CANADA = {"city": "Ottawa", "state": "ON", "postal_code": "K1A 0B1", "country": "CA"}


def read_guarantor(changes: dict[str, Any]) -> Guarantor | list[tuple[str, str]]:
    """The guarantor of a row, or its faults: code and column."""
    values = GOOD | changes
    (row,) = check_rows(GUARANTORS, [tuple(values.get(name) for name in GUARANTORS.names)], 1)
    if isinstance(row, BadRow):
        return [(fault.code, fault.column) for fault in row.faults]
    faults = list(find_guarantor_faults(row, date(2026, 11, 20)))
    return [(fault.code, fault.column) for fault in faults] or build_guarantor(row, frozenset({"en", "es"}))


MAILED = [
    # changes to a good row, the lines in the window, ZIP Code as in the barcode
    pytest.param({}, "Maria Lopez|12 Maple Street|Springfield, MA 01103", "01103", id="good"),
    *[
        pytest.param(
            {"country": text}, "Maria Lopez|12 Maple Street|Springfield, MA 01103", "01103", id=f"country-{text}"
        )
        for text in (None, "", " ", "\u00a0", "us", "USA", "U.S.A.", "United States", "US\u200b")
    ],
    *[
        pytest.param(
            {"postal_code": text},
            "Maria Lopez|12 Maple Street|Springfield, MA 01103-1234",
            "011031234",
            id=f"zip-{text}",
        )
        for text in ("011031234", "01103-1234", "01103 1234", "01103\u20131234", "\u00a001103-1234 ")
    ],
    pytest.param(
        {"postal_code": "01103-0000"}, "Maria Lopez|12 Maple Street|Springfield, MA 01103", "01103", id="zip-filler"
    ),
    pytest.param({"state": "ma"}, "Maria Lopez|12 Maple Street|Springfield, MA 01103", "01103", id="state-lower-case"),
    pytest.param(
        {"first_name": "\u00a0Jose\u0301\u3000Luis", "last_name": "Nu\u0301n\u0303ez\u200b\r"},
        "José Luis Núñez|12 Maple Street|Springfield, MA 01103",
        "01103",
        id="name-white-space-and-accents",
    ),
    pytest.param(
        {"address_lines": "c/o Ann\r12 Maple\u00a0Street\v\u2028Apt 4"},
        "Maria Lopez|c/o Ann|12 Maple Street|Apt 4|Springfield, MA 01103",
        "01103",
        id="every-line-end",
    ),
    pytest.param(
        {"address_lines": "GENERAL DELIVERY"},
        "Maria Lopez|GENERAL DELIVERY|Springfield, MA 01103",
        "01103",
        id="general-delivery",
    ),
    pytest.param({"address_lines": "PO BOX 7"}, "Maria Lopez|PO BOX 7|Springfield, MA 01103", "01103", id="po-box"),
    pytest.param(
        {"address_lines": "RR 2 BOX 9"}, "Maria Lopez|RR 2 BOX 9|Springfield, MA 01103", "01103", id="rural-route"
    ),
    pytest.param({"last_name": "Null"}, "Maria Null|12 Maple Street|Springfield, MA 01103", "01103", id="surname-null"),
    pytest.param({"last_name": "None"}, "Maria None|12 Maple Street|Springfield, MA 01103", "01103", id="surname-none"),
    pytest.param(
        {"city": "APO", "state": "AE", "postal_code": "09354", "address_lines": "PSC 802 BOX 74"},
        "Maria Lopez|PSC 802 BOX 74|APO, AE 09354",
        "09354",
        id="military",
    ),
    pytest.param(
        {"city": "Ponce", "state": None, "postal_code": "00716", "country": "PR"},
        "Maria Lopez|12 Maple Street|Ponce, PR 00716",
        "00716",
        id="territory-as-country",
    ),
    pytest.param(CANADA, "Maria Lopez|12 Maple Street|Ottawa, ON K1A 0B1|CANADA", "", id="canada"),
    pytest.param(
        CANADA | {"state": None}, "Maria Lopez|12 Maple Street|Ottawa K1A 0B1|CANADA", "", id="canada-without-state"
    ),
    pytest.param(
        {"city": "Paris", "state": None, "postal_code": "75008", "country": "fra"},
        "Maria Lopez|12 Maple Street|75008 Paris|FRANCE",
        "",
        id="france",
    ),
    pytest.param(
        {"city": "Kowloon", "state": "", "postal_code": "\u00a0", "country": "Hong Kong"},
        "Maria Lopez|12 Maple Street|Kowloon|HONG KONG",
        "",
        id="abroad-without-state-and-code",
    ),
    pytest.param(
        CANADA | {"address_lines": "c/o Ann\nBuilding 14\n5 Elm St"},
        "Maria Lopez|c/o Ann|Building 14|5 Elm St|Ottawa, ON K1A 0B1|CANADA",
        "",
        id="abroad-with-three-lines",
    ),
]


@pytest.mark.parametrize(("changes", "window", "routing"), MAILED)
def test_odd_address__is_mailed_in_one_form(changes: dict[str, Any], window: str, routing: str) -> None:
    guarantor = read_guarantor(changes)
    assert isinstance(guarantor, Guarantor), guarantor
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == []

    content = make_statement(**msgspec.structs.asdict(guarantor))
    lines = (content.recipient.name, *content.recipient.lines)
    assert "|".join(lines) == window

    rendered = ENGINE.render(content)
    piece = Piece(
        document_id=content.document_id,
        sequence=1,
        pdf=rendered.pdf,
        pages=rendered.pages,
        recipient_lines=lines,
        amount_cents=content.amount_cents,
        sha256=rendered.sha256,
        serial=1,
        scanline=content.scanline,
    )
    file = build_print_file(name="STMT_X", pieces=[piece], profile=PROFILE, created_on=date(2026, 11, 20))
    assert find_faults(file, PROFILE, sample_every=1) == []
    (row,) = read_manifest(file.manifest)
    assert row.recipient_lines == lines
    assert row.barcode.partition("-")[2] == routing
    if routing:
        assert read_us_address(row.recipient_lines).zip.replace("-", "") == routing
    else:
        with pytest.raises(ValueError, match="US city"):
            read_us_address(row.recipient_lines)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        pytest.param({"address_lines": "\u00a0\n\u200b"}, ["BADADDR"], id="blank-street"),
        pytest.param({"city": "\u3000"}, ["BADADDR"], id="blank-city"),
        pytest.param({"address_lines": "HOMELESS"}, ["BADADDR"], id="homeless"),
        pytest.param({"address_lines": "# 4B"}, ["BADADDR"], id="unit-only"),
        pytest.param({"city": "UNKNOWN"}, ["BADADDR"], id="unknown-city"),
        pytest.param({"first_name": "UNKNOWN", "last_name": "UNKNOWN"}, ["BADADDR"], id="unknown-unknown"),
        pytest.param({"postal_code": "\u00a0"}, ["NOZIP"], id="blank-zip"),
        pytest.param({"postal_code": "99999"}, ["NOZIP"], id="zip-of-nines"),
        pytest.param(CANADA | {"address_lines": "N/A"}, ["BADADDR"], id="abroad-without-street"),
    ],
)
def test_odd_address__is_held(changes: dict[str, Any], reasons: list[str]) -> None:
    guarantor = read_guarantor(changes)

    assert isinstance(guarantor, Guarantor), guarantor
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == reasons


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        pytest.param({"last_name": "\u00a0"}, [("NULL", "last_name")], id="surname-of-one-no-break-space"),
        pytest.param({"last_name": "\u200b\ufeff"}, [("NULL", "last_name")], id="surname-of-zero-width-characters"),
        pytest.param({"last_name": "\u3164"}, [("NULL", "last_name")], id="surname-of-a-filler"),
        pytest.param({"last_name": "\r\n"}, [("NULL", "last_name")], id="surname-of-a-line-end"),
        *[
            pytest.param(
                {"last_name": f"Lo{end}pez"}, [("CONTROL", "last_name")], id=f"line-end-in-surname-{ord(end):04x}"
            )
            for end in "\r\n\v\f\x85\u2028\u2029"
        ],
        pytest.param({"city": "Spring\rfield"}, [("CONTROL", "city")], id="line-end-in-city"),
        pytest.param({"address_lines": "12 Maple\x07"}, [("CONTROL", "address_lines")], id="control-character"),
        pytest.param({"country": "Narnia"}, [("COUNTRY", "country")], id="unknown-country"),
        pytest.param({"country": "N/A"}, [("COUNTRY", "country")], id="placeholder-country"),
        pytest.param({"country": "CA", "state": "CA"}, [("COUNTRY", "country")], id="state-in-the-country-column"),
        pytest.param({"country": "NA"}, [("COUNTRY", "country")], id="not-applicable-is-not-namibia"),
        pytest.param(
            {"confidential_lines": "1 Elm St", "confidential_country": "??"},
            [("COUNTRY", "confidential_country")],
            id="unknown-confidential-country",
        ),
        pytest.param({"address_lines": "a\rb\u2029c\x85d"}, [("ADDRLINES", "address_lines")], id="four-lines"),
    ],
)
def test_odd_address__is_an_exception_with_a_reason(changes: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert read_guarantor(changes) == faults


def test_confidential_address__of_white_space_is_none() -> None:
    guarantor = read_guarantor(
        {"confidential_lines": "\u00a0", "confidential_city": " ", "confidential_postal_code": "\t"}
    )

    assert isinstance(guarantor, Guarantor)
    assert guarantor.confidential_address is None


def test_email_secret__is_used_exactly_as_recorded() -> None:
    guarantor = read_guarantor({"email_secret": " blue  heron\u00a047 "})

    assert isinstance(guarantor, Guarantor)
    assert guarantor.email_secret == " blue  heron\u00a047 "


def test_recipient_digest__another_spelling_of_the_same_address_is_the_same() -> None:
    spellings = [
        {"postal_code": "011031234"},
        {"postal_code": "01103 1234"},
        {"postal_code": "01103-1234", "state": "ma"},
    ]
    guarantors = [read_guarantor(each) for each in spellings]

    assert len({recipient_digest(each, Channel.PRINT) for each in guarantors if isinstance(each, Guarantor)}) == 1


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b"], ids=["empty", "space", "no-break-space", "zero-width"])
def test_make_recipient__refuses_a_blank_name_of_an_old_snapshot(name: str) -> None:
    with pytest.raises(CompositionError) as refused:
        make_recipient(make_guarantor(first_name="", last_name=name))

    assert refused.value.code == "NAME"


def test_make_recipient__brings_an_address_of_an_old_snapshot_into_one_form() -> None:
    guarantor = make_guarantor()
    old = msgspec.structs.replace(guarantor.address, country="USA", postal_code="011031234", lines=("1 Elm St\rApt 2",))

    recipient = make_recipient(msgspec.structs.replace(guarantor, address=old))

    assert recipient.lines == ("1 Elm St", "Apt 2", "Springfield, MA 01103-1234")
