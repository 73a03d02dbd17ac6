"""Files for collection agencies and their answers: three formats, whole, encrypted, with the control file last."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from mail_house.agency import (
    AgencyFile,
    AgencyProfile,
    AgencyStore,
    ChangeLine,
    FileHead,
    PlacementLine,
    build_agency_file,
    find_line_problem,
    load_agency_profile,
    open_agency,
    read_agency_file,
)
from mail_house.errors import Permanent
from tests.services.sftp import SftpServer

NAME = "AGENCY_LAKESIDE_GRANITE_20261120_0001"
HEADER = "row|placement|on|amount|fee|reference|reason"
PROFILES = ("pipe", "csv", "fixed")


def make_line(**changes: Any) -> PlacementLine:
    facts: dict[str, Any] = {
        "placement": "P00112233445566AA",
        "placed_on": date(2026, 11, 20),
        "account": "A70001",
        "guarantor": "G1001",
        "first_name": "María José",
        "last_name": "Núñez",
        "suffix": "",
        "birth_on": date(1980, 2, 29),
        "language": "es",
        "address_1": "12 Maple Street, Apt 4",
        "address_2": "",
        "city": "Springfield",
        "state": "MA",
        "postal_code": "01103",
        "country": "US",
        "patient_first_name": "Ana",
        "patient_last_name": "Núñez",
        "patient_is_guarantor": "N",
        "service_from": date(2026, 4, 3),
        "service_to": date(2026, 4, 3),
        "facility": "Lakeside Hospital",
        "financial_class": "commercial",
        "insurance": "",
        "is_medicare": "N",
        "charges_cents": 120_000,
        "insurance_paid_cents": 60_000,
        "adjustments_cents": 25_500,
        "patient_paid_cents": 0,
        "balance_cents": 34_505,
        "itemized_on": date(2026, 10, 1),
        "itemized_cents": 39_505,
        "charges_since_cents": 0,
        "payments_since_cents": 5_000,
        "credits_since_cents": 0,
        "last_payment_on": None,
        "last_payment_cents": 0,
        "first_statement_on": date(2026, 6, 1),
        "last_statement_on": date(2026, 10, 1),
        "statements": 5,
        "final_notice_on": date(2026, 10, 1),
        "actions_not_before": date(2026, 9, 29),
        "assistance": "screened",
        "earlier_agency": "",
    }
    return PlacementLine(**(facts | changes))


def make_change(cents: int, **changes: Any) -> ChangeLine:
    facts: dict[str, Any] = {
        "placement": "P00112233445566AA",
        "account": "A70001",
        "change": "paid_direct",
        "on": date(2026, 11, 21),
        "amount_cents": cents,
        "balance_cents": 34_505 - cents,
        "reason": "",
    }
    return ChangeLine(**(facts | changes))


def make_file(profile: AgencyProfile, *lines: PlacementLine | ChangeLine, **changes: Any) -> AgencyFile:
    placed = isinstance(lines[0], PlacementLine)
    cents = sum(each.balance_cents if isinstance(each, PlacementLine) else each.amount_cents for each in lines)
    facts: dict[str, Any] = {
        "file": NAME,
        "file_type": "placement" if placed else "changes",
        "client_id": "MV1",
        "agency_id": "granite",
        "creditor": "Lakeside Hospital",
        "batch": "2026-11-placement-1" if placed else "",
        "created_on": date(2026, 11, 20),
        "records": len(lines),
        "cents": cents,
    }
    return build_agency_file(profile, FileHead(**(facts | changes)), lines)


def test_pipe_file__has_a_header_the_accounts_and_a_trailer_with_count_and_total() -> None:
    file = make_file(load_agency_profile("pipe"), make_line(), make_line(balance_cents=105))
    head, first, _, trailer = file.data.decode().split("\r\n")[:-1]
    assert head == f"H|placement|MV1|granite|Lakeside Hospital|{NAME}|2026-11-placement-1|2026-11-20"
    assert first.startswith("D|P00112233445566AA|2026-11-20|A70001|G1001|Núñez|María José||1980-02-29|es|")
    assert "|345.05|2026-10-01|395.05|0.00|0.00|0.00|50.00|0.00|" in first
    assert trailer == "T|2|346.10"
    assert file.file == f"{NAME}.{file.sha256[:12]}.txt"


def test_csv_file__has_titles_and_no_cell_is_a_formula() -> None:
    file = make_file(load_agency_profile("csv"), make_line(last_name='=HYPERLINK("x")', city="Fall, River"))
    rows = list(csv.reader(io.StringIO(file.data.decode())))
    titles, line = rows[1], dict(zip(rows[1], rows[2], strict=True))
    assert "balance" in titles
    assert line["last_name"] == '\'=HYPERLINK("x")'
    assert (line["city"], line["balance"], line["birth_on"]) == ("Fall, River", "345.05", "1980-02-29")
    assert rows[-1] == ["T", "1", "345.05"]


def test_csv_file__has_as_many_account_records_as_its_trailer_says() -> None:
    """An importer that goes by the type of the record must not take the line of titles for an account."""
    file = make_file(load_agency_profile("csv"), make_line())
    types = [row[0] for row in csv.reader(io.StringIO(file.data.decode()))]
    assert types == ["H", "row", "D", "T"]


def test_csv_file__a_negative_amount_stays_a_number() -> None:
    file = make_file(load_agency_profile("csv"), make_change(-3_000))
    assert list(csv.reader(io.StringIO(file.data.decode())))[2][5] == "-30.00"


def test_fixed_file__every_record_of_a_type_is_as_long_as_the_others() -> None:
    profile = load_agency_profile("fixed")
    file = make_file(profile, make_line(), make_line(last_name="Li", balance_cents=1))
    _, first, second, trailer = file.data.decode().split("\r\n")[:-1]
    assert len(first) == len(second) == sum(column.width for column in profile.placement)
    at = 0
    for column in profile.placement:
        if column.field == "balance_cents":
            assert first[at : at + column.width] == "       34505"
        if column.field == "birth_on":
            assert first[at : at + column.width] == "19800229  "
        at += column.width
    assert trailer == "T       2         34506"


@pytest.mark.parametrize(
    ("profile", "changes", "field"),
    [
        pytest.param("pipe", {"last_name": "A|B"}, "last_name", id="pipe-in-a-name"),
        pytest.param("csv", {"last_name": "A|B"}, "", id="csv-takes-a-pipe"),
        pytest.param("csv", {"last_name": "A\nB"}, "last_name", id="line-feed-in-a-name"),
        pytest.param("fixed", {"last_name": "N" * 41}, "last_name", id="name-too-long"),
        pytest.param("fixed", {"last_name": "N" * 40}, "", id="name-fits"),
        pytest.param("fixed", {"facility": "F" * 61}, "", id="facility-is-cut"),
        pytest.param("fixed", {"balance_cents": 10**12}, "balance_cents", id="amounts-are-never-cut"),
    ],
)
def test_line__that_does_not_fit_is_told_by_its_field(profile: str, changes: dict[str, Any], field: str) -> None:
    assert find_line_problem(load_agency_profile(profile), make_line(**changes)) == field


@pytest.mark.parametrize("wrong", [{"records": 2}, {"cents": 34_504}])
def test_file__whose_header_does_not_foot_is_not_built(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="foot"):
        make_file(load_agency_profile("pipe"), make_line(), **wrong)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param('field = "city"', 'field = "town"', "town", id="unknown-field"),
        pytest.param('{ field = "cents" }', '{ text = "x" }', "cents", id="trailer-without-total"),
        pytest.param('format = "pipe"', 'format = "xml"', "format", id="unknown-format"),
        pytest.param('format = "pipe"', 'format = "fixed"', "width", id="fixed-without-widths"),
        pytest.param('format = "pipe"', 'format = "pipe"\ndates = "%Y"', "month", id="dates-without-month"),
    ],
)
def test_profile__that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, named: str) -> None:
    shipped = Path(__file__).parents[2] / "mail_house/agency/profiles/pipe.toml"
    text = shipped.read_text(encoding="utf-8")
    assert old in text
    own = tmp_path / "own.toml"
    own.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=named):
        load_agency_profile(own)


def test_profile__unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ValueError, match="csv, fixed, pipe"):
        load_agency_profile("xml")


@pytest.fixture(scope="module")
def agency_key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(user_id="agency <in@agency.example>")


@pytest.fixture(params=["file", "sftp"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, agency_key: pysequoia.Tsk) -> tuple[AgencyStore, Path]:
    folder, public = tmp_path / "agency", tmp_path / "agency.asc"
    folder.mkdir()
    public.write_text(str(agency_key.extract_certificate()))
    url, environ = f"file://{folder}", {}
    if request.param == "sftp":
        server: SftpServer = request.getfixturevalue("sftp_server")
        url, environ = server.url(folder), dict(server.environ)
    return open_agency(url, pgp_key=str(public), setting="placement.agencies: granite", environ=environ), folder


def test_store__only_the_agency_can_read_and_the_control_file_says_what_is_inside(
    opened: tuple[AgencyStore, Path], agency_key: pysequoia.Tsk
) -> None:
    store, folder = opened
    file = make_file(load_agency_profile("pipe"), make_line())
    assert store.find(NAME) is None
    store.deliver(file)
    encrypted = (folder / f"{file.file}.pgp").read_bytes()
    assert "Núñez".encode() not in encrypted
    assert pysequoia.decrypt(encrypted, decryptor=agency_key.decryptor()).bytes == file.data
    control = store.find(NAME)
    assert control is not None
    assert (control.sha256, control.records, control.cents) == (file.sha256, 1, 34_505)
    assert {path.name for path in folder.iterdir()} == {f"{NAME}.ctl", f"{file.file}.pgp"}


def test_store__a_file_without_its_control_file_is_written_again(opened: tuple[AgencyStore, Path]) -> None:
    """A run that was killed left it: encrypted again, the file has other bytes than the control file would say."""
    store, folder = opened
    file = make_file(load_agency_profile("pipe"), make_line())
    (folder / f"{file.file}.pgp").write_bytes(b"from a run that was killed")
    store.deliver(file)
    control = store.find(NAME)
    assert control is not None
    (facts,) = control.files
    assert facts.bytes == len((folder / facts.file).read_bytes())


def test_store__another_programs_control_file_stops(opened: tuple[AgencyStore, Path]) -> None:
    store, folder = opened
    (folder / f"{NAME}.ctl").write_text("{}", encoding="utf-8")
    with pytest.raises(Permanent, match="which program wrote it"):
        store.find(NAME)


def test_store__nothing_leaves_over_sftp_unless_it_is_encrypted() -> None:
    with pytest.raises(ValueError, match="pgp_key"):
        open_agency(
            "sftp://h@agency.example/in?host_key=SHA256:x",
            pgp_key="",
            setting="placement.agencies: granite",
            environ={"STATEMENTS_SFTP_PASSWORD": "x"},
        )


def answers(*rows: str, trailer: str) -> bytes:
    return "\r\n".join((HEADER, *rows, trailer, "")).encode()


ACCEPTED = "accepted|P1|2026-11-21|345.05|0.00||"
PAID = "payment|P1|2026-12-01|50.00|12.50|R1|"


def test_answers__are_read_with_their_lines() -> None:
    rows, bad = read_agency_file(answers(ACCEPTED, PAID, trailer="TRAILER|2|395.05"))
    assert bad == []
    assert [(row.line, row.row.value, row.cents, row.fee_cents) for row in rows] == [
        (2, "accepted", 34_505, 0),
        (3, "payment", 5_000, 1_250),
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(answers(ACCEPTED, trailer="TRAILER|2|345.05"), "may be cut", id="count"),
        pytest.param(answers(ACCEPTED, trailer="TRAILER|1|345.06"), "add up", id="total"),
        pytest.param(answers(ACCEPTED, trailer=PAID), "no last line", id="no-trailer"),
        pytest.param(b"placement|amount\nTRAILER|0|0.00\n", "another header", id="header"),
        pytest.param(b"\xff\xfe", "UTF-8", id="not-utf-8"),
        pytest.param(b"", "another header", id="empty"),
    ],
)
def test_answers__a_file_that_may_be_cut_or_changed_is_not_read(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_agency_file(data)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        pytest.param("paid|P1|2026-11-21|5.00|0.00|R1|", "row", id="unknown-row"),
        pytest.param("payment|P 1|2026-11-21|5.00|0.00|R1|", "placement", id="blank-in-the-placement"),
        pytest.param("payment|P1|11/21/2026|5.00|0.00|R1|", "on", id="date"),
        pytest.param("payment|P1|2026-11-21|5|0.00|R1|", "amount", id="no-cents"),
        pytest.param("payment|P1|2026-11-21|5.00|0.00||", "reference", id="payment-without-reference"),
        pytest.param("closed|P1|2026-11-21|5.00|0.00|R1|paid", "reference", id="closed-with-reference"),
        pytest.param("closed|P1|2026-11-21|5.00|1.00||paid", "fee", id="fee-of-a-close"),
        pytest.param("returned|P1|2026-11-21|-5.00|0.00||x", "amount", id="negative-balance"),
        pytest.param("payment|P1|2026-11-21|0.00|0.00|R1|", "amount", id="payment-of-nothing"),
        pytest.param("payment|P1|2026-11-21|5.00|-1.00|R1|", "fee", id="fee-of-another-sign"),
        pytest.param("closed|P1|2026-11-21|5.00|0.00||not a word", "reason", id="reason"),
        pytest.param("closed|P1|2026-11-21|5.00|0.00|", "columns", id="columns"),
    ],
)
def test_answers__a_wrong_row_is_told_and_quotes_nothing(row: str, field: str) -> None:
    rows, bad = read_agency_file(answers(ACCEPTED, row, trailer="TRAILER|2|0.00"))
    assert len(rows) == 1
    assert [each.line for each in bad] == [3]
    assert field in bad[0].problem
    assert "P1" not in bad[0].problem
