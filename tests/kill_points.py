"""Kill a command, with SIGKILL, just before or just after its N-th side effect.

A side effect is a commit to a database, a file getting its final name here or on an SFTP server, a message to a mail
server, or a request to SES or Lob. `run_killed_at` runs this module's `main` as a program:

    N MOMENTS_FILE statements-arguments…
    N MOMENTS_FILE shard-worker arguments-of-tests.pipeline.shard_worker…

N = 0 never kills; a name such as `ctl-` kills at the first such moment. MOMENTS_FILE gets a line for each moment
passed (`commit-` before a commit, `commit+` after it, and so on), so that a test can kill at each of them. The command
itself is unchanged. With HANG_BEFORE=.ctl it stops (SIGSTOP), once, before it gives a file a name with this ending.
"""

from __future__ import annotations

import os
import signal
import smtplib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import botocore.httpsession
import httpx
import paramiko
import sqlalchemy.engine.base

from tests.fork_server import KILL_POINTS, run_forked
from tests.hospital import Hospital
from tests.night import some_of

MOMENTS_FILE = "moments"
_KILLS_BY_DAY = 4


def run_killed_at(hospital: Hospital, moment: int | str, *command: str) -> int:
    """Run a command in a process that kills itself at this moment, counted from 1, or at the first one of this name.
    Returns the exit code."""
    done = run_forked(KILL_POINTS, [str(moment), MOMENTS_FILE, *command], env=hospital.environment, cwd=hospital.home)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def passed_moments(hospital: Hospital) -> list[str]:
    """The moments that the hospital's last `run_killed_at` passed."""
    return (hospital.home / MOMENTS_FILE).read_text(encoding="utf-8").split()


def moments_to_kill_at(last: int, *, first: int = 1) -> Sequence[int]:
    """Which of the moments `first` to `last` to try: by day some, at night all."""
    return some_of(range(first, last + 1), by_day=_KILLS_BY_DAY)


def main() -> None:
    """Run the command in the arguments until it is killed or ends."""
    fatal, moments_file, *command = sys.argv[1:]
    _arm(fatal, Path(moments_file))
    if command[0] == "shard-worker":
        from tests.pipeline.shard_worker import main as shard_worker

        shard_worker(command[1:])
    else:
        from statement_builder.cli import main as statements

        sys.argv = ["statements", *command]
        statements()


def _arm(fatal: str, moments_file: Path) -> None:
    passed: list[str] = []

    def pass_moment(label: str) -> None:
        passed.append(label)
        moments_file.write_text("\n".join(passed), encoding="utf-8")
        if fatal in {label, str(len(passed))}:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(owner: Any, name: str, label: Callable[..., str]) -> None:
        """Count the calls for which `label`, given the same arguments, returns a word."""
        effect = getattr(owner, name)

        def watched(*arguments: Any, **keywords: Any) -> Any:
            word = label(*arguments, **keywords)
            if not word:
                return effect(*arguments, **keywords)
            pass_moment(f"{word}-")
            result = effect(*arguments, **keywords)
            pass_moment(f"{word}+")
            return result

        setattr(owner, name, watched)

    if "HANG_BEFORE" in os.environ:
        os.replace = _hanging(os.replace)
    watch(sqlalchemy.engine.base.Connection, "_commit_impl", lambda *_: "commit")
    for name in ("replace", "rename", "link"):
        watch(os, name, _suffix)
    watch(paramiko.SFTPClient, "posix_rename", lambda _client, old, new: f"sftp-{_suffix(old, new)}")
    watch(smtplib.SMTP, "send", lambda _smtp, data: "smtp" if data[-5:] in ("\r\n.\r\n", b"\r\n.\r\n") else "")
    watch(botocore.httpsession.URLLib3Session, "send", lambda *_: "ses")
    watch(
        httpx.Client,
        "send",
        lambda _client, request, **_keywords: "lob" if request.method in {"POST", "DELETE"} else "",
    )


def _hanging(rename: Callable[..., Any]) -> Callable[..., Any]:
    def renamed(old: Any, new: Any) -> Any:
        if str(new).endswith(os.environ.get("HANG_BEFORE", "\0")):
            del os.environ["HANG_BEFORE"]
            os.kill(os.getpid(), signal.SIGSTOP)
        return rename(old, new)

    return renamed


def _suffix(_old: Any, new: Any, *_rest: Any) -> str:
    """The kind of file that gets its final name: `ctl`, `eml` and so on."""
    return Path(new).suffix.removeprefix(".") or "file"


if __name__ == "__main__":
    main()
