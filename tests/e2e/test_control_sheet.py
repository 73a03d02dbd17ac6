"""The control sheet as an operator and an auditor get it: of a batch that waits, and as it was kept when it closed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.commands import call
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.pdf_text import page_texts

BATCH = f"{CYCLE}-statement"
RUN = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--json")


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = build_hospital(tmp_path_factory.mktemp("waiting") / "home", guarantors=40, workers=1)
    call(hospital, *RUN, code=3)
    return hospital


@pytest.fixture(scope="module")
def closed(waiting: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = waiting.copy_to(tmp_path_factory.mktemp("closed") / "home")
    call(hospital, "release", BATCH)
    return hospital


def kept(hospital: Hospital) -> list[Path]:
    return sorted((hospital.home / "archive").glob(f"control-sheets/{BATCH}/*"))


def test_waiting_batch__is_shown_with_its_questions_and_kept_nowhere(waiting: Hospital) -> None:
    sheet = call(waiting, "report", "control", BATCH, "--json").json
    assert sheet["questions"] == ["Policy asks for a person's approval of this kind."]
    assert sheet["foots"] is True
    assert sheet["counts"] == sheet["counts"] | call(waiting, "show", BATCH, "--json").json["counts"]
    assert "To decide: Policy asks" in call(waiting, "report", "control", BATCH).out
    assert kept(waiting) == []
    assert "not closed" in call(waiting, "report", "control", BATCH, "--kept", code=2).err


def test_closed_batch__its_sheet_is_in_the_archive_under_its_own_hash(closed: Hospital, tmp_path: Path) -> None:
    files = kept(closed)
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


def test_closed_batch__a_rerun_keeps_no_other_sheet(closed: Hospital) -> None:
    before = kept(closed)
    call(closed, "rerun", BATCH, "--release")
    assert kept(closed) == before


def test_damaged_sheet__is_not_given_out(closed: Hospital, tmp_path: Path) -> None:
    hospital = closed.copy_to(tmp_path / "home")
    (path,) = [each for each in kept(hospital) if each.suffix == ".json"]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"foots": true', b'"foots":false'))
    assert "damaged" in call(hospital, "report", "control", BATCH, "--kept", "--json", code=1).err


def test_paper__names_no_patient_and_no_account(closed: Hospital, tmp_path: Path) -> None:
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
