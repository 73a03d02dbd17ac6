"""A batch run in parallel by processes that die, repeat and overlap: the outcome is that of one process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from statement_builder.billing.selection import Channel, Kind
from statement_builder.errors import BatchBusy, GateStop
from statement_builder.ledger import Batch
from statement_builder.operations.approval.release_codes import NOTHING, POLICY_APPROVAL
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.run_parallel import (
    build_run,
    finish_build,
    hand_off_run,
    plan_shard_runs,
    prepare_hand_off,
)
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.kill_points import run_killed_at
from tests.outcomes import assert_sent_once, outcome_of
from tests.pipeline.shard_worker import BUSY, open_as_worker

BATCH = f"{CYCLE}-statement"
SHARD_CANDIDATES = 8
"""Per shard, so that a small hospital has several shards."""


@contextmanager
def worker(hospital: Hospital, **environ: str) -> Iterator[AppContext]:
    with open_as_worker(hospital.environment | environ) as context:
        yield replace(context, shard_candidates_max=SHARD_CANDIDATES)


@pytest.fixture(scope="module")
def pulled(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch of five shards, none of them built."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("pulled") / "home", guarantors=40)
    with worker(hospital) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        walk_batch(context, _batch(context), until=Step.PULL)
    return hospital


@pytest.fixture(scope="module")
def one_process(pulled: Hospital, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcome of that batch when one process runs all of it."""
    hospital = pulled.copy_to(tmp_path_factory.mktemp("one-process") / "home")
    with worker(hospital) as context:
        walk_batch(context, _batch(context), accepted=POLICY_APPROVAL)
    return outcome_of(hospital, BATCH)


