"""Runs the command line in this process and kills it, with SIGKILL, just before or just after its N-th outside effect.

    python -m tests.faults.die_at N MOMENTS_FILE statements-arguments…
    python -m tests.faults.die_at N MOMENTS_FILE part arguments-of-tests.pipeline.part…

An outside effect is a commit to a database, a file getting its final name here or at an SFTP server, a message to a
mail server, or a request to SES or Lob. N = 0 never dies; what was met is written to MOMENTS_FILE, a line each
(`commit-` before a commit, `commit+` after it, and so on), so that a test can die at each of them. The command itself
knows nothing of this. With HANG_BEFORE=.ctl it hangs (SIGSTOP), once, before it gives a file a name that ends so.
"""

from __future__ import annotations

import os
import signal
import smtplib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.httpsession
import httpx
import paramiko
import sqlalchemy.engine.base


def main() -> None:
    """Run the command that the arguments name, to its death."""
    fatal, moments_file, *command = sys.argv[1:]
    _arm(int(fatal), Path(moments_file))
    if command[0] == "part":
        from tests.pipeline.part import main as part

        part(command[1:])
    else:
        from statement_builder.cli import main as statements

        sys.argv = ["statements", *command]
        statements()


def _arm(fatal: int, moments_file: Path) -> None:
    seen: list[str] = []

    def moment(label: str) -> None:
        seen.append(label)
        moments_file.write_text("\n".join(seen), encoding="utf-8")
        if len(seen) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(owner: Any, name: str, label: Callable[..., str]) -> None:
        """Make moments of the calls that `label`, given the same arguments, has a word for."""
        effect = getattr(owner, name)

        def around(*arguments: Any, **named: Any) -> Any:
            word = label(*arguments, **named)
            if not word:
                return effect(*arguments, **named)
            moment(f"{word}-")
            result = effect(*arguments, **named)
            moment(f"{word}+")
            return result

        setattr(owner, name, around)

    if "HANG_BEFORE" in os.environ:
        os.replace = _hanging(os.replace)
    watch(sqlalchemy.engine.base.Connection, "_commit_impl", lambda *_: "commit")
    for name in ("replace", "rename", "link"):
        watch(os, name, _suffix)
    watch(paramiko.SFTPClient, "posix_rename", lambda _client, old, new: f"sftp-{_suffix(old, new)}")
    watch(smtplib.SMTP, "send", lambda _smtp, data: "smtp" if data[-5:] in ("\r\n.\r\n", b"\r\n.\r\n") else "")
    watch(botocore.httpsession.URLLib3Session, "send", lambda *_: "ses")
    watch(
        httpx.Client, "send", lambda _client, request, **_named: "lob" if request.method in {"POST", "DELETE"} else ""
    )


def _hanging(rename: Callable[..., Any]) -> Callable[..., Any]:
    def around(old: Any, new: Any) -> Any:
        if str(new).endswith(os.environ.get("HANG_BEFORE", "\0")):
            del os.environ["HANG_BEFORE"]
            os.kill(os.getpid(), signal.SIGSTOP)
        return rename(old, new)

    return around


def _suffix(_old: Any, new: Any, *_rest: Any) -> str:
    """`ctl`, `eml` and so on: what kind of file gets its name."""
    return Path(new).suffix.removeprefix(".") or "file"


if __name__ == "__main__":
    main()
