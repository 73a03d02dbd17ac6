"""Whole runs of the DAGs on the sample hospital, with Airflow's own `dag.test()` on SQLite."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from tests.dags.airflow_home import AirflowHome, office_mail
from tests.hospital import CYCLE, Hospital, build_hospital
from tests.outcomes import assert_sent_once, outcome_of
from tests.services.smtp import readable_text, run_smtp_server

BATCH = f"{CYCLE}-statement"
DATE = "2026-11-07T15:00:00+00:00"


OFFICE = "office@hospital.example"


@dataclass(frozen=True)
class House:
    """A hospital after `RUNS`: what became of each, all that was logged, and what the office was told."""

    hospital: Hospital
    answer: dict[str, Any]
    log: str
    mail: list[EmailMessage]

    def run(self, name: str) -> dict[str, Any]:
        return self.answer["runs"][list(RUNS).index(name)]


_MONTH = {"dag": "monthly_statements", "date": DATE}
_TRACKING = {"dag": "delivery_tracking"}
RUNS: dict[str, dict[str, Any]] = {
    "dry run": _MONTH | {"conf": {"dry_run": True}},
    "month": _MONTH,
    "late, and nobody is named": _TRACKING
    | {"environ": {"STATEMENTS_CLOCK": "2026-11-07T17:20:00+00:00", "STATEMENTS_ALERT_EMAIL": ""}},
    "late": _TRACKING | {"environ": {"STATEMENTS_ALERT_EMAIL": OFFICE}},
    "still late": _TRACKING,
    "acknowledged": _TRACKING | {"acknowledge": BATCH},
    "month again": {"dag": "monthly_statements", "conf": {"cycle": CYCLE}},
    "re-run of what is finished": {"dag": "rerun_batch", "conf": {"batch": BATCH}},
    "no date and no cycle": {"dag": "monthly_statements"},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    home = tmp_path_factory.mktemp("runs")
    hospital = build_hospital(home / "hospital", guarantors=30, workers=1)
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace('statement = "person"', 'statement = "auto"')
    settings.write_text(
        text.replace('final_vendor_status = "nothing"', 'final_vendor_status = "acknowledged"'), encoding="utf-8"
    )
    with run_smtp_server() as smtp:
        place = AirflowHome(home / "airflow", hospital, {"AIRFLOW_CONN_SMTP_DEFAULT": office_mail(smtp)})
        place.airflow("db", "migrate")
        answer, log = place.script("run_dags", *map(json.dumps, RUNS.values()))
        return House(hospital, answer, log, smtp.accepted)


def test_month__is_released_by_policy_and_handed_off_once(house: House) -> None:
    run = house.run("month")
    assert run["state"] == "success"
    assert run["tasks"].pop("approve") == "skipped"
    assert run["tasks"].pop("close") == "skipped", "the vendor has not answered yet"
    assert set(run["tasks"].values()) == {"success"}
    assert any(task.startswith("build[shard 1 of 1, postal codes ") for task in run["tasks"]), run["tasks"]
    assert_sent_once(outcome_of(house.hospital, BATCH))
    assert house.hospital.ledger("SELECT as_of, opened_by, released_by FROM batch") == [
        ("2026-11-07", "airflow@monthly_statements", "policy")
    ]


def test_dry_run__leaves_nothing_behind(house: House) -> None:
    assert set(house.run("dry run")["tasks"].values()) == {"skipped"}
    assert f"Dry run of {CYCLE}" in house.log
    assert house.hospital.ledger("SELECT count(*) FROM event WHERE what = 'open'") == [(1,)]


def test_late_acknowledgement__is_told_once_and_names_the_file_and_what_to_do(house: House) -> None:
    files = {row["pdf_file"].removesuffix(".pdf") for row in house.hospital.manifest_rows()}
    assert files
    assert house.run("late")["tasks"]["send_alerts"] == "success"
    assert house.run("still late")["tasks"]["send_alerts"] == "skipped"
    (message,) = [each for each in house.mail if "needs an operator" in each["Subject"]]
    assert message["To"] == OFFICE
    text = readable_text(message)
    assert all(f"ACK_LATE</b> {name}" in text for name in files)
    assert "docs/runbooks/late-acknowledgement.md" in text


def test_late_acknowledgement__is_a_red_task_where_nobody_is_named(house: House) -> None:
    run = house.run("late, and nobody is named")
    assert run["state"] == "failed"
    assert {task: state for task, state in run["tasks"].items() if state == "failed"} == {"send_alerts": "failed"}
    assert "STATEMENTS_ALERT_EMAIL is not set" in house.log


def test_acknowledgement__closes_the_batch_with_its_sheet_and_starts_what_follows(house: House) -> None:
    run = house.run("acknowledged")
    assert run["state"] == "success"
    assert run["tasks"][f"publish_mailed[{BATCH}]"] == "success"
    assert house.hospital.ledger("SELECT actor FROM event WHERE what = 'closed'") == [("airflow@delivery_tracking",)]
    kept = house.hospital.statements("report", "control", BATCH, "--kept", "--json").json
    assert {gate["verdict"] for gate in kept["gates"]} == {"foots"}
    handed_off = kept["counts"]["handed_off"]
    assert house.answer["events"][0] == {"batch": BATCH, "kind": "statement", "handed_off": handed_off}


def test_finished_batch__run_and_re_run_again_does_nothing(house: House) -> None:
    assert house.run("month again")["state"] == "success"
    rerun = house.run("re-run of what is finished")
    assert rerun["tasks"]["preview_rerun"] == "skipped"
    assert set(rerun["tasks"].values()) == {"skipped"}
    for what in ("built", "released", "closed"):
        subjects = house.hospital.ledger("SELECT subject FROM event WHERE what = ?", what)
        assert len(subjects) == len(set(subjects)) > 0


def test_run_without_date_and_cycle__asks_for_one_and_is_not_tried_again(house: House) -> None:
    run = house.run("no date and no cycle")
    assert run["state"] == "failed"
    assert run["tasks"]["open_batch"] == "failed"
    assert "This run has no date and no cycle" in house.log
    (message,) = [each for each in house.mail if "failed" in each["Subject"]]
    assert message["Subject"] == "monthly_statements: open_batch failed"
    assert "docs/runbooks/airflow.md#open_batch" in readable_text(message)


def test_logs_and_xcom__name_nobody(house: House) -> None:
    hospital, log = house.hospital, house.log + "".join(map(readable_text, house.mail))
    people = hospital.sql("SELECT last_name, address_lines, email FROM guarantor")
    accounts = hospital.sql("SELECT account_number FROM encounter")
    secret = {word for row in (*people, *accounts) for word in row if word and len(word) > 5}
    assert len(secret) > 60
    kept = "\n".join(house.answer["kept"])
    assert BATCH in kept
    assert "shard 1 of 1" in log
    assert [word for word in secret if word in kept] == []
    assert [word for word in secret if word in log] == []
