"""End-to-end tests with a real scheduler, two Celery workers, PostgreSQL, Redis, S3, SFTP and SMTP.

Workers are killed during a build and during a hand-off. Nothing is sent twice, and nothing is lost.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import URL

from tests.dags.airflow_stack import AirflowStack
from tests.dags.deployment import Deployment, running_deployment
from tests.hospital import AS_OF, CYCLE
from tests.night import at_night
from tests.services.sftp import SftpServer

GUARANTORS = int(os.environ.get("TEST_AIRFLOW_GUARANTORS", "300"))
"""One shard, so that the tests take minutes. 2000 gives three shards that run in parallel."""


@pytest.fixture(scope="module")
def shared_deployment(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: URL, redis_url: str, sftp_server: SftpServer
) -> Iterator[Deployment]:
    with running_deployment(
        tmp_path_factory.mktemp("celery"),
        postgres_server=postgres_server,
        redis_url=redis_url,
        sftp_server=sftp_server,
        guarantors=GUARANTORS,
        environ={"STATEMENTS_SHARDS_PER_TASK": "1"},
    ) as running:
        yield running


@pytest.fixture
def deployment(shared_deployment: Deployment) -> Iterator[Deployment]:
    """The deployment; after the test, everything it stored is searched for patient data."""
    yield shared_deployment
    shared_deployment.assert_identifies_nobody()


def test_statements__workers_killed_during_build_and_hand_off(deployment: Deployment) -> None:
    """One worker is killed while it builds a shard, another while it sends e-mails. The office's mail server is down
    when the batch waits for approval. The batch stays open until the vendor acknowledges it, and is then closed."""
    stack, dag, batch = deployment.stack, "monthly_statements", f"{CYCLE}-statement"
    with deployment.final_vendor_status("acknowledged"):
        run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
        victim = _worker_of(stack, dag, run, "build")
        killed_at = time.monotonic()
        stack.kill(victim)
        assert deployment.state_of(batch) == "pulled"
        deployment.office.script.greeting.append("554 5.3.2 closed for the night")
        stack.wait_for_approval(dag, run)
        assert deployment.office.script.greeting == [], "the office was not notified"
        print(
            f"Worker killed during the build. The batch waited for approval {time.monotonic() - killed_at:.0f} s later."
        )
        stack.start_worker(victim)

        deployment.smtp.script.hold_after = 3
        assert "foots" in stack.approve(dag, run)
        stack.wait_for("e-mails", lambda: len(deployment.smtp.accepted) >= 3)
        victim = _worker_of(stack, dag, run, "hand_off.send_emails")
        killed_at = time.monotonic()
        stack.kill(victim)
        deployment.smtp.script.hold_after = None
        deployment.smtp.script.resume.set()
        state = stack.wait_for_end(dag, run, "success", "failed")
        print(f"Worker killed during hand-off. The run finished as {state} {time.monotonic() - killed_at:.0f} s later.")
        stack.start_worker(victim)
        if state == "failed":
            _resolve_uncertain(deployment, batch)
            stack.clear(dag, run, "close")
            stack.wait_for_end(dag, run)
    assert stack.state_of(dag, run, "close") == "skipped"
    assert deployment.state_of(batch) == "handing_off"

    deployment.acknowledge(batch)
    tracked = stack.trigger("delivery_tracking", f"after_{batch}")
    stack.wait_for_end("delivery_tracking", tracked)
    # A scheduled run, at 20 minutes past the hour, may have processed the acknowledgement instead.
    runs = stack.runs("delivery_tracking", "success")
    assert tracked in runs
    assert [closed for run in runs for closed in stack.result("delivery_tracking", run, "track")] == [batch]
    deployment.assert_sent_once(batch)
    events = stack.call("GET", "assets/events")["asset_events"]
    assert [event["source_dag_id"] for event in events if event["extra"]["batch"] == batch] == ["delivery_tracking"]


@at_night
def test_notices__worker_main_process_killed_while_its_task_continues(deployment: Deployment) -> None:
    stack, dag, batch = deployment.stack, "ob_predelivery_notices", f"{AS_OF}-ob-notice"
    run = stack.trigger(dag, batch, cycle=str(AS_OF), as_of=AS_OF.isoformat())
    victim = _worker_of(stack, dag, run, "build")
    stack.kill_main(victim)
    stack.wait_for_approval(dag, run)
    stack.kill(victim)
    stack.start_worker(victim)
    stack.approve(dag, run)
    stack.wait_for_end(dag, run)
    deployment.assert_sent_once(batch)
    built = deployment.ledger("SELECT subject FROM event WHERE batch_id = %s AND what = 'built'", batch)
    assert len(built) == len(set(built)) > 0


@at_night
def test_dunning__source_locked_archive_down_and_rerun(deployment: Deployment) -> None:
    """A load locks the source. The archive is down, so a shard fails; it is cleared. The user who triggered the run
    approves it, which final notices do not allow; then a supervisor does. The source is locked for longer than all
    retries, so the release fails. A re-run completes the batch, and another changes nothing."""
    stack, dag, batch = deployment.stack, "dunning_letters", f"{CYCLE}-dunning"
    with deployment.source_locked():
        run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
        stack.wait_for("the retry of the pull", lambda: stack.state_of(dag, run, "pull") == "up_for_retry")
    assert "charges.sql reads a table that another session of the billing database has locked" in stack.log(
        dag, run, "pull"
    )
    stack.set_slots("statements_render", 0)
    stack.wait_for("the snapshot", lambda: stack.state_of(dag, run, "pull") == "success")

    deployment.s3.stop()
    stack.set_slots("statements_render", 16)
    stack.wait_for_end(dag, run, "failed")
    deployment.s3.start()
    failed = [name for name, state in stack.states(dag, run).items() if state == "failed"]
    assert failed
    assert all(name.startswith("build[") for name in failed)
    assert len(deployment.office_mail(about=f"{dag}: build failed")) == len(failed)

    stack.clear(dag, run, *(["build", int(re.findall(r"\d+", name)[0])] for name in failed))
    stack.wait_for_approval(dag, run)
    (message,) = deployment.office_mail(about=f"{dag}: a batch waits for approval")
    assert run in message
    assert "docs/runbooks/airflow.md#approve" in message
    sent = (sorted(deployment.printed()), sorted(deployment.emailed()))
    released_by = "SELECT opened_by, released_by FROM batch WHERE batch_id = %s"
    stack.approve(dag, run)
    stack.wait_for_end(dag, run, "failed")
    assert "must be released by a second user, because you opened it" in stack.log(dag, run, "release")
    assert deployment.ledger(released_by, batch) == [("admin@airflow", "")]

    supervisor = stack.add_user("supervisor")
    stack.clear(dag, run, "check_gates")
    stack.wait_for_approval(dag, run)
    with deployment.source_locked():
        assert f"**{batch}**" in stack.approve(dag, run, by=supervisor)
        stack.wait_for_end(dag, run, "failed")
    assert stack.state_of(dag, run, "release") == "failed"
    assert deployment.ledger(released_by, batch) == [("admin@airflow", "supervisor@airflow")]
    assert (sorted(deployment.printed()), sorted(deployment.emailed())) == sent

    rerun = stack.trigger("rerun_batch", f"finish_{batch}", batch=batch)
    stack.wait_for_approval("rerun_batch", rerun, "confirm")
    assert "close the batch" in stack.approve("rerun_batch", rerun, "confirm")
    stack.wait_for_end("rerun_batch", rerun)
    deployment.assert_sent_once(batch)
    text = stack.result("rerun_batch", rerun, "close")
    kept = deployment.hospital.statements("report", "control", batch, "--kept", "--json").json
    assert {gate["verdict"] for gate in kept["gates"]} == {"foots"}
    assert re.search(rf"^handed off +{kept['counts']['handed_off']:,} ", text, re.MULTILINE)
    assert deployment.ledger(released_by, batch) == [("admin@airflow", "supervisor@airflow")]

    before = deployment.history()
    stack.clear_run(dag, run)
    again = stack.trigger("rerun_batch", f"finish_{batch}_again", batch=batch)
    stack.wait_for_end(dag, run)
    stack.wait_for_end("rerun_batch", again)
    assert stack.state_of("rerun_batch", again, "preview_rerun") == "skipped"
    assert deployment.history() == before


def _worker_of(stack: AirflowStack, dag: str, run: str, task: str) -> str:
    """The worker that is running this task, or one of its mapped tasks."""

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


def _resolve_uncertain(deployment: Deployment, batch: str) -> None:
    """Resolve uncertain e-mails from the mail server's log, as an operator does."""
    accepted = set(deployment.emailed())
    for row in deployment.hospital.statements("show", batch, "--json").json["open_hand_offs"]:
        verdict = "--sent" if row["document"] in accepted else "--not-sent"
        deployment.hospital.statements("resolve", row["document"], verdict, "--reason", "read the mail server's log")
