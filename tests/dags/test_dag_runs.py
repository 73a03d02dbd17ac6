"""Complete DAG runs on the sample hospital, with Airflow's `dag.test()` on SQLite."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from tests.dags.airflow_home import AirflowHome, smtp_connection
from tests.hospital import CYCLE, Hospital, build_hospital
from tests.outcomes import assert_sent_once, outcome_of
from tests.services.smtp import readable_text, run_smtp_server

BATCH = f"{CYCLE}-statement"
DATE = "2026-11-07T15:00:00+00:00"
OFFICE = "office@hospital.example"


@dataclass(frozen=True)
class FinishedRuns:
    """A hospital after all `RUNS`: their results, the log, and the e-mails to the office."""

    hospital: Hospital
    results: dict[str, Any]
    log: str
    mail: list[EmailMessage]

    def run(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.results["runs"][list(RUNS).index(name)]
        return found


_MONTH = {"dag": "monthly_statements", "date": DATE}
_TRACKING = {"dag": "delivery_tracking"}
RUNS: dict[str, dict[str, Any]] = {
    "dry run": _MONTH | {"conf": {"dry_run": True}},
    "nobody is told": _MONTH,
    "month": _MONTH | {"environ": {"STATEMENTS_ALERT_EMAIL": "none"}},
    "late, no recipient": _TRACKING
    | {"environ": {"STATEMENTS_CLOCK": "2026-11-07T17:20:00+00:00", "STATEMENTS_ALERT_EMAIL": "none"}},
    "late": _TRACKING | {"environ": {"STATEMENTS_ALERT_EMAIL": OFFICE}},
    "still late": _TRACKING,
    "acknowledged": _TRACKING | {"acknowledge": BATCH},
    "month again": {"dag": "monthly_statements", "conf": {"cycle": CYCLE}},
    "re-run of a closed batch": {"dag": "rerun_batch", "conf": {"batch": BATCH}},
    "no date and no cycle": {"dag": "monthly_statements"},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> FinishedRuns:
    home = tmp_path_factory.mktemp("runs")
    hospital = build_hospital(home / "hospital", guarantors=30, workers=1)
    hospital.change_setting("statement", "auto")
    hospital.change_setting("final_vendor_status", "acknowledged")
    with run_smtp_server() as smtp:
        airflow = AirflowHome(home / "airflow", hospital, {"AIRFLOW_CONN_SMTP_DEFAULT": smtp_connection(smtp)})
        airflow.airflow("db", "migrate")
        results, log = airflow.script("run_dags", *map(json.dumps, RUNS.values()))
        return FinishedRuns(hospital, results, log, smtp.accepted)


def test_month__is_released_by_policy_and_handed_off_once(runs: FinishedRuns) -> None:
    run = runs.run("month")
    assert run["state"] == "success"
    assert run["tasks"].pop("approve") == "skipped"
    assert run["tasks"].pop("close") == "skipped", "the vendor has not acknowledged it yet"
    assert set(run["tasks"].values()) == {"success"}
    assert any(task.startswith("build[shard 1 of 1, postal codes ") for task in run["tasks"]), run["tasks"]
    assert_sent_once(outcome_of(runs.hospital, BATCH))
    assert runs.hospital.ledger("SELECT as_of, opened_by, released_by FROM batch") == [
        ("2026-11-07", "dag_test@airflow", "policy")
    ]


def test_nobody_to_alert__is_refused_before_a_batch_is_opened(runs: FinishedRuns) -> None:
    run = runs.run("nobody is told")
    assert run["tasks"]["open_batch"] == "failed"
    assert "STATEMENTS_ALERT_EMAIL is not set" in runs.log


def test_failed_task__ends_its_log_with_the_message_and_what_to_do(runs: FinishedRuns) -> None:
    """After the stack and the group that Airflow's page does not show."""
    last = runs.log.rindex("This run has no date and no cycle. Trigger the DAG again and choose a cycle.")
    after = runs.log[last:].partition("[DAG TEST]")[0]
    assert "Fix the cause, then clear this task with downstream" in after
    assert "docs/runbooks/airflow.md#open_batch" in after
    assert "Traceback" not in after
    assert "::endgroup::" in runs.log[:last].rpartition("::group::Post Execute")[2]


def test_logs__have_no_library_chatter(runs: FinishedRuns) -> None:
    chatter = ("weasyprint", "alembic.runtime", "fontTools", "pikepdf", "Step 1 - Fetching")
    assert "build: " in runs.log
    assert [word for word in chatter if word in runs.log] == []


