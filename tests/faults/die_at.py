"""Runs the command line in this process and kills it, with SIGKILL, just before or just after its N-th outside effect.

    python -m tests.faults.die_at N COUNT_FILE statements-arguments…
    python -m tests.faults.die_at N COUNT_FILE part arguments-of-tests.batch.part…

An outside effect is a commit to a database, or a file getting its final name. N = 0 never dies; the number of effects
seen is written to COUNT_FILE, so that a test can die at each of them in turn. Effects 2k and 2k+1 are the moments
before and after the same one. The command itself knows nothing of this. With
HANG_BEFORE=.ctl it hangs (SIGSTOP), once, before it gives a file a name that ends so.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy.engine.base

_seen = 0
_fatal = int(sys.argv[1])
_count_file = Path(sys.argv[2])


def _moment() -> None:
    global _seen  # noqa: PLW0603  # one process, one counter
    _seen += 1
    _count_file.write_text(str(_seen), encoding="utf-8")
    if _seen == _fatal:
        os.kill(os.getpid(), signal.SIGKILL)


def _counted(effect: Callable[..., Any]) -> Callable[..., Any]:
    def around(*arguments: Any, **named: Any) -> Any:
        _moment()
        result = effect(*arguments, **named)
        _moment()
        return result

    return around


def _hanging(rename: Callable[..., Any]) -> Callable[..., Any]:
    def around(old: Any, new: Any) -> Any:
        if str(new).endswith(os.environ.get("HANG_BEFORE", "\0")):
            del os.environ["HANG_BEFORE"]
            os.kill(os.getpid(), signal.SIGSTOP)
        return rename(old, new)

    return around


if "HANG_BEFORE" in os.environ:
    os.replace = _hanging(os.replace)
os.replace = _counted(os.replace)
os.rename = _counted(os.rename)
os.link = _counted(os.link)
sqlalchemy.engine.base.Connection._commit_impl = _counted(sqlalchemy.engine.base.Connection._commit_impl)  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.argv = sys.argv[2:]
    if sys.argv[1] == "part":
        from tests.batch.part import main

        main(sys.argv[2:])
    else:
        from statement_builder.cli import main as statements

        sys.argv = ["statements", *sys.argv[1:]]
        statements()
