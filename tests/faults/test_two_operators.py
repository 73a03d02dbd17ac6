"""Two operators work on one batch: one succeeds, the other gets a message, and nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from statement_builder.ledger import Ledger
from tests.commands import BATCH, RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import CommandResult, Hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of

pytestmark = pytest.mark.hospital("waiting")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("release", BATCH, "--json"), id="release"),
        pytest.param(RERUN, id="rerun"),
        pytest.param(RUN, id="run"),
    ],
)
def test_locked_batch__the_message_names_the_owner(hospital: Hospital, command: tuple[str, ...]) -> None:
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        message = error_message(call(hospital, *command, code=1))
    ledger.close()
    assert BATCH in message
    assert "betty@billing-2 since 2026-11-07 14:30 UTC" in message
    assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))


def test_resolve__of_a_locked_batch_is_refused(hospital: Hospital) -> None:
    document = hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0]
    resolve = ("resolve", document, "--sent", "--reason", "asked the vendor")
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        assert "betty@billing-2 since" in error_message(call(hospital, *resolve, code=1))
    ledger.close()
    assert "nothing to resolve" in error_message(call(hospital, *resolve, code=1))


@pytest.mark.hospital("new")
def test_scheduler_and_operators_on_postgresql__one_succeeds_and_the_others_are_refused(
    hospital: Hospital, postgres_url: str
) -> None:
    hospital = Hospital(hospital.home, {"STATEMENTS_LEDGER": postgres_url})
    call(hospital, *RUN_TO_GATES, code=3)
    ledger = Ledger.open(postgres_url)
    with ledger.lock(BATCH, owner="airflow@worker-3", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        for command in (("release", BATCH, "--json"), RERUN, RUN):
            assert "airflow@worker-3 since 2026-11-07 14:30 UTC" in error_message(call(hospital, *command, code=1))
        call(hospital, "show", BATCH, "--json")
        call(hospital, "report", "control", BATCH, "--json")
    ledger.close()
    results = run_at_once(hospital, ("release", BATCH, "--json"), RERUN)
    assert 0 in [result.code for result in results]
    assert {result.code for result in results} <= {0, 1}
    assert all("is locked by" in error_message(result) for result in results if result.code)
    counts = call(hospital, *RERUN).json["counts"]
    printed = [row["document_id"] for row in hospital.manifest_rows()]
    assert len(printed) == len(set(printed)) == counts["print"] > 0
    assert len(hospital.emailed()) == counts["email"] > 0


def test_read_only_commands__work_on_a_locked_batch(hospital: Hospital) -> None:
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        for command in ("show", "exceptions", "holds"):
            call(hospital, command, BATCH, "--json")
        assert call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"]
    ledger.close()


def test_simultaneous_releases__send_everything_once(hospital: Hospital) -> None:
    results = run_at_once(hospital, ("release", BATCH, "--json"), RERUN, ("release", BATCH, "--json"))
    codes = [result.code for result in results]
    assert 0 in codes
    assert set(codes) <= {0, 1}
    for result in results:
        if result.code:
            assert "is locked by" in error_message(result)
        else:
            assert result.json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
    assert hospital.ledger("SELECT count(*) FROM event WHERE what = 'released'") == [(1,)]


@pytest.mark.hospital("new")
def test_simultaneous_runs__open_one_batch(hospital: Hospital) -> None:
    results = run_at_once(hospital, *[(*RUN, "--limit", "8")] * 2)
    assert 0 in [result.code for result in results]
    assert all(result.code in {0, 1} for result in results), results
    assert len(call(hospital, "batches", "--json").json) == 1
    assert_sent_once(outcome_of(hospital, BATCH))


def run_at_once(hospital: Hospital, *commands: tuple[str, ...]) -> list[CommandResult]:
    """Run each command in its own process; all start when their standard input closes."""
    starter = "import sys; sys.stdin.read(); from statement_builder.cli import main; main()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"import statement_builder.operations.run; {starter}", *command],
            env=hospital.environment,
            cwd=hospital.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    return [
        CommandResult(code=process.wait(), out=out, err=err)
        for process in processes
        for out, err in [process.communicate()]
    ]
