"""A mock server made from Lob's own OpenAPI description by Stoplight's Prism (npm).

It validates every request against the description and responds with its examples. It keeps no state.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.processes import free_port, start_server, stop_server, wait_until
from tests.shared_data import shared_data

DESCRIPTION = "lob/lob-api-bundled.yml"
"""In the shared data."""
_PRISM = Path(__file__).parent / "prism" / "node_modules" / ".bin" / "prism"


@pytest.fixture(scope="session")
def prism_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The loopback port of one server for the session. Skips if the description is absent."""
    description = shared_data(DESCRIPTION)
    if shutil.which("node") is None or not _PRISM.exists():
        raise RuntimeError("Prism is missing: install the test requirements (`scripts/bootstrap.sh test`)")
    log, port = tmp_path_factory.mktemp("prism") / "prism.log", free_port()
    command = [str(_PRISM), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(description)]
    process = start_server(command, log=log)
    try:
        wait_until(lambda: "Prism is listening" in log.read_text(errors="replace"), process, log=log, timeout_s=120)
        yield port
    finally:
        stop_server(process, signal.SIGTERM)
