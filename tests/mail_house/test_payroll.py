"""Files for payroll and its answers: the format, and that a file arrives once, whole, with its control file last."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mail_house.errors import Permanent, Retryable
from mail_house.payroll import DeductionFile, DeductionLine, PayrollStore, build_deduction_file, open_payroll
from mail_house.payroll.answers import read_answers
from mail_house.urls import parse_url
from tests.services.sftp import SftpServer

NAME = "DEDUCT_LAKESIDE_20261120_0001"
HEADER = "employee_id|code|pay_date|status|amount|reason"
OpenPayroll = Callable[[Path], PayrollStore]


def make_line(**changes: Any) -> DeductionLine:
    facts: dict[str, Any] = {
        "employee_id": "E20417",
        "code": "HOSPITAL",
        "amount_cents": 5_000,
        "starts_on": date(2026, 12, 18),
        "ends_on": date(2027, 5, 21),
        "limit_cents": 60_000,
    }
    return DeductionLine(**(facts | changes))


def make_file(*lines: DeductionLine) -> DeductionFile:
    return build_deduction_file(NAME, lines or (make_line(),))


@pytest.fixture(params=["file", "sftp"])
def open_store(request: pytest.FixtureRequest) -> OpenPayroll:
    if request.param == "file":
        return lambda folder: open_payroll(parse_url(f"file://{folder}", setting="payroll.url"), environ={})
    server: SftpServer = request.getfixturevalue("sftp_server")
    return lambda folder: open_payroll(parse_url(server.url(folder), setting="payroll.url"), environ=server.environ)


def test_deduction_file__has_what_payroll_needs_and_nothing_else__45_cfr_164_508() -> None:
    ((name, data),) = make_file(make_line(), make_line(employee_id="E2", amount_cents=105)).files
    assert name.startswith(f"{NAME}.")
    assert data.decode() == (
        "employee_id|code|amount|start|end|limit\r\n"
        "E20417|HOSPITAL|50.00|2026-12-18|2027-05-21|600.00\r\n"
        "E2|HOSPITAL|1.05|2026-12-18|2027-05-21|600.00\r\n"
        "TRAILER|2|51.05\r\n"
    )


@pytest.mark.parametrize("text", ["E|1", "E\n1", "E\r1", ""])
def test_deduction_file__no_text_breaks_a_line(text: str) -> None:
    with pytest.raises(ValueError, match="break a line"):
        make_file(make_line(employee_id=text))


def test_store__control_file_is_last_and_a_second_delivery_changes_nothing(
    open_store: OpenPayroll, tmp_path: Path
) -> None:
    store, file = open_store(tmp_path), make_file()
    assert store.find(NAME) is None
    store.deliver(file)
    assert store.find(NAME) == file.control
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    store.deliver(file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    control = json.loads(before[f"{NAME}.ctl"])
    assert (control["records"], control["files"][0]["file"]) == (1, file.files[0][0])


def test_store__payroll_may_remove_what_it_took_in(open_store: OpenPayroll, tmp_path: Path) -> None:
    store, file = open_store(tmp_path), make_file()
    store.deliver(file)
    (tmp_path / file.files[0][0]).unlink()
    assert store.find(NAME) == file.control


@pytest.mark.parametrize("data", [b"{}", b"x", make_file().control.name.encode()])
def test_store__another_program_wrote_the_control_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / f"{NAME}.ctl").write_bytes(data)
    with pytest.raises(Permanent, match="control file"):
        open_payroll(parse_url(f"file://{tmp_path}", setting="payroll.url"), environ={}).find(NAME)


def test_store__folder_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "payroll").write_text("", encoding="utf-8")
    with pytest.raises(Retryable):
        open_payroll(parse_url(f"file://{tmp_path / 'payroll'}", setting="payroll.url"), environ={}).check()


def test_store__other_schemes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"payroll\.url: 's3' is not supported; use file: or sftp:"):
        open_payroll(parse_url("s3://bucket/payroll", setting="payroll.url"), environ={})


def answers(*lines: str, count: int | None = None, header: str = HEADER) -> bytes:
    trailer = f"TRAILER|{len(lines) if count is None else count}"
    return "\n".join((header, *lines, trailer, "")).encode()


def test_answers__are_read_per_line() -> None:
    found, bad = read_answers(
        answers("E1|HOSPITAL|2026-12-18|taken|50.00|", "E2|HOSPITAL|2026-12-18|not_taken|0.00|short_pay", "nonsense")
    )
    assert [(each.line, each.employee_id, each.taken_cents, each.reason) for each in found] == [
        (2, "E1", 5_000, ""),
        (3, "E2", 0, "short_pay"),
    ]
    assert [each.line for each in bad] == [4]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("E1|HOSPITAL|2026-12-18|taken|50|", "amount", id="no-cents"),
        pytest.param("E1|HOSPITAL|2026-12-18|taken|-50.00|", "amount", id="negative"),
        pytest.param("E1|HOSPITAL|12/18/2026|taken|50.00|", "pay_date", id="other-date"),
        pytest.param("E1|HOSPITAL|2026-12-18|maybe|50.00|", "status", id="other-status"),
        pytest.param("E1|HOSPITAL|2026-12-18|not_taken|50.00|", "contradict", id="not-taken-with-an-amount"),
        pytest.param("E1|HOSPITAL|2026-12-18|taken|0.00|", "contradict", id="taken-without-an-amount"),
        pytest.param("E1|HOSPITAL|2026-12-18|not_taken|0.00|he is on leave", "reason", id="free-text"),
        pytest.param("|HOSPITAL|2026-12-18|taken|50.00|", "employee_id", id="no-employee"),
        pytest.param("E1|HOSPITAL|2026-12-18|taken", "columns", id="cut-line"),
    ],
)
def test_answers__a_line_that_is_not_clear_is_named_and_not_quoted(line: str, problem: str) -> None:
    found, (bad,) = read_answers(answers(line))
    assert found == []
    assert problem in bad.problem
    assert "leave" not in bad.problem


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "header", id="empty"),
        pytest.param(answers(header="employee|code"), "header", id="other-header"),
        pytest.param(answers("E1|HOSPITAL|2026-12-18|taken|50.00|", count=2), "cut", id="fewer-lines-than-its-trailer"),
        pytest.param(f"{HEADER}\nE1|HOSPITAL|2026-12-18|taken|50.00|\n".encode(), "cut", id="no-trailer"),
        pytest.param(f"{HEADER}\n".encode(), "cut", id="header-alone"),
        pytest.param(b"\xff\xfe\x00", "UTF-8", id="other-encoding"),
    ],
)
def test_answers__a_file_that_may_be_cut_is_not_read(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_answers(data)
