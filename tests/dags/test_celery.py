"""End to end with a real scheduler and two Celery workers, over PostgreSQL, Redis, S3, SFTP and SMTP.

Workers are killed in the middle of a build and of a hand-off. The ledger decides: nothing twice, nothing lost.
"""

from __future__ import annotations

import csv
import io
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

from statement_builder.source import make_sample
from tests.dags.place import AirflowPlace
from tests.dags.stack import WAIT_S, Stack, make_stack
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.services.postgres import connect, fresh_database
from tests.services.s3 import S3Server
from tests.services.sftp import SftpServer
from tests.services.smtp import SmtpServer, run_smtp_server

GUARANTORS = int(os.environ.get("TEST_AIRFLOW_GUARANTORS", "300"))
"""One shard, so that the whole stays within minutes; 2000 has three of them at work beside each other."""


@dataclass
class House:
    """A hospital with servers around it, and Airflow in front."""

    stack: Stack
    hospital: Hospital
    ledger_url: URL
    vendor: Path
    bucket: Path
    smtp: SmtpServer

    def ledger(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with connect(self.ledger_url) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def printed(self) -> list[str]:
        """Document ids of every manifest whose control file is there."""
        rows: list[dict[str, str]] = []
        for control in self.vendor.glob("*.ctl"):
            rows += csv.DictReader(io.StringIO(control.with_suffix(".csv").read_text(encoding="utf-8")))
        return [row["document_id"] for row in rows]

    def emailed(self) -> list[str]:
        """Document ids of every message that the mail server took."""
        return [str(message["Message-ID"]).strip("<>").partition(".")[0] for message in self.smtp.accepted]

    def state_of(self, batch: str) -> str:
        rows = self.ledger("SELECT state FROM batch WHERE batch_id = %s", batch)
        return rows[0][0] if rows else ""

    def assert_once_each(self, batch: str) -> None:
        """Everything that was made left exactly once, and the books say so."""
        rows = self.ledger("SELECT document_id, state FROM document WHERE batch_id = %s AND state <> 'error'", batch)
        mine = {document_id for document_id, _ in rows}
        assert mine
        assert {state for _, state in rows} == {"handed_off"}
        left = Counter(each for each in (*self.printed(), *self.emailed()) if each in mine)
        assert {document_id: n for document_id, n in left.items() if n > 1} == {}
        assert left.keys() == mine
        summary = self.hospital.statements("show", batch, "--json").json
        assert (summary["state"], summary["foots"]) == ("closed", True)
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] == len(mine)


@pytest.fixture(scope="module")
def s3_environment(s3_server: S3Server) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": s3_server.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: URL,
    redis_url: str,
    s3_server: S3Server,
    s3_environment: dict[str, str],
    sftp_server: SftpServer,
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("celery")
    vendor, bucket = home / "vendor", s3_server.root / "airflow-e2e"
    vendor.mkdir()
    bucket.mkdir()
    with (
        fresh_database(postgres_server) as source_url,
        fresh_database(postgres_server) as ledger_url,
        fresh_database(postgres_server) as airflow_db,
        run_smtp_server() as smtp,
    ):
        make_sample(source_url, guarantors=GUARANTORS, seed=1, as_of=AS_OF)
        places = {
            "STATEMENTS_LEDGER": ledger_url,
            "STATEMENTS_SOURCE_URL": source_url,
            "STATEMENTS_ARCHIVE": f"s3://airflow-e2e/archive?endpoint={s3_server.endpoint}",
            "STATEMENTS_PRINT": sftp_server.url(vendor),
            "STATEMENTS_EMAIL": smtp.url,
        }
        bare = build_hospital(home / "hospital", guarantors=20, workers=1)
        place = AirflowPlace(home / "airflow", bare, {"STATEMENTS_SHARDS_PER_TASK": "1"})
        stack = make_stack(
            place,
            airflow_db=airflow_db.replace("+psycopg:", "+psycopg2:"),
            redis_url=redis_url,
            connections={
                "statements_ledger": {"url": places["STATEMENTS_LEDGER"]},
                "statements_source": {"url": places["STATEMENTS_SOURCE_URL"]},
                "statements_archive": {"url": places["STATEMENTS_ARCHIVE"], "extra": s3_environment},
                "statements_print": {"url": places["STATEMENTS_PRINT"], "extra": sftp_server.environ},
                "statements_email": {"url": places["STATEMENTS_EMAIL"]},
            },
        )
        hospital = Hospital(bare.home, places | s3_environment | sftp_server.environ)
        try:
            yield House(stack, hospital, connect_url(ledger_url), vendor, bucket, smtp)
        finally:
            stack.stop()


def connect_url(text: str) -> URL:
    from sqlalchemy.engine import make_url

    return make_url(text)


def test_statements__workers_killed_in_build_and_in_hand_off(house: House) -> None:
    """Each killed with all that it runs, while it builds a shard and while it sends e-mails. One is brought back."""
    stack, dag, batch = house.stack, "monthly_statements", f"{CYCLE}-statement"
    run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
    victim = _worker_of(stack, dag, run, "build")
    killed_at = time.monotonic()
    stack.kill(victim)
    assert house.state_of(batch) == "pulled"
    _wait_for_state(stack, dag, run, "approve", "awaiting_input")
    print(f"killed in build, waits for approval {time.monotonic() - killed_at:.0f} s later")
    stack.start_worker(victim)

    seen = stack.approve(dag, run)
    assert "foots" in seen
    stack.wait_for("e-mails", lambda: len(house.smtp.accepted) >= 3)
    victim = _worker_of(stack, dag, run, "hand_off.send_emails")
    killed_at = time.monotonic()
    stack.kill(victim)
    other = {"worker-1": "worker-2", "worker-2": "worker-1"}[victim]
    assert stack.pids(other)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, run) in {"success", "failed"})
    print(f"killed in hand-off, the run ended {time.monotonic() - killed_at:.0f} s later")
    stack.start_worker(victim)
    if stack.run_state(dag, run) == "failed":
        _settle_by_looking(house, batch)
        stack.clear(dag, run, "close")
        stack.wait_for("the end of the run", lambda: stack.run_state(dag, run) == "success")
    house.assert_once_each(batch)