def test_waiting_close__shows_what_was_sent_and_what_it_waits_for(runs: FinishedRuns) -> None:
    shown = runs.run("month")["shown"]["close"]
    assert "The DAG delivery_tracking checks every hour." in shown
    assert re.search(r"^handed off +\d+ +\$", shown, re.MULTILINE)


def test_dry_run__leaves_nothing_behind(runs: FinishedRuns) -> None:
    assert set(runs.run("dry run")["tasks"].values()) == {"skipped"}
    shown = runs.run("dry run")["shown"]["open_batch"]
    assert shown.startswith(f"Dry run of {BATCH}, as of 2026-11-07. Nothing was built, written or sent.")
    assert re.search(r"^selected +\d+ +\$", shown, re.MULTILINE)
    assert not re.search(r" 0 ", shown)
    assert "{" not in shown, "a Python value"
    assert runs.hospital.ledger("SELECT count(*) FROM event WHERE what = 'open'") == [(1,)]


def test_late_acknowledgement__is_emailed_once_with_file_and_runbook(runs: FinishedRuns) -> None:
    files = {row["pdf_file"].removesuffix(".pdf") for row in runs.hospital.manifest_rows()}
    assert files
    assert runs.run("late")["tasks"]["send_alerts"] == "success"
    assert runs.run("still late")["tasks"]["send_alerts"] == "skipped"
    (message,) = [each for each in runs.mail if "needs an operator" in each["Subject"]]
    assert message["To"] == OFFICE
    text = readable_text(message)
    assert all(f"ACK_LATE</b> {name}" in text for name in files)
    assert "docs/runbooks/late-acknowledgement.md" in text


def test_late_acknowledgement__fails_the_task_without_a_recipient(runs: FinishedRuns) -> None:
    run = runs.run("late, no recipient")
    assert run["state"] == "failed"
    assert {task: state for task, state in run["tasks"].items() if state == "failed"} == {"send_alerts": "failed"}
    assert "could not be e-mailed, because STATEMENTS_ALERT_EMAIL names nobody" in runs.log


def test_acknowledgement__closes_the_batch_and_publishes_the_asset(runs: FinishedRuns) -> None:
    run = runs.run("acknowledged")
    assert run["state"] == "success"
    assert run["tasks"][f"publish_mailed[{BATCH}]"] == "success"
    assert runs.hospital.ledger("SELECT actor FROM event WHERE what = 'closed'") == [("airflow@delivery_tracking",)]
    kept = runs.hospital.statements("report", "control", BATCH, "--kept", "--json").json
    assert {gate["verdict"] for gate in kept["gates"]} == {"foots"}
    handed_off = kept["counts"]["handed_off"]
    assert runs.results["events"][0] == {"batch": BATCH, "kind": "statement", "handed_off": handed_off}


def test_closed_batch__another_run_and_re_run_do_nothing(runs: FinishedRuns) -> None:
    assert runs.run("month again")["state"] == "success"
    rerun = runs.run("re-run of a closed batch")
    assert rerun["tasks"]["preview_rerun"] == "skipped"
    assert set(rerun["tasks"].values()) == {"skipped"}
    for what in ("built", "released", "closed"):
        subjects = runs.hospital.ledger("SELECT subject FROM event WHERE what = ?", what)
        assert len(subjects) == len(set(subjects)) > 0


def test_run_without_date_and_cycle__fails_without_a_retry(runs: FinishedRuns) -> None:
    run = runs.run("no date and no cycle")
    assert run["state"] == "failed"
    assert run["tasks"]["open_batch"] == "failed"
    assert "This run has no date and no cycle" in runs.log
    (message,) = [each for each in runs.mail if "failed" in each["Subject"]]
    assert message["Subject"] == "monthly_statements: open_batch failed"
    assert "docs/runbooks/airflow.md#open_batch" in readable_text(message)


def test_logs_and_xcom__identify_nobody(runs: FinishedRuns) -> None:
    hospital, log = runs.hospital, runs.log + "".join(map(readable_text, runs.mail))
    people = hospital.sql("SELECT last_name, address_lines, email FROM guarantor")
    accounts = hospital.sql("SELECT account_number FROM encounter")
    secret = {word for row in (*people, *accounts) for word in row if word and len(word) > 5}
    assert len(secret) > 60
    stored = "\n".join(runs.results["stored"])
    assert BATCH in stored
    assert "shard 1 of 1" in log
    assert [word for word in secret if word in stored] == []
    assert [word for word in secret if word in log] == []
