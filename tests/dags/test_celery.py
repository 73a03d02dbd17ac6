"""End to end with a real scheduler and two Celery workers, over PostgreSQL, Redis, S3, SFTP and SMTP.

Workers are killed in the middle of a build and of a hand-off. The ledger decides: nothing twice, nothing lost.
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
from tests.services.sftp import SftpServer

GUARANTORS = int(os.environ.get("TEST_AIRFLOW_GUARANTORS", "300"))
"""One shard, so that the whole stays within minutes; 2000 has three of them at work beside each other."""


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: URL, redis_url: str, sftp_server: SftpServer
) -> Iterator[Deployment]:
    with running_deployment(
        tmp_path_factory.mktemp("celery"),
        postgres_server=postgres_server,
        redis_url=redis_url,
        sftp_server=sftp_server,
        guarantors=GUARANTORS,
        environ={"STATEMENTS_SHARDS_PER_TASK": "1"},
    ) as house:
        yield house


@pytest.fixture
def house(shared: Deployment) -> Iterator[Deployment]:
    """The house for one test, and after it the look through everything that is kept."""
    yield shared
    shared.assert_names_nobody()


def test_statements__workers_killed_in_build_and_in_hand_off_and_the_vendor_answers(house: Deployment) -> None:
    """Each killed with all that it runs, while it builds a shard and while it sends e-mails. One is brought back. The
    office's mail server is away when the batch waits. What left waits for the vendor's acknowledgement, and is closed
    with it."""
    stack, dag, batch = house.stack, "monthly_statements", f"{CYCLE}-statement"
    with house.vendor_reports("acknowledged"):
        run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
        victim = _worker_of(stack, dag, run, "build")
        killed_at = time.monotonic()
        stack.kill(victim)
        assert house.state_of(batch) == "pulled"
        house.office.script.greeting.append("554 5.3.2 closed for the night")
        stack.wait_for_approval(dag, run)
        assert house.office.script.greeting == [], "nobody was to be told"
        print(f"killed in build, waits for approval {time.monotonic() - killed_at:.0f} s later")
        stack.start_worker(victim)

        house.smtp.script.hold_after = 3
        assert "foots" in stack.approve(dag, run)
        stack.wait_for("e-mails", lambda: len(house.smtp.accepted) >= 3)
        victim = _worker_of(stack, dag, run, "hand_off.send_emails")
        killed_at = time.monotonic()
        stack.kill(victim)
        house.smtp.script.hold_after = None
        house.smtp.script.go_on.set()
        state = stack.wait_for_end(dag, run, "success", "failed")
        print(f"killed in hand-off, the run ended {time.monotonic() - killed_at:.0f} s later: {state}")
        stack.start_worker(victim)
        if state == "failed":
            _settle_by_looking(house, batch)
            stack.clear(dag, run, "close")
            stack.wait_for_end(dag, run)
    assert stack.state_of(dag, run, "close") == "skipped"
    assert house.state_of(batch) == "handing_off"

    house.acknowledge(batch)
    tracked = stack.trigger("delivery_tracking", f"after_{batch}")
    stack.wait_for_end("delivery_tracking", tracked)
    # The scheduler's own run, at twenty past the hour, may have been the one that took the answer.
    runs = stack.runs("delivery_tracking", "success")
    assert tracked in runs
    assert [closed for run in runs for closed in stack.result("delivery_tracking", run, "track")] == [batch]
    house.assert_once_each(batch)
    events = stack.call("GET", "assets/events")["asset_events"]
    assert [event["source_dag_id"] for event in events if event["extra"]["batch"] == batch] == ["delivery_tracking"]


def test_notices__main_process_of_a_worker_killed_while_its_task_lives_on(house: Deployment) -> None:
    stack, dag, batch = house.stack, "ob_predelivery_notices", f"{AS_OF}-ob-notice"
    run = stack.trigger(dag, batch, cycle=str(AS_OF), as_of=AS_OF.isoformat())
    victim = _worker_of(stack, dag, run, "build")
    stack.kill_main(victim)
    stack.wait_for_approval(dag, run)
    stack.kill(victim)
    stack.start_worker(victim)
    stack.approve(dag, run)
    stack.wait_for_end(dag, run)
    house.assert_once_each(batch)
    built = house.ledger("SELECT subject FROM event WHERE batch_id = %s AND what = 'built'", batch)
    assert len(built) == len(set(built)) > 0


def test_dunning__an_operators_day(house: Deployment) -> None:
    """A load holds the source; the archive is away and a shard fails; the failed index is cleared, the batch approved;
    the source is held again, longer than anybody tries; the batch is re-run to its end. Then nothing more happens."""
    stack, dag, batch = house.stack, "dunning_letters", f"{CYCLE}-dunning"
    with house.source_locked():
        run = stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
        stack.wait_for("the pull to wait", lambda: stack.state_of(dag, run, "pull") == "up_for_retry")
    assert "charges.sql reads a table that another session of the billing database has locked" in stack.log(
        dag, run, "pull"
    )
    stack.set_slots("statements_render", 0)
    stack.wait_for("the snapshot", lambda: stack.state_of(dag, run, "pull") == "success")

    house.s3.stop()
    stack.set_slots("statements_render", 16)
    stack.wait_for_end(dag, run, "failed")
    house.s3.start()
    failed = [name for name, state in stack.states(dag, run).items() if state == "failed"]
    assert failed
    assert all(name.startswith("build[") for name in failed)
    assert len(house.told(about=f"{dag}: build failed")) == len(failed)

    stack.clear(dag, run, *(["build", int(re.findall(r"\d+", name)[0])] for name in failed))
    stack.wait_for_approval(dag, run)
    (waits,) = house.told(about=f"{dag}: a batch waits for approval")
    assert run in waits
    assert "docs/runbooks/airflow.md#approve" in waits
    left = (sorted(house.printed()), sorted(house.emailed()))
    with house.source_locked():
        assert f"**{batch}**" in stack.approve(dag, run)
        stack.wait_for_end(dag, run, "failed")
    assert stack.state_of(dag, run, "release") == "failed"
    assert house.ledger("SELECT released_by FROM batch WHERE batch_id = %s", batch) == [("admin@airflow",)]
    assert (sorted(house.printed()), sorted(house.emailed())) == left

    rerun = stack.trigger("rerun_batch", f"finish_{batch}", batch=batch)
    stack.wait_for_approval("rerun_batch", rerun, "confirm")
    assert "close the batch" in stack.approve("rerun_batch", rerun, "confirm")
    stack.wait_for_end("rerun_batch", rerun)
    house.assert_once_each(batch)
    sheet = stack.result("rerun_batch", rerun, "close")
    kept = house.hospital.statements("report", "control", batch, "--kept", "--json").json
    assert {gate["verdict"] for gate in kept["gates"]} == {"foots"}
    assert f"| handed off | {kept['counts']['handed_off']:,} |" in sheet
    assert house.ledger("SELECT released_by FROM batch WHERE batch_id = %s", batch) == [("admin@airflow",)]

    before = house.history()
    stack.clear_run(dag, run)
    again = stack.trigger("rerun_batch", f"finish_{batch}_again", batch=batch)
    stack.wait_for_end(dag, run)
    stack.wait_for_end("rerun_batch", again)
    assert stack.state_of("rerun_batch", again, "preview_rerun") == "skipped"
    assert house.history() == before


def _worker_of(stack: AirflowStack, dag: str, run: str, task: str) -> str:
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


def _settle_by_looking(house: Deployment, batch: str) -> None:
    """What a person does about messages whose fate nobody knows: look at the mail server, and say so."""
    accepted = set(house.emailed())
    for row in house.hospital.statements("show", batch, "--json").json["open_hand_offs"]:
        verdict = "--sent" if row["document"] in accepted else "--not-sent"
        house.hospital.statements("resolve", row["document"], verdict, "--reason", "looked at the mail server's log")
