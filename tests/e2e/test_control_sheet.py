"""The control sheet of a waiting batch, and the one archived when a batch closed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.commands import BATCH, call
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import Hospital
from tests.pdf_text import page_texts


@pytest.fixture(scope="module")
def waiting(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A waiting batch. Tests only read it."""
    return sample_hospitals.copy_to(tmp_path_factory.mktemp("waiting") / "home", "waiting", guarantors=40)


@pytest.fixture(scope="module")
def closed(waiting: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = waiting.copy_to(tmp_path_factory.mktemp("closed") / "home")
    call(hospital, "release", BATCH)
    return hospital


def archived_sheets(hospital: Hospital) -> list[Path]:
    return sorted((hospital.home / "archive").glob(f"control-sheets/{BATCH}/*"))


def test_waiting_batch__sheet_lists_the_decisions_and_is_not_archived(waiting: Hospital) -> None:
    sheet = call(waiting, "report", "control", BATCH, "--json").json
    assert sheet["questions"] == ["APPROVAL: Policy requires a person's approval for this kind."]
    assert sheet["foots"] is True
    assert sheet["counts"] == sheet["counts"] | call(waiting, "show", BATCH, "--json").json["counts"]
    assert "To decide: APPROVAL: Policy requires" in call(waiting, "report", "control", BATCH).out
    assert archived_sheets(waiting) == []
    assert "not closed" in call(waiting, "report", "control", BATCH, "--kept", code=2).err


def test_closed_batch__sheet_is_archived_under_its_hash(closed: Hospital, tmp_path: Path) -> None:
    files = archived_sheets(closed)
    assert sorted(path.suffix for path in files) == [".json", ".pdf"]
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
        target = tmp_path / f"sheet{path.suffix}"
        as_json = ("--json",) if path.suffix == ".json" else ()
        call(closed, "report", "control", BATCH, "--kept", *as_json, "-o", str(target))
        assert target.read_bytes() == path.read_bytes()
        assert target.stat().st_mode & 0o077 == 0
    sheet = call(closed, "report", "control", BATCH, "--kept", "--json").json
    assert (sheet["state"], sheet["foots"]) == ("closed", True)
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    assert [end["to_do"].split()[1] for end in sheet["still_open"]] == ["exceptions"]


def test_closed_batch__rerun_archives_no_second_sheet(closed: Hospital) -> None:
    before = archived_sheets(closed)
    call(closed, "rerun", BATCH, "--release")
    assert archived_sheets(closed) == before


def test_damaged_sheet__is_refused(closed: Hospital, tmp_path: Path) -> None:
    hospital = closed.copy_to(tmp_path / "home")
    (path,) = [each for each in archived_sheets(hospital) if each.suffix == ".json"]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"foots": true', b'"foots":false'))
    assert "damaged" in call(hospital, "report", "control", BATCH, "--kept", "--json", code=1).err


def test_pdf__contains_no_patient_and_no_account(closed: Hospital, tmp_path: Path) -> None:
    call(closed, "report", "control", BATCH, "-o", str(tmp_path / "sheet.pdf"))
    text = " ".join(page_texts((tmp_path / "sheet.pdf").read_bytes()))
    assert "Closed. Everything foots" in text
    names = {row[0] for row in closed.sql("SELECT last_name FROM guarantor UNION SELECT last_name FROM patient")}
    numbers = {
        row[0] for row in closed.sql("SELECT account_number FROM encounter UNION SELECT guarantor_id FROM guarantor")
    }
    assert len(names) > 10
    assert len(numbers) > 40
    words = set(text.split())
    assert {name for name in names if name and name in words} == set()
    assert {number for number in numbers if number and number in text} == set()
