"""Release policy, with different users on the command line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.commands import BATCH, RUN_TO_GATES, call
from tests.hospital import AS_OF, CYCLE, Hospital, needs_other_users

pytestmark = pytest.mark.hospital("new", guarantors=40)
ANA, BEN = 70_001, 70_002
"""Unix users."""


def set_release(hospital: Hospital, **settings: str) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in settings.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} =")]
        text = text.replace(line, f"{name} = {value}")
    path.write_text(text, encoding="utf-8")


@needs_other_users
def test_dual_control__only_a_second_user_can_release(hospital: Hospital) -> None:
    set_release(hospital, statement='"dual-control"')
    stopped = call(hospital.as_user(ANA), *RUN_TO_GATES, "--release", code=3)
    assert "must be released by a second user, because you opened it" in stopped.err
    assert f"`statements release {BATCH}`" in stopped.err
    call(hospital.as_user(ANA), "release", BATCH, code=3)
    assert hospital.manifest_rows() == []
    summary = call(hospital.as_user(ANA), "show", BATCH, "--json").json
    assert summary["state"] == "waiting"
    assert any(f"a user other than {ANA}@" in question for question in summary["questions"])

    call(hospital.as_user(BEN), "release", BATCH)
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert sheet["opened_by"].startswith(f"{ANA}@")
    assert sheet["released_by"].startswith(f"{BEN}@")
    assert sheet["state"] == "closed"


FORGED = {
    name: value
    for names, value in (
        (("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER", "AIRFLOW_CTX_DAG_OWNER"), "ben"),
        (("SUDO_UID", "UID", "EUID"), str(BEN)),
    )
    for name in names
}


@needs_other_users
def test_dual_control__environment_variables_make_no_second_user(hospital: Hospital) -> None:
    set_release(hospital, statement='"dual-control"')
    call(hospital.as_user(ANA), *RUN_TO_GATES, code=3)
    stopped = call(replace(hospital.as_user(ANA), environ=FORGED), "release", BATCH, code=3)
    assert "because you opened it" in stopped.err
    assert hospital.manifest_rows() == []
    persons = {actor.partition("@")[0] for (actor,) in hospital.ledger("SELECT actor FROM event")}
    assert persons - {"service"} == {str(ANA)}


@needs_other_users
def test_final_notices__require_a_second_user(hospital: Hospital) -> None:
    set_release(hospital, dunning='"auto"', dual_control_level_min="2")
    run = ("run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    stopped = call(hospital.as_user(ANA), *run, code=3)
    assert "letters are level 2 or above" in stopped.err
    call(hospital.as_user(BEN), "release", f"{CYCLE}-dunning")


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
    asked = [
        question.partition(":")[0]
        for question in call(december, "show", "2026-12-statement", "--json").json["questions"]
    ]
    assert "AVERAGE" in asked
    accepted = [argument for name in asked for argument in ("--accept", name)]
    call(december, "release", "2026-12-statement", *accepted, "--reason", "The source was reloaded.")


def test_amount_above_the_limit__is_accepted_by_name_after_the_build(hospital: Hospital) -> None:
    set_release(hospital, statement='"person"', amount_max_cents="100000")
    stopped = call(hospital, *RUN_TO_GATES, "--release", code=3).err
    assert f'`statements release {BATCH} --accept AMOUNT --reason "…"`' in stopped
    for arguments, code in ((("rerun", BATCH, "--release"), 3), (("release", BATCH), 3)):
        assert "ask for more than $1,000.00" in call(hospital, *arguments, code=code).err
    assert "--accept requires a reason" in call(hospital, "release", BATCH, "--accept", "AMOUNT", code=2).err
    unasked = ("release", BATCH, "--accept", "AMOUNT", "--accept", "VOLUME", "--reason", "Checked.")
    assert "does not ask to accept VOLUME" in call(hospital, *unasked, code=2).err
    assert hospital.manifest_rows() == []

    call(hospital, "release", BATCH, "--accept", "AMOUNT", "--reason", "Long stay, checked with the chart.")
    assert hospital.manifest_rows()
    ((why, data),) = hospital.ledger("SELECT why, data FROM event WHERE subject = ? AND what = 'released'", BATCH)
    assert "Long stay, checked with the chart." in why
    assert json.loads(data)["accepted"] == ["APPROVAL", "AMOUNT"]


def test_release__before_the_build_approves_nothing(hospital: Hospital) -> None:
    call(hospital, *RUN_TO_GATES, "--until", "pull")
    assert "is not built yet" in call(hospital, "release", BATCH, code=2).err


def test_amount_above_the_limit__message_names_the_document(hospital: Hospital) -> None:
    set_release(hospital, statement='"auto"', amount_max_cents="100000")
    stopped = call(hospital, *RUN_TO_GATES, code=3).err
    largest = hospital.ledger("SELECT document_id FROM document ORDER BY amount_cents DESC LIMIT 1")[0][0]
    assert "ask for more than $1,000.00" in stopped
    assert largest in stopped
