"""A real Redis server, from Debian's package, without persistence."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator

import pytest

from tests.services.processes import free_port, start_server, stop_server, wait_until


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server per session: `redis://127.0.0.1:port/0`."""
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("redis-server is missing: install Debian's `redis-server`")
    home = tmp_path_factory.mktemp("redis")
    port, log = free_port(), home / "redis.log"
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    process = start_server(command, log=log)
    try:
        wait_until(lambda: "Ready to accept connections" in log.read_text(), process, log=log, timeout_s=20)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        stop_server(process, signal.SIGTERM)
