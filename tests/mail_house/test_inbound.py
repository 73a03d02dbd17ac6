"""Every known delivery report of a vendor, and every kind of invalid line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date

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
    Viewed,
    read_delivery_reports,
)
from mail_house.inbound.lob import STATES
from tests.services import lob_api
from tests.services.prism_server import DESCRIPTION
from tests.shared_data import shared_data

DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
FILE = "STMT_LAKESIDE_2026-11_20261107_2026-11-statement_001"
SHA = "ab" * 32
TOKEN = "abcdefgh234567qz"
ON = date(2026, 11, 9)

HEADERS = {
    "acknowledgement": "print_file,status,records,pdf_sha256,received_on,reason",
    "mailed jobs": "print_file,pieces,mailed_on,job_id",
    "mailed pieces": "document_id,print_file,mailed_on,job_id",
    "rejects": "document_id,print_file,rejected_on,reason",
    "returned mail": "document_id,returned_on,return_reason",
    "address changes": "document_id,move_type,effective_on,return_code,"
    "new_line_1,new_line_2,new_city,new_state,new_zip",
    "documents viewed": "document_id,viewed_on,token",
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
    ("documents viewed", f"{DOCUMENT},2026-11-09,{TOKEN}", Viewed(document_id=DOCUMENT, on=ON, token=TOKEN)),
]


def table(form: str, *rows: str) -> bytes:
    return "\r\n".join((HEADERS[form], *rows, "")).encode()


def test_tables__have_one_header_each() -> None:
    assert {form: set(header.split(",")) for form, header in HEADERS.items()} == {
        form: set(row.__struct_fields__) for form, row in TABLES.items()
    }


@pytest.mark.parametrize(("form", "row", "expected"), ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_read__each_report(form: str, row: str, expected: DeliveryReport) -> None:
    parsed = read_delivery_reports(table(form, row))
    assert (parsed.file_type, parsed.reports, parsed.problems) == (form, ((2, expected),), ())
    assert read_delivery_reports(b"\xef\xbb\xbf" + table(form, row)) == parsed, "spreadsheets write a byte order mark"


@pytest.mark.parametrize(
    ("form", "row", "message"),
    [
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09,GONE", "GONE", id="unknown-reason"),
        pytest.param("returned mail", f"{DOCUMENT},11/09/2026,UTF", "date", id="date-in-another-format"),
        pytest.param("returned mail", "G-17,2026-11-09,UTF", "document_id", id="not-a-document-id"),
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09", "2 values", id="too-short"),
        pytest.param("returned mail", f"{DOCUMENT},2026-11-09,UTF,", "4 values", id="too-long"),
        pytest.param("acknowledgement", f"{FILE},received,12,{SHA},2026-11-09,", "received", id="unknown-status"),
        pytest.param("acknowledgement", f"{FILE},accepted,-1,{SHA},2026-11-09,", "records", id="negative"),
        pytest.param("acknowledgement", f"{FILE},accepted,12,{SHA[:-1]},2026-11-09,", "pdf_sha256", id="short-hash"),
        pytest.param("documents viewed", f"{DOCUMENT},2026-11-09,{TOKEN[:-1]}", "token", id="short-token"),
        pytest.param("documents viewed", f"{DOCUMENT},yesterday,{TOKEN}", "viewed_on", id="day-in-words"),
        pytest.param("mailed jobs", "../../etc/passwd,1,2026-11-09,J", "print_file", id="path"),
    ],
)
def test_read__bad_line_does_not_affect_the_others(form: str, row: str, message: str) -> None:
    good = next(each for each in ROWS if each[0] == form)
    parsed = read_delivery_reports(table(form, good[1], row, good[1]))
    assert [line for line, _ in parsed.reports] == [2, 4]
    (problem,) = parsed.problems
    assert problem.line == 3
    assert message in problem.message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"document_id,returned_on\r\n", id="missing-column"),
        pytest.param(b"document_id,returned_on,return_reason,note\r\n", id="extra-column"),
        pytest.param(b"document_id,document_id,returned_on,return_reason\r\n", id="repeated-column"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param("document_id,Grüße".encode("latin-1"), id="not-utf-8"),
        pytest.param(b'"document_id', id="open-quote"),
    ],
)
def test_read__unknown_file(data: bytes) -> None:
    parsed = read_delivery_reports(data)
    assert (parsed.file_type, parsed.reports) == ("unknown", ())
    assert [problem.line for problem in parsed.problems] == [0]


def test_read__unclosed_quote_affects_its_line_only() -> None:
    good = f"{DOCUMENT},2026-11-09,UTF"
    parsed = read_delivery_reports(table("returned mail", good, f'"{good}', good, f'{DOCUMENT},2026-11-09,"UTF', good))
    assert [line for line, _ in parsed.reports] == [2, 4, 6]
    assert [(problem.line, "not valid CSV" in problem.message) for problem in parsed.problems] == [(3, True), (5, True)]
    assert parsed.lines == 5


def test_read__value_with_a_line_break() -> None:
    moved = f'{DOCUMENT},I,2026-11-09,A,"12 OAK ST\r\nAPT 3",,BOSTON,MA,02110'
    parsed = read_delivery_reports(table("address changes", moved, moved))
    assert ([line for line, _ in parsed.reports], parsed.lines, parsed.problems) == ([2, 4], 2, ())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data + b"\r\n\r\n \r\n", id="blank-last-lines"),
        pytest.param(lambda data: data + b",,\r\n , ,\r\n,,,,,\r\n", id="rows-of-commas"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r\n\r\n"), id="blank-lines-between"),
        pytest.param(lambda data: b"\r\n" + data, id="blank-first-line"),
        pytest.param(lambda data: data + b"\x1a", id="ctrl-z"),
        pytest.param(lambda data: data + b"\x1a\x1a\r\n", id="ctrl-z-before-the-line-end"),
        pytest.param(lambda data: data.rstrip(), id="no-last-line-end"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\n"), id="line-feeds"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r"), id="carriage-returns"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r\r\n"), id="transferred-as-text-twice"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="byte-order-mark"),
        pytest.param(lambda data: data.upper(), id="upper-case"),
        pytest.param(lambda data: data.replace(b",", b" , "), id="spaces-around-values"),
        pytest.param(lambda data: data.replace(b",", b"\t,\xc2\xa0"), id="tabs-and-no-break-spaces"),
        pytest.param(lambda data: b'"' + data.replace(b",", b'","').replace(b"\r\n", b'"\r\n"')[:-1], id="quoted"),
        pytest.param(
            lambda data: b'"' + data.replace(b",", b'" , "').replace(b"\r\n", b'" \r\n"')[:-1], id="quoted-and-spaces"
        ),
        pytest.param(lambda data: data.replace(b"\r\n", b",,\r\n"), id="empty-columns-at-the-end"),
        pytest.param(lambda data: data.replace(b"returned_on", b"Returned On"), id="header-in-words"),
    ],
)
def test_read__harmless_artifact_is_no_problem(change: Callable[[bytes], bytes]) -> None:
    parsed = read_delivery_reports(change(table("returned mail", *[f"{DOCUMENT},2026-11-09,UTF"] * 3)))
    assert parsed.problems == ()
    assert parsed.lines == 3
    assert {report for _, report in parsed.reports} == {piece(PieceState.RETURNED, "UTF", "")}


@pytest.mark.parametrize(
    ("form", "row", "expected"),
    [
        pytest.param("acknowledgement", f"{FILE}.pdf,ACCEPTED,12,{SHA.upper()},2026-11-09,", ROWS[0][2], id="ack"),
        pytest.param("acknowledgement", f"{FILE}.PDF,Rejected,12,{SHA},2026-11-09,FONTS", ROWS[2][2], id="reject"),
        pytest.param("rejects", f"{DOCUMENT.upper()},{FILE},2026-11-09,ADDRESS", ROWS[5][2], id="piece"),
        pytest.param(
            "address changes", f"{DOCUMENT.upper()},i,2026-11-09,A,12 OAK ST,,Boston,ma,02110", ROWS[-2][2], id="move"
        ),
        pytest.param("documents viewed", f"{DOCUMENT},2026-11-09,{TOKEN.upper()}", ROWS[-1][2], id="token"),
    ],
)
def test_read__letter_case_does_not_matter(form: str, row: str, expected: DeliveryReport) -> None:
    parsed = read_delivery_reports(table(form, row))
    assert (parsed.reports, parsed.problems) == (((2, expected),), ())


WRONG_VALUES = [
    ("acknowledgement", f"../x,accepted,12,{SHA},2026-11-09,", "print_file is not valid: it must be the name of a"),
    ("acknowledgement", f"{FILE},maybe,12,{SHA},2026-11-09,", "status is 'maybe': it must be accepted, duplicate, or"),
    ("acknowledgement", f"{FILE},accepted,-1,{SHA},2026-11-09,", "records is '-1': it must be the number of pieces"),
    ("acknowledgement", f"{FILE},accepted,9{'0' * 30},{SHA},2026-11-09,", "it must be the number of pieces"),
    ("acknowledgement", f"{FILE},accepted,1.5,{SHA},2026-11-09,", "records is '1.5': it must be the number of pieces"),
    ("acknowledgement", f"{FILE},accepted,12,,2026-11-09,", "pdf_sha256 is empty: it must be the SHA-256"),
    ("mailed jobs", f"{FILE},12,2026-02-30,J", "mailed_on is not valid: it must be a date, such as 2026-11-09"),
    ("mailed jobs", f"{FILE},12,2026-11-09,A B", "job_id is not valid: it must be a code"),
    ("mailed pieces", f"Ana Garcia,{FILE},2026-11-09,J", "document_id is not valid: it must be a document id"),
    ("returned mail", f"{DOCUMENT},2026-11-09,", "return_reason is empty"),
    ("address changes", f"{DOCUMENT},X,2026-11-09,A,1 OAK ST,,BOSTON,MA,02110", "move_type is 'X': it must be I"),
    ("address changes", f"{DOCUMENT},I,2026-11-09,A,,,BOSTON,MA,02110", "new_line_1 is empty: it must be an address"),
    ("address changes", f"{DOCUMENT},I,2026-11-09,A,1 OAK,,BOSTON,MASS,02110", "new_state is not valid: it must be a"),
    ("address changes", f"{DOCUMENT},I,2026-11-09,A,1 OAK,,BOSTON,MA,O2110", "new_zip is not valid: it must be a ZIP"),
]


@pytest.mark.parametrize(("form", "row", "message"), WRONG_VALUES, ids=[row[2][:40] for row in WRONG_VALUES])
def test_read__wrong_value_is_described_in_words(form: str, row: str, message: str) -> None:
    (problem,) = read_delivery_reports(table(form, row)).problems
    assert message in problem.message
    assert not re.search(r"regex|pattern|Expected|\$\.|\\|\^|\{\d", problem.message)
    assert "Garcia" not in problem.message
    assert "OAK" not in problem.message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            b"PK\x03\x04rest",
            "the file is a ZIP archive or a spreadsheet (.xlsx): ask the vendor for plain CSV",
            id="zip",
        ),
        pytest.param(b"\x1f\x8b\x08", "the file is a compressed file (gzip)", id="gzip"),
        pytest.param(b"%PDF-1.7", "the file is a PDF", id="pdf"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----", "the file is encrypted (OpenPGP)", id="pgp"),
        pytest.param("document_id".encode("utf-16"), "the file is UTF-16 text", id="utf-16"),
        pytest.param(b"document_id\n\xe9", "not UTF-8 text; line 2 is the first", id="latin-1"),
        pytest.param(b"a\n" * 600_000, "the file has more than 500,000 lines", id="lines"),
        pytest.param(b"a" * 5_000, "the file has a line of more than 4,000 characters", id="line"),
        pytest.param(b"a\n" * (33 * 2**20), "the file is larger than 64 MB", id="bytes"),
    ],
)
def test_read__file_that_cannot_be_read_says_why(data: bytes, message: str) -> None:
    parsed = read_delivery_reports(data)
    (problem,) = parsed.problems
    assert message in problem.message
    assert (problem.line, parsed.reports) == (0, ())
    assert parsed.lines >= 1


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"body":' + "[" * 100_000])
def test_read__deeply_nested_json_never_raises(text: str) -> None:
    assert read_delivery_reports(text.encode()).problems


@given(st.binary(max_size=200))
def test_read__random_bytes_never_raise(noise: bytes) -> None:
    parsed = read_delivery_reports(noise)
    assert parsed.problems
    assert not parsed.reports


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
    parsed = read_delivery_reports(json.dumps(event(kind)).encode())
    state = STATES[kind]
    assert (parsed.file_type, parsed.problems) == ("Lob events", ())
    assert parsed.reports == (((1, piece(state, kind)),) if state else ())


def long_event(characters: int) -> str:
    """An event of this length: a letter with merge variables or many tracking events."""
    short = json.dumps(event("letter.mailed", note=""))
    return json.dumps(event("letter.mailed", note="x" * (characters - len(short))))


@pytest.mark.parametrize("characters", [4_001, 100_000, 2**18])
def test_lob__long_event_is_read(characters: int) -> None:
    parsed = read_delivery_reports(f"{long_event(characters)}\n{json.dumps(event('letter.delivered'))}\n".encode())
    assert [(line, report.state) for line, report in parsed.reports if isinstance(report, PieceReport)] == [
        (1, PieceState.MAILED),
        (2, PieceState.DELIVERED),
    ]


def test_lob__event_that_is_too_long_costs_its_line_only() -> None:
    good = json.dumps(event("letter.delivered"))
    parsed = read_delivery_reports(f"{good}\n{long_event(2**18 + 1)}\n{good}\n".encode())
    assert [line for line, _ in parsed.reports] == [1, 3]
    assert parsed.lines == 3
    (problem,) = parsed.problems
    assert (problem.line, "longer than 256 KB" in problem.message) == (2, True)


@pytest.mark.parametrize("kind", sorted(lob_api.event_types()))
def test_lob__our_description_accepts_each_event(kind: str) -> None:
    assert lob_api.problems("event", event(kind)) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": "x"}, id="id"),
        pytest.param({"date_created": "yesterday"}, id="date"),
        pytest.param({"object": "letter"}, id="object"),
        pytest.param({"event_type": {"id": "letter.lost"}}, id="event-type"),
        pytest.param({"body": {"metadata": {"document_id": "G-17"}}}, id="metadata"),
        pytest.param({"body": {}}, id="no-metadata"),
    ],
)
def test_lob__our_description_refuses_invalid_events(changes: dict[str, object]) -> None:
    assert lob_api.problems("event", event("letter.mailed", **changes))


def test_lob__only_the_event_for_a_person_is_unknown() -> None:
    assert lob_api.event_types() - set(STATES) == {"letter.certified.issue"}


def test_lob__known_events_include_those_of_lobs_own_description() -> None:
    description = shared_data(DESCRIPTION).read_text(encoding="utf-8")
    schemas = yaml.load(description, Loader=yaml.CSafeLoader)["components"]["schemas"]
    described = set(schemas["letter_types"]["enum"])
    assert len(described) > 20
    assert described <= lob_api.event_types()


def test_lob__one_event_per_line() -> None:
    lines = [json.dumps(event("letter.mailed")), "", json.dumps(event("letter.delivered"))]
    parsed = read_delivery_reports("\n".join(lines).encode())
    assert [(line, report.state) for line, report in parsed.reports if isinstance(report, PieceReport)] == [
        (1, PieceState.MAILED),
        (3, PieceState.DELIVERED),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(event("postcard.mailed"), id="not-a-letter"),
        pytest.param(event("letter.certified.issue"), id="a-person-must-check"),
        pytest.param(event("letter.mailed", id="x"), id="id"),
        pytest.param(event("letter.mailed", date_created="yesterday"), id="date"),
        pytest.param(event("letter.mailed", body={"metadata": {}}), id="not-ours"),
        pytest.param(event("letter.mailed", body={}), id="no-metadata"),
        pytest.param({"object": "event"}, id="no-fields"),
    ],
)
def test_lob__unknown_event_is_a_problem(broken: dict[str, object]) -> None:
    parsed = read_delivery_reports(json.dumps(broken).encode())
    assert parsed.reports == ()
    assert len(parsed.problems) == 1


@pytest.mark.parametrize(
    "reason",
    ["DEC", "dec", " Dec ", "DECEASED", "Deceased", "DECD", "RTS-DEC", "DEC/UTF", "addressee deceased", "Fallecida"],
)
def test_returned__every_spelling_of_deceased(reason: str) -> None:
    (parsed,) = read_delivery_reports(table("returned mail", f"{DOCUMENT},2026-11-09,{reason}")).reports
    assert parsed[1] == piece(PieceState.RETURNED, "DEC", "")
    assert isinstance(parsed[1], PieceReport)
    assert parsed[1].says_deceased


@pytest.mark.parametrize("reason", [*sorted(set(RETURN_REASONS) - {"DEC"}), "utf"])
def test_returned__other_reasons_say_nothing_about_a_death(reason: str) -> None:
    ((_, report),) = read_delivery_reports(table("returned mail", f"{DOCUMENT},2026-11-09,{reason}")).reports
    assert report == piece(PieceState.RETURNED, reason.upper(), "")
    assert isinstance(report, PieceReport)
    assert not report.says_deceased


@pytest.mark.parametrize("reason", ["9 Dec", "DECLINED", "returned Dec 9", "Ana Deckard"])
def test_returned__text_that_is_no_reason_is_a_problem_without_its_words(reason: str) -> None:
    parsed = read_delivery_reports(table("returned mail", f"{DOCUMENT},2026-11-09,{reason}"))
    assert parsed.reports == ()
    assert "not a known return reason" in parsed.problems[0].message
    assert " " not in reason or reason not in parsed.problems[0].message


@pytest.mark.parametrize(("kind", "says_deceased"), [("letter.returned_to_sender", True), ("letter.in_transit", False)])
def test_lob__carrier_notes_on_a_death(kind: str, says_deceased: bool) -> None:
    body = {"metadata": {"document_id": DOCUMENT}, "tracking_events": [{"details": {"notes": "Addressee DECEASED"}}]}
    ((_, report),) = read_delivery_reports(json.dumps(event(kind, body=body)).encode()).reports
    assert isinstance(report, PieceReport)
    assert report.says_deceased is says_deceased
