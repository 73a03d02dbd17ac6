"""What every test of a broken set-up asks: was there one clear message, and has anything left the building."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from tests.faults.in_process import call
from tests.hospital import AS_OF, CYCLE, Answer, Hospital
from tests.warm import DIE_AT, run_warm

BATCH = f"{CYCLE}-statement"
RUN = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--json")
RERUN = ("rerun", BATCH, "--release", "--json")


def read_message(answer: Answer) -> str:
    """The one message of a command that failed: a line or two, no traceback, nothing half on standard output."""
    assert answer.out == ""
    assert "Traceback" not in answer.err
    lines = answer.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, answer.err
    return answer.err


def assert_nothing_left(hospital: Hospital) -> None:
    """No print file that a vendor would take, and no e-mail."""
    assert hospital.manifest_rows() == []
    assert hospital.emailed() == []


def assert_each_once(hospital: Hospital) -> None:
    """Every gate of a closed batch foots, and what was made has left in one print file or e-mail."""
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    found = call(hospital, "find", BATCH, "--json").json
    rendered = [row["document"] for row in found if row["state"] != "error"]
    assert len(rendered) == sheet["counts"]["rendered"] > 0
    left = Counter([row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed())
    assert left == Counter(rendered)


def die_at(hospital: Hospital, moment: int, *command: str) -> int:
    """Run a command in a process that kills itself at this moment; its exit code."""
    died = run_warm(DIE_AT, [str(moment), "moments", *command], env=hospital.environment, cwd=hospital.home)
    assert "Traceback" not in died.stderr, died.stderr
    return died.returncode


def make_room(disk: Path) -> None:
    """What the hospital's staff do about a `small_disk`."""
    subprocess.run(["mount", "-o", "remount,size=30m", disk], check=True)
