"""Run `statements` commands in this process, without the second that a new interpreter takes to start.

An exception that the command line does not handle ends the test, as a traceback would fail an operator.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest import mock

from statement_builder.cli import main
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital

BATCH = f"{CYCLE}-statement"
RUN_TO_GATES = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--json")
"""Runs the statement batch until it waits for its release: exit code 3."""
RUN = (*RUN_TO_GATES, "--release")
RELEASE = ("release", BATCH, "--json")
RERUN = ("rerun", BATCH, "--release", "--json")


def call(hospital: Hospital, *arguments: str, code: int | None = 0) -> CommandResult:
    """Run one command and check its exit code; `code=None` accepts any."""
    if hospital.user_id is not None:
        return hospital.statements(*arguments, code=code)
    out, err, exit_code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, hospital.environment, clear=True),
        mock.patch.object(sys, "argv", ["statements", *arguments]),
        chdir(hospital.home),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as exc:
            exit_code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    result = CommandResult(exit_code, out.getvalue(), err.getvalue())
    assert code is None or result.code == code, f"{arguments}: exit {result.code}\n{result.out}\n{result.err}"
    return result


def run_accepting_everything(hospital: Hospital) -> CommandResult:
    """Run the statement batch, and release it with everything that it asks accepted by name."""
    call(hospital, *RUN_TO_GATES, code=3)
    questions = call(hospital, "show", BATCH, "--json").json["questions"]
    asked = {question.partition(":")[0] for question in questions} - {"APPROVAL", "DUAL_CONTROL"}
    accepted = [argument for name in sorted(asked) for argument in ("--accept", name)]
    return call(hospital, *RELEASE, *(accepted and [*accepted, "--reason", "looked at each"]))


def error_message(result: CommandResult) -> str:
    """The message of a failed command: one or two lines, no traceback, and nothing on standard output."""
    assert result.out == ""
    assert "Traceback" not in result.err
    lines = result.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, result.err
    return result.err
