"""Killed anywhere and run again: nothing twice, nothing lost, and the same bytes as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.kill_points import run_killed_at
from tests.outcomes import assert_sent_once, outcome_of

BATCH = f"{CYCLE}-statement"
RUN = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--json")
RELEASE = ("release", BATCH, "--json")
RERUN = ("rerun", BATCH, "--release", "--json")
OWN = Path("layouts")
"""In the hospital's own folder, and empty: a process may die while it lays out, too."""
KILLS = 20
DEATHS = 16
"""Moments of the hand-off, spread evenly over all there are, at which a process dies."""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """What comes of a batch that nobody kills, and how long it takes on this machine."""
    hospital = build_hospital(tmp_path_factory.mktemp("untouched") / "home", guarantors=30, workers=2, layouts=OWN)
    seconds = hospital.statements(*RUN).json["seconds"]
    return outcome_of(hospital, BATCH), seconds


def test_killed_twenty_times__ends_as_if_it_had_not_been(
    untouched: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    """Every other time with all its workers after a while, and in between at one of its next outside effects."""
    expected, whole_s = untouched
    hospital = build_hospital(tmp_path / "home", guarantors=30, workers=2, layouts=OWN)
    moments = random.Random(20261107)
    killed = 0
    for kill in range(KILLS):
        if kill % 2:
            killed += run_killed_at(hospital, moments.randint(1, 12), *RUN) == -signal.SIGKILL
        else:
            killed += _killed(hospital, after_s=moments.uniform(0.3, 1.0 + 0.4 * whole_s))
    outcome = _finish(hospital)
    assert killed >= KILLS // 2, "too many runs ended before they could be killed"
    assert_sent_once(outcome)
    assert outcome == expected


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch that has been rendered and waits for its release."""
    hospital = build_hospital(tmp_path_factory.mktemp("built") / "home", guarantors=20, workers=1)
    hospital.statements(*RUN[:-2], "--json", code=3)
    return hospital


@pytest.fixture(scope="module")
def handed_off(built: Hospital, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """What comes of the same batch when nobody kills it, and how many moments there are to die at."""
    hospital = built.copy_to(tmp_path_factory.mktemp("handed-off") / "home")
    assert run_killed_at(hospital, 0, *RELEASE) == 0
    return outcome_of(hospital, BATCH), len((hospital.home / "moments").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("part", range(DEATHS))
def test_killed_around_each_hand_off__nothing_twice_nothing_lost(
    built: Hospital, handed_off: tuple[dict[str, Any], int], part: int, tmp_path: Path
) -> None:
    untouched, moments = handed_off
    assert moments > DEATHS, "fewer moments than deaths: this would test some of them twice"
    hospital = built.copy_to(tmp_path / "home")
    assert run_killed_at(hospital, 1 + part * (moments - 1) // (DEATHS - 1), *RELEASE) == -signal.SIGKILL
    outcome = _finish(hospital)
    assert_sent_once(outcome)
    assert outcome == untouched


def _killed(hospital: Hospital, *, after_s: float) -> bool:
    """Start or resume the batch, and kill it with all its workers after a while; whether it was still running."""
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


def _finish(hospital: Hospital) -> dict[str, Any]:
    """What an operator does after a crash, the same command once more; and then again, which must change nothing."""
    assert hospital.statements(*RERUN).json["state"] == "closed"
    outcome = outcome_of(hospital, BATCH)
    hospital.statements(*RERUN)
    assert outcome_of(hospital, BATCH) == outcome, "re-running a finished batch changed something"
    return outcome
