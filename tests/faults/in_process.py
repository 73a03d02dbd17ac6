"""The command line called in this process: as `Hospital.statements`, without the second that a new interpreter takes.

An exception that the command line lets out ends the test, as a traceback would end an operator's patience.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest import mock

from statement_builder.cli import main
from tests.hospital import Answer, Hospital


def call(hospital: Hospital, *arguments: str, code: int | None = 0) -> Answer:
    """Run one command to its end; `code` None accepts any exit code."""
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
    answer = Answer(exit_code, out.getvalue(), err.getvalue())
    assert code is None or answer.code == code, f"{arguments}: exit {answer.code}\n{answer.out}\n{answer.err}"
    return answer
