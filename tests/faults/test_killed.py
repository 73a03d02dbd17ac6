"""Killed at any moment and run again: nothing is sent twice, nothing is lost, and all bytes are the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands import BATCH, RELEASE, RERUN, RUN
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import Hospital, build_hospital
from tests.kill_points import passed_moments, run_killed_at
from tests.night import NIGHT
from tests.outcomes import assert_sent_once, outcome_of

OWN_LAYOUTS = Path("layouts")
"""An empty layout cache in the hospital's folder, so that processes are also killed while they make layouts."""
KILLS = 20 if NIGHT else 6
KILL_POINTS = 16 if NIGHT else 5
"""Moments of the hand-off at which the process is killed, evenly spread over all moments."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """The outcome of a batch that is not killed, and how many seconds it takes on this machine."""
    hospital = build_hospital(
        tmp_path_factory.mktemp("undisturbed") / "home", guarantors=30, workers=2, layouts=OWN_LAYOUTS
    )
    seconds = hospital.statements(*RUN).json["seconds"]
    return outcome_of(hospital, BATCH), seconds


def test_killed_again_and_again__has_the_outcome_of_an_undisturbed_batch(
    undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    """Alternately kill the process with its workers after some time, and kill it at one of its next side effects."""
    expected, whole_s = undisturbed
    hospital = build_hospital(tmp_path / "home", guarantors=30, workers=2, layouts=OWN_LAYOUTS)
    moments = random.Random(20261107)
    killed = 0
    for kill in range(KILLS):
        if kill % 2:
            killed += run_killed_at(hospital, moments.randint(1, 12), *RUN) == -signal.SIGKILL
        else:
            killed += _killed(hospital, after_s=moments.uniform(0.3, 1.0 + 0.4 * whole_s))
    outcome = _finish(hospital, RUN)  # every kill may have come before there was a batch to re-run
    assert killed >= KILLS // 2, "too many runs ended before they could be killed"
    assert_sent_once(outcome)
    assert outcome == expected


@pytest.fixture(scope="module")
def handed_off(
    sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], int]:
    """The outcome of a hand-off that is not killed, and its number of moments."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("handed-off") / "home", "waiting")
    assert run_killed_at(hospital, 0, *RELEASE) == 0
    return outcome_of(hospital, BATCH), len(passed_moments(hospital))


@pytest.mark.hospital("waiting")
@pytest.mark.parametrize("point", range(KILL_POINTS))
def test_killed_during_hand_off__sends_nothing_twice_and_loses_nothing(
    hospital: Hospital, handed_off: tuple[dict[str, Any], int], point: int
) -> None:
    expected, moments = handed_off
    assert moments > KILL_POINTS, "fewer moments than kill points: this would test some of them twice"
    assert run_killed_at(hospital, 1 + point * (moments - 1) // (KILL_POINTS - 1), *RELEASE) == -signal.SIGKILL
    outcome = _finish(hospital)
    assert_sent_once(outcome)
    assert outcome == expected


def _killed(hospital: Hospital, *, after_s: float) -> bool:
    """Start or resume the batch and kill it with its workers after some time. Returns whether it was still running."""
    process = subprocess.Popen(
        hospital.command(*RUN),
        env=hospital.environment,
        cwd=hospital.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def _finish(hospital: Hospital, command: tuple[str, ...] = RERUN) -> dict[str, Any]:
    """Finish the batch as an operator does after a crash, and check that another re-run changes nothing."""
    assert hospital.statements(*command).json["state"] == "closed"
    outcome = outcome_of(hospital, BATCH)
    hospital.statements(*RERUN)
    assert outcome_of(hospital, BATCH) == outcome, "re-running a finished batch changed something"
    return outcome
