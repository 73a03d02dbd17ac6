"""Whole runs of the DAGs on the sample hospital, with Airflow's own `dag.test()` on SQLite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dags.place import AirflowPlace
from tests.faults.outcome import assert_once_each, outcome_of
from tests.hospital import CYCLE, Hospital, build_hospital

BATCH = f"{CYCLE}-statement"
DATE = "2026-11-07T15:00:00+00:00"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, dict[str, Any], str]:
    """A hospital after: a dry run, the month's run, the same run again, a re-run of the finished batch, and a run that
    has no date and no cycle. What became of each, and all that was logged."""
    home = tmp_path_factory.mktemp("runs")
    hospital = build_hospital(home / "hospital", guarantors=30, workers=1)
    settings = hospital.home / "statements.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('statement = "person"', 'statement = "auto"'))
    place = AirflowPlace(home / "airflow", hospital)
    place.airflow("db", "migrate")
    month = {"dag": "monthly_statements", "date": DATE}
    answer, log = place.script(
        "run_dags",
        json.dumps(month | {"conf": {"dry_run": True}}),
        json.dumps(month),
        json.dumps({"dag": "monthly_statements", "conf": {"cycle": CYCLE}}),
        json.dumps({"dag": "rerun_batch", "conf": {"batch": BATCH}}),
        json.dumps({"dag": "monthly_statements"}),
    )
    return hospital, answer, log


def test_month__is_released_by_policy_and_handed_off_once(house: tuple[Hospital, dict[str, Any], str]) -> None:
    hospital, answer, _ = house
    run = answer["runs"][1]
    assert run["state"] == "success"
    assert run["tasks"].pop("approve") == "skipped"
    assert set(run["tasks"].values()) == {"success"}
    assert any(task.startswith("build[shard 1 of 1, postal codes ") for task in run["tasks"]), run["tasks"]
    assert_once_each(outcome_of(hospital, BATCH))
    assert hospital.ledger("SELECT as_of, opened_by, released_by FROM batch") == [
        ("2026-11-07", "airflow@monthly_statements", "policy")
    ]


def test_dry_run__leaves_nothing_behind(house: tuple[Hospital, dict[str, Any], str]) -> None:
    hospital, answer, log = house
    assert set(answer["runs"][0]["tasks"].values()) == {"skipped"}
    assert f"Dry run of {CYCLE}" in log
    assert hospital.ledger("SELECT count(*) FROM event WHERE what = 'open'") == [(1,)]


def test_finished_batch__run_and_re_run_again_does_nothing(house: tuple[Hospital, dict[str, Any], str]) -> None:
    hospital, answer, _ = house
    again, rerun = answer["runs"][2:4]
    assert again["state"] == "success"
    assert rerun["tasks"]["say_what_is_left"] == "skipped"
    assert set(rerun["tasks"].values()) == {"skipped"}
    for what in ("built", "released", "closed"):
        subjects = hospital.ledger("SELECT subject FROM event WHERE what = ?", what)
        assert len(subjects) == len(set(subjects)) > 0


def test_run_without_date_and_cycle__asks_for_one_and_is_not_tried_again(
    house: tuple[Hospital, dict[str, Any], str],
) -> None:
    _, answer, log = house
    run = answer["runs"][4]
    assert run["state"] == "failed"
    assert run["tasks"]["open_batch"] == "failed"
    assert "its cycle has to be named" in log


def test_logs_and_xcom__name_nobody(house: tuple[Hospital, dict[str, Any], str]) -> None:
    hospital, answer, log = house
    people = hospital.sql("SELECT last_name, address_lines, email FROM guarantor")
    accounts = hospital.sql("SELECT account_number FROM encounter")
    secret = {word for row in (*people, *accounts) for word in row if word and len(word) > 5}
    assert len(secret) > 60
    kept = "\n".join(answer["kept"])
    assert BATCH in kept
    assert "shard 1 of 1" in log
    assert [word for word in secret if word in kept] == []
    assert [word for word in secret if word in log] == []
