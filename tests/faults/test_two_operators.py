"""Two people at work on one batch: one of them does it, the other is told, and nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statement_builder.ledger import Ledger
from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.hospital import CommandResult, Hospital, build_hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A rendered batch that waits for its release."""
    hospital = build_hospital(tmp_path_factory.mktemp("rendered") / "home", guarantors=20, workers=1)
    call(hospital, *RUN[:-2], "--json", code=3)
    return hospital


@pytest.fixture
def hospital(rendered: Hospital, tmp_path: Path) -> Hospital:
    return rendered.copy_to(tmp_path / "home")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("release", BATCH, "--json"), id="release"),
        pytest.param(RERUN, id="rerun"),
        pytest.param(RUN, id="run"),
    ],
)
def test_batch_in_hand__the_second_operator_is_told_who_has_it(hospital: Hospital, command: tuple[str, ...]) -> None:
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        message = error_message(call(hospital, *command, code=1))
    ledger.close()
    assert BATCH in message
    assert "betty@billing-2 since 2026-11-07 14:30 UTC" in message
    assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))


def test_settling_while_the_batch_is_in_hand__waits_too(hospital: Hospital) -> None:
    document = hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0]
    settle = ("resolve", document, "--sent", "--reason", "asked the vendor")
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        assert "betty@billing-2 since" in error_message(call(hospital, *settle, code=1))
    ledger.close()
    assert "nothing to resolve" in error_message(call(hospital, *settle, code=1))


def test_scheduler_and_operators_on_postgresql__one_works_and_the_others_are_told(
    tmp_path: Path, postgres_url: str
) -> None:
    hospital = Hospital(
        build_hospital(tmp_path / "home", guarantors=20, workers=1).home, {"STATEMENTS_LEDGER": postgres_url}
    )
    call(hospital, *RUN[:-2], "--json", code=3)
    ledger = Ledger.open(postgres_url)
    with ledger.lock(BATCH, owner="airflow@worker-3", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        for command in (("release", BATCH, "--json"), RERUN, RUN):
            assert "airflow@worker-3 since 2026-11-07 14:30 UTC" in error_message(call(hospital, *command, code=1))
        call(hospital, "show", BATCH, "--json")
        call(hospital, "report", "control", BATCH, "--json")
    ledger.close()
    answers = at_once(hospital, ("release", BATCH, "--json"), RERUN)
    assert 0 in [answer.code for answer in answers]
    assert {answer.code for answer in answers} <= {0, 1}
    assert all("is locked by" in error_message(answer) for answer in answers if answer.code)
    counts = call(hospital, *RERUN).json["counts"]
    printed = [row["document_id"] for row in hospital.manifest_rows()]
    assert len(printed) == len(set(printed)) == counts["print"] > 0
    assert len(hospital.emailed()) == counts["email"] > 0


def test_looking_at_a_batch_in_hand__is_always_possible(hospital: Hospital) -> None:
    ledger = Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}")
    with ledger.lock(BATCH, owner="betty@billing-2", at=datetime(2026, 11, 7, 14, 30, tzinfo=UTC)):
        for command in ("show", "exceptions", "holds"):
            call(hospital, command, BATCH, "--json")
        assert call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"]
    ledger.close()


def test_two_releases_at_the_same_moment__send_everything_once(hospital: Hospital) -> None:
    answers = at_once(hospital, ("release", BATCH, "--json"), RERUN, ("release", BATCH, "--json"))
    codes = [answer.code for answer in answers]
    assert 0 in codes
    assert set(codes) <= {0, 1}
    for answer in answers:
        if answer.code:
            assert "is locked by" in error_message(answer)
        else:
            assert answer.json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
    assert hospital.ledger("SELECT count(*) FROM event WHERE what = 'released'") == [(1,)]


def test_two_runs_at_the_same_moment__make_one_batch(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=20, workers=1)
    answers = at_once(hospital, *[(*RUN, "--limit", "8")] * 2)
    assert 0 in [answer.code for answer in answers]
    assert all(answer.code in {0, 1} for answer in answers), answers
    assert len(call(hospital, "batches", "--json").json) == 1
    assert_sent_once(outcome_of(hospital, BATCH))


def at_once(hospital: Hospital, *commands: tuple[str, ...]) -> list[CommandResult]:
    """Each command in a process of its own, all waiting for one signal: the end of their standard input."""
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
