"""What payroll and agencies leave: no file stops the others, and one that is not read is told to a person."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from statement_builder.operations.payroll import collect as payroll
from statement_builder.operations.placement import collect as placement
from tests.commands import call
from tests.hospital import Hospital, build_hospital

DAY_S = 24 * 3_600


class Partner(NamedTuple):
    command: str
    inbox: str
    empty_file: str
    operation: ModuleType
    parser: str


PAYROLL = Partner(
    "payroll", "payroll-answers", "employee_id|code|pay_date|status|amount|reason\nTRAILER|0\n", payroll, "read_answers"
)
AGENCY = Partner(
    "placement",
    "agency-reports/granite",
    "row|placement|on|amount|fee|reference|reason\nTRAILER|0|0.00\n",
    placement,
    "read_agency_file",
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return build_hospital(tmp_path_factory.mktemp("partners") / "home", guarantors=1)


@pytest.fixture
def hospital(sample: Hospital, tmp_path: Path) -> Hospital:
    return sample.copy_to(tmp_path / "home")


@pytest.fixture(params=[pytest.param(PAYROLL, id="payroll"), pytest.param(AGENCY, id="agency")])
def partner(request: pytest.FixtureRequest) -> Any:
    return request.param


def drop(hospital: Hospital, partner: Partner, name: str, text: str) -> Path:
    path = hospital.home / partner.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def collect(hospital: Hospital, partner: Partner, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = call(hospital, partner.command, "collect", "--json", code=code).json
    return result


def failing_on_poison(parse: Callable[[bytes], Any], error: Exception) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        if data.startswith(b"poison"):
            raise error
        return parse(data)

    return read


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(MemoryError(), "larger or more deeply nested", id="memory"),
        pytest.param(RecursionError(), "larger or more deeply nested", id="recursion"),
        pytest.param(KeyError("Ana Garcia"), "The program failed while reading a file (KeyError", id="bug"),
    ],
)
def test_parser_that_fails__costs_one_file(
    hospital: Hospital, partner: Partner, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(hospital, partner, "a.txt", "poison")
    drop(hospital, partner, "b.txt", partner.empty_file)
    parse = getattr(partner.operation, partner.parser)
    monkeypatch.setattr(partner.operation, partner.parser, failing_on_poison(parse, error))
    result = call(hospital, partner.command, "collect", "--json", code=3)
    assert {file["name"]: file["put_in"] for file in result.json["files"]} == {"a.txt": "quarantine", "b.txt": "done"}
    written = (hospital.home / partner.inbox / "quarantine" / "a.txt.reason.txt").read_text(encoding="utf-8")
    assert reason in written
    assert "Garcia" not in written + result.out + result.err
    (alert,) = result.json["alerts"]
    assert "quarantine/a.txt" in alert["message"]


def test_transfer_that_did_not_finish__is_told_after_a_day(hospital: Hospital, partner: Partner) -> None:
    path = drop(hospital, partner, "a.txt.part", partner.empty_file)
    assert collect(hospital, partner)["alerts"] == []
    then = path.stat().st_mtime - DAY_S
    os.utime(path, (then, then))
    (alert,) = collect(hospital, partner, code=3)["alerts"]
    assert "a.txt.part" in alert["message"]
    assert "has had a temporary name for a day" in alert["message"]
    assert path.exists()


def test_folder_in_the_inbox__is_told(hospital: Hospital, partner: Partner) -> None:
    (hospital.home / partner.inbox / "november").mkdir(parents=True)
    (alert,) = collect(hospital, partner, code=3)["alerts"]
    assert "november" in alert["message"]
    assert "is a folder, a link or a device" in alert["message"]


def test_file_that_grows_in_quarantine__is_read_again(hospital: Hospital, partner: Partner) -> None:
    header, trailer, _ = partner.empty_file.split("\n")
    drop(hospital, partner, "a.txt", f"{header}\n")
    (alert,) = collect(hospital, partner, code=3)["alerts"]
    assert "quarantine/a.txt" in alert["message"]
    with (hospital.home / partner.inbox / "quarantine" / "a.txt").open("a", encoding="utf-8") as file:
        file.write(f"{trailer}\n")
    result = collect(hospital, partner)
    assert [file["put_in"] for file in result["files"]] == ["done"]
    assert result["alerts"] == []
