"""Release policy, with different users on the command line."""

from __future__ import annotations

import pytest

from tests.commands import BATCH, RUN_TO_GATES, call
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital

pytestmark = pytest.mark.hospital("new", guarantors=40)


def as_user(name: str, hospital: Hospital, *arguments: str, code: int = 0) -> CommandResult:
    return call(Hospital(hospital.home, {"LOGNAME": name}), *arguments, code=code)


def set_release(hospital: Hospital, **settings: str) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in settings.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} =")]
        text = text.replace(line, f"{name} = {value}")
    path.write_text(text, encoding="utf-8")


def test_dual_control__only_a_second_user_can_release(hospital: Hospital) -> None:
    set_release(hospital, statement='"dual-control"')
    stopped = as_user("ana", hospital, *RUN_TO_GATES, "--release", code=3)
    assert "must be released by a second user, because you opened it" in stopped.err
    assert f"`statements release {BATCH}`" in stopped.err
    as_user("ana", hospital, "release", BATCH, code=3)
    assert hospital.manifest_rows() == []
    summary = as_user("ana", hospital, "show", BATCH, "--json").json
    assert summary["state"] == "waiting"
    assert any("a user other than ana@" in question for question in summary["questions"])

    as_user("ben", hospital, "release", BATCH)
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert sheet["opened_by"].startswith("ana@")
    assert sheet["released_by"].startswith("ben@")
    assert sheet["state"] == "closed"


def test_final_notices__require_a_second_user(hospital: Hospital) -> None:
    set_release(hospital, dunning='"auto"', dual_control_level_min="2")
    run = ("run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    stopped = as_user("ana", hospital, *run, code=3)
    assert "letters are level 2 or above" in stopped.err
    as_user("ben", hospital, "release", f"{CYCLE}-dunning")


def test_unusual_batch__waits_although_policy_is_auto(hospital: Hospital) -> None:
    set_release(hospital, statement='"auto"')
    call(hospital, *RUN_TO_GATES)
    assert hospital.manifest_rows()
    hospital.sql("UPDATE feed SET loaded_at = '2026-12-07T10:00:00Z'")
    hospital.sql("DELETE FROM charge WHERE charge_id IN (SELECT charge_id FROM charge ORDER BY charge_id LIMIT 60)")
    hospital.sql("UPDATE charge SET amount_cents = amount_cents * 3")
    december = Hospital(hospital.home, {"STATEMENTS_CLOCK": "2026-12-07T15:00:00+00:00"})
    stopped = call(december, "run", "statement", "--cycle", "2026-12", code=3)
    assert "The average amount is $" in stopped.err
    assert f"in {BATCH}" in stopped.err
    shown = call(december, "show", "2026-12-statement").out
    assert "To decide: " in shown
    assert "The average amount is $" in shown
    call(december, "release", "2026-12-statement")


def test_amount_above_the_limit__message_names_the_document(hospital: Hospital) -> None:
    set_release(hospital, statement='"auto"', amount_max_cents="100000")
    stopped = call(hospital, *RUN_TO_GATES, code=3).err
    largest = hospital.ledger("SELECT document_id FROM document ORDER BY amount_cents DESC LIMIT 1")[0][0]
    assert "ask for more than $1,000.00" in stopped
    assert largest in stopped
