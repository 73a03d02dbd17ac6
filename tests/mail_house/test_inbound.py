"""Every answer of a vendor that is known, and every way in which a line can be wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mail_house.inbound import (
    RETURN_REASONS,
    TABLES,
    Acknowledgement,
    AddressChange,
    DeliveryReport,
    JobMailed,
    PieceReport,
    PieceState,
    read_delivery_reports,
)
from mail_house.inbound.lob import STATES

LOB = Path(__file__).resolve().parents[3] / "shared" / "data" / "lob" / "lob-api-bundled.yml"
DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
FILE = "STMT_LAKESIDE_2026-11_20261107_2026-11-statement_001"
SHA = "ab" * 32
ON = date(2026, 11, 9)

HEADERS = {
    "acknowledgement": "print_file,status,records,pdf_sha256,received_on,reason",
    "mailed jobs": "print_file,pieces,mailed_on,job_id",
    "mailed pieces": "document_id,print_file,mailed_on,job_id",
    "rejects": "document_id,print_file,rejected_on,reason",
    "returned mail": "document_id,returned_on,return_reason",
    "address changes": "document_id,move_type,effective_on,return_code,"
    "new_line_1,new_line_2,new_city,new_state,new_zip",
}


def piece(state: PieceState, reason: str, file: str = FILE) -> PieceReport:
    return PieceReport(document_id=DOCUMENT, print_file=file, state=state, on=ON, reason=reason)


def acknowledged(*, rejected: bool, reason: str) -> Acknowledgement:
    return Acknowledgement(print_file=FILE, records=12, sha256=SHA, on=ON, rejected=rejected, reason=reason)


ROWS: list[tuple[str, str, DeliveryReport]] = [
    ("acknowledgement", f"{FILE},accepted,12,{SHA},2026-11-09,", acknowledged(rejected=False, reason="accepted")),
    ("acknowledgement", f"{FILE},duplicate,12,{SHA},2026-11-09,", acknowledged(rejected=False, reason="duplicate")),
    ("acknowledgement", f"{FILE},rejected,12,{SHA},2026-11-09,FONTS", acknowledged(rejected=True, reason="FONTS")),
    ("mailed jobs", f"{FILE},12,2026-11-09,J-77", JobMailed(print_file=FILE, pieces=12, on=ON, reason="J-77")),
    ("mailed pieces", f"{DOCUMENT},{FILE},2026-11-09,J-77", piece(PieceState.MAILED, "J-77")),
    ("rejects", f"{DOCUMENT},{FILE},2026-11-09,ADDRESS", piece(PieceState.REJECTED, "ADDRESS")),
    *(
        ("returned mail", f"{DOCUMENT},2026-11-09,{reason}", piece(PieceState.RETURNED, reason, ""))
        for reason in RETURN_REASONS
    ),
    (
        "address changes",
        f'{DOCUMENT},I,2026-11-09,A,"12 OAK ST, APT 3",,BOSTON,MA,02110-1234',
        AddressChange(document_id=DOCUMENT, move_type="I", on=ON),
    ),
]


def table(form: str, *rows: str) -> bytes:
    return "\r\n".join((HEADERS[form], *rows, "")).encode()


def test_tables__have_a_header_each() -> None:
    assert {form: set(header.split(",")) for form, header in HEADERS.items()} == {
        form: set(row.__struct_fields__) for form, row in TABLES.items()
    }


@pytest.mark.parametrize(("form", "row", "expected"), ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_read__each_outcome(form: str, row: str, expected: DeliveryReport) -> None:
    taken = read_delivery_reports(table(form, row))
    assert (taken.file_type, taken.reports, taken.problems) == (form, ((2, expected),), ())
    assert read_delivery_reports(b"\xef\xbb\xbf" + table(form, row)) == taken, (
        "a spreadsheet puts a mark before the header"
    )


@pytest.mark.parametrize(
    ("form", "row", "message"),
    [
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09,GONE", "GONE", id="unknown-reason"),
        pytest.param("returned mail", f"{DOCUMENT},11/09/2026,UTF", "date", id="another-date"),
        pytest.param("returned mail", "G-17,2026-11-09,UTF", "document_id", id="not-a-document-id"),
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09", "2 values", id="too-short"),
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09,UTF,", "4 values", id="too-long"),
        pytest.param("acknowledgement", f"{FILE},received,12,{SHA},2026-11-09,", "received", id="unknown-status"),
        pytest.param("acknowledgement", f"{FILE},accepted,-1,{SHA},2026-11-09,", "records", id="negative"),
        pytest.param("acknowledgement", f"{FILE},accepted,12,{SHA[:-1]},2026-11-09,", "pdf_sha256", id="short-hash"),
        pytest.param("mailed jobs", "../../etc/passwd,1,2026-11-09,J", "print_file", id="a-path"),
    ],
)
def test_read__a_bad_line_costs_that_line(form: str, row: str, message: str) -> None:
    good = next(each for each in ROWS if each[0] == form)
    taken = read_delivery_reports(table(form, good[1], row, good[1]))
    assert [line for line, _ in taken.reports] == [2, 4]
    (problem,) = taken.problems
    assert problem.line == 3
    assert message in problem.message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"document_id,returned_on\r\n", id="column-missing"),
        pytest.param(b"document_id,returned_on,return_reason,note\r\n", id="column-more"),
        pytest.param(b"document_id,document_id,returned_on,return_reason\r\n", id="column-twice"),
        pytest.param(b"%PDF-1.7", id="a-pdf"),
        pytest.param("document_id,Grüße".encode("latin-1"), id="not-utf-8"),
        pytest.param(b'"document_id', id="open-quote"),
    ],
)
def test_read__a_file_that_is_none(data: bytes) -> None:
    taken = read_delivery_reports(data)
    assert (taken.file_type, taken.reports) == ("unknown", ())
    assert [problem.line for problem in taken.problems] == [0]


def test_read__quote_that_never_ends_keeps_what_came_before() -> None:
    taken = read_delivery_reports(table("returned mail", f"{DOCUMENT},2026-11-09,UTF", f'"{DOCUMENT},2026-11-09,UTF'))
    assert len(taken.reports) == 1
    assert "no CSV" in taken.problems[0].message


@given(st.binary(max_size=200))
def test_read__noise_never_raises(noise: bytes) -> None:
    taken = read_delivery_reports(noise)
    assert taken.problems
    assert not taken.reports


def event(kind: str, **changes: object) -> dict[str, object]:
    body = {"id": "ltr_1", "metadata": {"document_id": DOCUMENT, "print_file": FILE, "sha256": SHA}, "to": {}}
    base: dict[str, object] = {
        "id": "evt_d95ff8ffd2b5cfb4",
        "event_type": {"id": kind, "resource": "letters", "object": "event_type", "enabled_for_test": False},
        "reference_id": "ltr_1",
        "date_created": "2026-11-09T22:50:08.180Z",
        "object": "event",
        "body": body,
    }
    return {**base, **changes}


@pytest.mark.parametrize("kind", sorted(STATES))
def test_lob__each_event(kind: str) -> None:
    taken = read_delivery_reports(json.dumps(event(kind)).encode())
    state = STATES[kind]
    assert (taken.file_type, taken.problems) == ("Lob events", ())
    assert taken.reports == (((1, piece(state, kind)),) if state else ())


@pytest.mark.skipif(not LOB.is_file(), reason="Lob's API description is not beside this repository")
def test_lob__every_letter_event_of_its_description_is_known() -> None:
    schemas = yaml.safe_load(LOB.read_text(encoding="utf-8"))["components"]["schemas"]
    described = set(schemas["letter_types"]["enum"])
    assert len(described) > 20
    assert described - set(STATES) <= {"letter.certified.issue"}


def test_lob__one_event_a_line() -> None:
    lines = [json.dumps(event("letter.mailed")), "", json.dumps(event("letter.delivered"))]
    taken = read_delivery_reports("\n".join(lines).encode())
    assert [(line, answer.state) for line, answer in taken.reports if isinstance(answer, PieceReport)] == [
        (1, PieceState.MAILED),
        (3, PieceState.DELIVERED),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(event("postcard.mailed"), id="not-a-letter"),
        pytest.param(event("letter.certified.issue"), id="a-person-has-to-look"),
        pytest.param(event("letter.mailed", id="x"), id="id"),
        pytest.param(event("letter.mailed", date_created="yesterday"), id="date"),
        pytest.param(event("letter.mailed", body={"metadata": {}}), id="not-ours"),
        pytest.param(event("letter.mailed", body={}), id="no-metadata"),
        pytest.param({"object": "event"}, id="no-fields"),
    ],
)
def test_lob__what_is_not_known_is_a_problem(broken: dict[str, object]) -> None:
    taken = read_delivery_reports(json.dumps(broken).encode())
    assert taken.reports == ()
    assert len(taken.problems) == 1