@pytest.fixture(scope="module")
def released(pulled: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The batch built, released and rechecked; nothing is handed off."""
    hospital = pulled.copy_to(tmp_path_factory.mktemp("released") / "home")
    with worker(hospital) as context:
        walk_batch(context, _batch(context), until=Step.BUILD)
        prepare_hand_off(context, _batch(context), POLICY_APPROVAL)
    return hospital


@pytest.fixture
def hospital(pulled: Hospital, tmp_path: Path) -> Hospital:
    return pulled.copy_to(tmp_path / "home")


def _batch(context: AppContext) -> Batch:
    return context.require_batch(BATCH)


def _hand_off_all(context: AppContext) -> None:
    for run in plan_shard_runs(context, _batch(context), shards_max=2, runs_max=100):
        for channel in (Channel.EMAIL, Channel.PRINT):
            hand_off_run(context, _batch(context), run.first, run.last, channel)


def test_parallel_batch__has_the_outcome_of_one_process(hospital: Hospital, one_process: dict[str, Any]) -> None:
    with worker(hospital) as context:
        runs = plan_shard_runs(context, _batch(context), shards_max=2, runs_max=100)
        assert [(run.first, run.last) for run in runs] == [(1, 2), (3, 4), (5, 5)]
        for run in reversed(runs):
            build_run(context, _batch(context), run.first, run.last)
        assert [check.code for check in finish_build(context, _batch(context))] == ["APPROVAL"]
        assert _batch(context).state == "waiting"
        prepare_hand_off(context, _batch(context), POLICY_APPROVAL)
        _hand_off_all(context)
        assert walk_batch(context, _batch(context)).state == "closed"
    outcome = outcome_of(hospital, BATCH)
    assert_sent_once(outcome)
    assert outcome == one_process


def test_plan_shard_runs__titles_and_limits(hospital: Hospital) -> None:
    with worker(hospital) as context:
        titles = [run.title for run in plan_shard_runs(context, _batch(context), shards_max=2, runs_max=100)]
        assert titles[0].startswith("shards 1-2 of 5, postal codes ")
        assert titles[2].startswith("shard 5 of 5")
        limited = plan_shard_runs(context, _batch(context), shards_max=1, runs_max=2)
        assert [(run.first, run.last) for run in limited] == [(1, 3), (4, 5)]


def test_closed_batch__repeating_every_step_changes_nothing(
    released: Hospital, one_process: dict[str, Any], tmp_path: Path
) -> None:
    hospital = released.copy_to(tmp_path / "home")
    with worker(hospital) as context:
        _hand_off_all(context)
        walk_batch(context, _batch(context))
        events = hospital.ledger("SELECT count(*) FROM event")
        _hand_off_all(context)
        build_run(context, _batch(context), 1, 5)
        assert finish_build(context, _batch(context)) == ()
        prepare_hand_off(context, _batch(context), POLICY_APPROVAL)
        walk_batch(context, _batch(context))
    assert hospital.ledger("SELECT count(*) FROM event") == events
    assert outcome_of(hospital, BATCH) == one_process


def test_steps_out_of_order__stop_or_do_nothing(hospital: Hospital) -> None:
    with worker(hospital) as context:
        with pytest.raises(GateStop, match="waits for approval"):
            prepare_hand_off(context, _batch(context), NOTHING)
        with pytest.raises(Exception, match="nothing of it may be handed off"):
            hand_off_run(context, _batch(context), 1, 5, Channel.PRINT)
    assert hospital.manifest_rows() == []


def test_hand_off_run__next_day_rechecks_the_source(released: Hospital, tmp_path: Path) -> None:
    """A bankruptcy is recorded after the batch was rechecked, and one shard is handed off the next day."""
    hospital = released.copy_to(tmp_path / "home")
    guarantor, sequence = hospital.ledger(
        "SELECT guarantor_id, sequence FROM document WHERE channel = 'print' AND state = 'rendered' LIMIT 1"
    )[0]
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('LATE', ?, 'BANKR_STAY', ?)",
        guarantor,
        AS_OF.isoformat(),
    )
    with worker(hospital, STATEMENTS_CLOCK="2026-11-08T15:00:00+00:00") as context:
        hand_off_run(context, _batch(context), sequence, sequence, Channel.PRINT)
    assert hospital.ledger("SELECT state FROM document WHERE guarantor_id = ?", guarantor) == [("withheld",)]
    assert hospital.ledger("SELECT count(*) FROM document WHERE state = 'handed_off'")[0][0] > 0


def test_hand_off_run__opened_while_its_print_file_was_claimed_is_not_printed(
    released: Hospital, tmp_path: Path
) -> None:
    """The claimed file turned out not to have left, so the e-mail stands."""
    hospital = released.copy_to(tmp_path / "home")
    with worker(hospital) as context:
        hand_off_run(context, _batch(context), 1, 5, Channel.EMAIL)
        document_id, sequence = hospital.ledger(
            "SELECT document_id, sequence FROM document WHERE channel = 'email' AND state = 'handed_off' LIMIT 1"
        )[0]
        _change_ledger(hospital, "UPDATE delivery SET read_by = ? WHERE document_id = ?", "2026-11-01", document_id)
        (email,) = context.ledger.readings.overdue(context.facility.facility_id, today=context.today())
        assert context.ledger.readings.print_unread(email, at=context.now(), why="not opened")
        _change_ledger(hospital, "UPDATE document SET viewed_on = ? WHERE document_id = ?", "2026-11-07", document_id)
        hand_off_run(context, _batch(context), sequence, sequence, Channel.PRINT)
    assert document_id not in [row["document_id"] for row in hospital.manifest_rows()]
    assert hospital.ledger("SELECT state FROM delivery WHERE document_id = ?", document_id) == [("delivered",)]


def _change_ledger(hospital: Hospital, statement: str, *values: object) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def test_build_run__two_processes_build_each_shard_once(hospital: Hospital, one_process: dict[str, Any]) -> None:
    """The first process is suspended during a build. The second builds the other shards."""
    first = _start(hospital, "build", 1, 5)
    _wait_for(lambda: hospital.ledger("SELECT 1 FROM shard WHERE state = 'built'"), first)
    first.send_signal(signal.SIGSTOP)
    assert _run(hospital, "build", 1, 5) in {0, BUSY}
    first.send_signal(signal.SIGCONT)
    assert first.wait() in {0, BUSY}
    assert _run(hospital, "build", 1, 5) == 0
    assert hospital.ledger("SELECT subject FROM event WHERE what = 'built' GROUP BY 1 HAVING count(*) > 1") == []
    with worker(hospital) as context:
        walk_batch(context, _batch(context), accepted=POLICY_APPROVAL)
    assert outcome_of(hospital, BATCH) == one_process


@pytest.mark.parametrize(
    ("channel", "suffix"), [pytest.param("print", ".ctl", id="print"), pytest.param("email", ".eml", id="email")]
)
def test_hand_off_run__suspended_try_blocks_a_second_one(
    released: Hospital, one_process: dict[str, Any], channel: str, suffix: str, tmp_path: Path
) -> None:
    """The first try is suspended just before its file or message is sent. The second must not send that one."""
    hospital = released.copy_to(tmp_path / "home")
    command = [sys.executable, "-m", "tests.kill_points", "0", "moments", "shard-worker", channel, BATCH, "1", "5"]
    hung = subprocess.Popen(command, env=hospital.environment | {"HANG_BEFORE": suffix}, cwd=hospital.home)
    assert os.WIFSTOPPED(os.waitpid(hung.pid, os.WUNTRACED)[1])
    committing = hospital.ledger("SELECT document_id, state FROM delivery WHERE state = 'committing'")
    assert committing
    assert _run(hospital, channel, 1, 5) == BUSY
    assert set(committing) <= set(hospital.ledger("SELECT document_id, state FROM delivery"))
    hung.send_signal(signal.SIGCONT)
    assert hung.wait() == 0
    with worker(hospital) as context:
        _hand_off_all(context)
        walk_batch(context, _batch(context))
    outcome = outcome_of(hospital, BATCH)
    assert_sent_once(outcome)
    assert outcome == one_process


@pytest.mark.parametrize("moment", [2, 9, 14, 21])
@pytest.mark.parametrize("channel", ["print", "email"])
def test_hand_off_run__killed_around_each_effect_then_repeated(
    released: Hospital, one_process: dict[str, Any], channel: str, moment: int, tmp_path: Path
) -> None:
    hospital = released.copy_to(tmp_path / "home")
    assert run_killed_at(hospital, moment, "shard-worker", channel, BATCH, "1", "5") == -signal.SIGKILL
    with worker(hospital) as context:
        _hand_off_all(context)
        assert walk_batch(context, _batch(context)).state == "closed"
    outcome = outcome_of(hospital, BATCH)
    assert_sent_once(outcome)
    assert outcome == one_process


def test_batch_locked_as_a_whole__shards_wait(released: Hospital, tmp_path: Path) -> None:
    hospital = released.copy_to(tmp_path / "home")
    with (
        worker(hospital) as operator,
        operator.ledger.lock(BATCH, owner="betty@billing-2", at=operator.now()),
        worker(hospital) as context,
        pytest.raises(BatchBusy, match="betty@billing-2"),
    ):
        hand_off_run(context, _batch(context), 1, 5, Channel.PRINT)
    with worker(hospital) as context, context.ledger.share(BATCH, owner="worker", at=context.now()):
        assert "is locked by worker" in hospital.statements("rerun", BATCH, code=1).err
    assert hospital.manifest_rows() == []


def test_hand_off_run__one_busy_shard_does_not_block_the_others(released: Hospital, tmp_path: Path) -> None:
    hospital = released.copy_to(tmp_path / "home")
    with (
        worker(hospital) as other,
        other.ledger.share(BATCH, owner="elsewhere", at=other.now()) as lock_part,
        lock_part("shard 2"),
        worker(hospital) as context,
        pytest.raises(BatchBusy, match="shard 2"),
    ):
        hand_off_run(context, _batch(context), 1, 5, Channel.PRINT)
    left = hospital.ledger(
        "SELECT DISTINCT sequence FROM document WHERE channel = 'print' AND state = 'rendered' ORDER BY 1"
    )
    assert left == [(2,)]


def _start(hospital: Hospital, what: str, first: int, last: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.pipeline.shard_worker", what, BATCH, str(first), str(last)]
    return subprocess.Popen(command, env=hospital.environment, cwd=hospital.home, stderr=subprocess.DEVNULL)


def _run(hospital: Hospital, what: str, first: int, last: int) -> int:
    return _start(hospital, what, first, last).wait()


def _wait_for(condition: Any, process: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert process.poll() in {None, 0}
        if process.poll() == 0:
            return
        time.sleep(0.005)
