"""Starts server programs, waits until they are ready, and ensures that they end with the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_POLL_S = 0.02


def free_port() -> int:
    """A loopback port that is free now. Another process can take it, so the caller must handle that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_server(
    command: Sequence[str], *, log: Path, user: str | None = None, stop_signal: str = "TERM"
) -> subprocess.Popen[bytes]:
    """Start `command` with its output in `log`, as `user` if given.

    The kernel sends it `stop_signal` when the tests die, so even a killed test run leaves no server behind.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise RuntimeError("setpriv is missing: install Debian's util-linux")
    drop = [f"--reuid={user}", f"--regid={user_group(user)}", "--clear-groups"] if user else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [setpriv, *drop, "--pdeathsig", stop_signal, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def user_group(user: str) -> int:
    """The id of a user's primary group."""
    import pwd

    return pwd.getpwnam(user).pw_gid


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path, timeout_s: float) -> None:
    """Poll `ready` until it is true. RuntimeError with the server's log if it dies or times out."""
    end = time.monotonic() + timeout_s
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            raise RuntimeError(f"{process.args!r} did not become ready:\n{log.read_text(errors='replace')}")
        time.sleep(_POLL_S)


def stop_server(process: subprocess.Popen[bytes], stop_signal: int, *, timeout_s: float = 10) -> None:
    """Send `stop_signal`; kill the server if it does not exit in `timeout_s`."""
    process.send_signal(stop_signal)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
