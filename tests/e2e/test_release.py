"""Who may release what: through the command line, as different people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import call
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital, build_hospital

BATCH = f"{CYCLE}-statement"
RUN = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--json")


def as_user(name: str, hospital: Hospital, *arguments: str, code: int = 0) -> CommandResult:
    return call(Hospital(hospital.home, {"LOGNAME": name}), *arguments, code=code)


def set_release(hospital: Hospital, **settings: str) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in settings.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} =")]
        text = text.replace(line, f"{name} = {value}")
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return build_hospital(tmp_path_factory.mktemp("new") / "home", guarantors=40, workers=1)


@pytest.fixture
def hospital(new: Hospital, tmp_path: Path) -> Hospital:
    return new.copy_to(tmp_path / "home")


def test_second_person__who_opened_it_cannot_release_it_and_a_colleague_can(hospital: Hospital) -> None:
    set_release(hospital, statement='"dual-control"')
    told = as_user("ana", hospital, *RUN, "--release", code=3)
    assert "waits for another person: you opened it" in told.err
    assert f"`statements release {BATCH}`" in told.err
    as_user("ana", hospital, "release", BATCH, code=3)
    assert hospital.manifest_rows() == []
    summary = as_user("ana", hospital, "show", BATCH, "--json").json
    assert summary["state"] == "waiting"
    assert any("somebody other than ana@" in question for question in summary["questions"])

    as_user("ben", hospital, "release", BATCH)
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert sheet["opened_by"].startswith("ana@")
    assert sheet["released_by"].startswith("ben@")
    assert sheet["state"] == "closed"


def test_final_notices__want_a_second_person(hospital: Hospital) -> None:
    set_release(hospital, dunning='"auto"', dual_control_level_min="2")
    run = ("run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    told = as_user("ana", hospital, *run, code=3)
    assert "letters are of level 2 or above" in told.err
    as_user("ben", hospital, "release", f"{CYCLE}-dunning")


def test_unusual_batch__stops_although_policy_is_auto_and_says_why(hospital: Hospital) -> None:
    set_release(hospital, statement='"auto"')
    call(hospital, *RUN)
    assert hospital.manifest_rows()
    hospital.sql("UPDATE feed SET loaded_at = '2026-12-07T10:00:00Z'")
    hospital.sql("DELETE FROM charge WHERE charge_id IN (SELECT charge_id FROM charge ORDER BY charge_id LIMIT 60)")
    hospital.sql("UPDATE charge SET amount_cents = amount_cents * 3")
    december = Hospital(hospital.home, {"STATEMENTS_CLOCK": "2026-12-07T15:00:00+00:00"})
    told = call(december, "run", "statement", "--cycle", "2026-12", code=3)
    assert "on average, against" in told.err
    assert f"in {BATCH}" in told.err
    shown = call(december, "show", "2026-12-statement").out
    assert "To decide: " in shown
    assert "on average" in shown
    call(december, "release", "2026-12-statement")


def test_amount_above_the_ceiling__names_the_document(hospital: Hospital) -> None:
    set_release(hospital, statement='"auto"', amount_max_cents="100000")
    told = call(hospital, *RUN, code=3).err
    largest = hospital.ledger("SELECT document_id FROM document ORDER BY amount_cents DESC LIMIT 1")[0][0]
    assert "ask for more than $1,000.00" in told
    assert largest in told