def test_notices__main_process_of_a_worker_killed_while_its_task_lives_on(house: House) -> None:
    stack, dag, batch = house.stack, "ob_predelivery_notices", f"{AS_OF}-ob-notice"
    run = stack.trigger(dag, batch, cycle=str(AS_OF), as_of=AS_OF.isoformat())
    victim = _worker_of(stack, dag, run, "build")
    stack.kill_main(victim)
    _wait_for_state(stack, dag, run, "approve", "awaiting_input")
    stack.kill(victim)
    stack.start_worker(victim)
    stack.approve(dag, run)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, run) == "success")
    house.assert_once_each(batch)
    assert house.ledger("SELECT subject FROM event WHERE batch_id = %s AND what = 'built' GROUP BY 1", batch)
    assert (
        house.ledger(
            "SELECT subject FROM event WHERE batch_id = %s AND what = 'built' GROUP BY 1 HAVING count(*) > 1", batch
        )
        == []
    )


def test_dunning__an_operators_day(house: House) -> None:
    """The archive is away and a shard fails; it comes back, the failed index is cleared, the batch approved, and the
    finished run cleared whole: then nothing happens."""
    stack, dag, batch = house.stack, "dunning_letters", f"{CYCLE}-dunning"
    away = house.bucket.with_name("away")
    run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
    stack.wait_for("the snapshot", lambda: stack.states(dag, run).get("pull") == "success")
    house.bucket.rename(away)
    stack.wait_for("a shard that fails", lambda: "failed" in _states_of(stack, dag, run, "build"))
    away.rename(house.bucket)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, run) == "failed")
    failed = [name for name, state in stack.states(dag, run).items() if state == "failed"]
    assert all(name.startswith("build[") for name in failed)
    stack.clear(dag, run, *(["build", int(re.findall(r"\d+", name)[0])] for name in failed))
    _wait_for_state(stack, dag, run, "approve", "awaiting_input")
    assert f"**{batch}**" in stack.approve(dag, run)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, run) == "success")
    house.assert_once_each(batch)
    assert house.ledger("SELECT released_by FROM batch WHERE batch_id = %s", batch) == [("ops@airflow",)]

    before = (house.ledger("SELECT count(*) FROM event"), sorted(house.printed()), sorted(house.emailed()))
    stack.clear_run(dag, run)
    stack.wait_for("the run that was cleared", lambda: stack.run_state(dag, run) == "success")
    assert (house.ledger("SELECT count(*) FROM event"), sorted(house.printed()), sorted(house.emailed())) == before


def test_logs_and_what_airflow_keeps__name_nobody(house: House) -> None:
    with connect(connect_url(house.hospital.environ["STATEMENTS_SOURCE_URL"])) as connection:
        people = connection.execute("SELECT last_name, address_lines, email FROM guarantor").fetchall()
        accounts = connection.execute("SELECT account_number FROM encounter LIMIT 500").fetchall()
    texts = [path.read_text(errors="replace") for path in house.stack.place.home.rglob("*.log")]
    assert len(texts) > 20
    secret = {str(word) for row in (*people, *accounts) for word in row if word and len(str(word)) > 7}
    assert len(secret) > 100
    text = "\n".join(texts)
    database = house.stack.place.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    with psycopg.connect(database) as connection:
        kept = connection.execute(
            "SELECT value::text FROM xcom UNION ALL SELECT rendered_fields::text FROM rendered_task_instance_fields"
        ).fetchall()
    text += "\n".join(str(row[0]) for row in kept)
    assert f"{CYCLE}-statement" in text
    assert sorted(word for word in secret if word in text) == []
    for password in ("AWS_SECRET_ACCESS_KEY",):
        assert house.hospital.environ[password] not in text


def _worker_of(stack: Stack, dag: str, run: str, task: str) -> str:
    """The worker that runs one of these tasks now."""

    def running() -> str:
        for name, each in stack.tasks(dag, run).items():
            if name.startswith(task) and each["state"] == "running":
                pid = each["pid"]
                for worker in ("worker-1", "worker-2"):
                    if pid in stack.pids(worker):
                        return worker
        return ""

    found: str = stack.wait_for(f"{task} of {run} to run", running)
    return found


def _states_of(stack: Stack, dag: str, run: str, task: str) -> list[str]:
    return [state for name, state in stack.states(dag, run).items() if name.startswith(f"{task}[")]


def _wait_for_state(stack: Stack, dag: str, run: str, task: str, state: str, *, timeout_s: float = WAIT_S) -> None:
    def reached() -> bool:
        now = stack.states(dag, run)
        assert stack.run_state(dag, run) != "failed", f"{now}\n{stack.last_words()}"
        return now.get(task) == state

    stack.wait_for(f"{task} of {run} to be {state}", reached, timeout_s=timeout_s)


def _settle_by_looking(house: House, batch: str) -> None:
    """What a person does about messages whose fate nobody knows: look at the mail server, and say so."""
    accepted = set(house.emailed())
    for row in house.hospital.statements("show", batch, "--json").json["open_hand_offs"]:
        verdict = "--sent" if row["document"] in accepted else "--not-sent"
        house.hospital.statements("settle", row["document"], verdict, "--reason", "looked at the mail server's log")
