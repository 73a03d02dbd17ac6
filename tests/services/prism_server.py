"""A server made from Lob's own OpenAPI description by somebody else's tool: Stoplight's Prism, from npm.

It holds every request to the description and answers with the description's examples; it remembers nothing.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hospital import ROOT
from tests.services.processes import free_port, start_server, stop_server, wait_until

DESCRIPTION = ROOT.parent / "shared" / "data" / "lob" / "lob-api-bundled.yml"
_PRISM = Path(__file__).parent / "prism" / "node_modules" / ".bin" / "prism"


@pytest.fixture(scope="session")
def prism_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port on loopback of one server for the session. Skips where the description is not there."""
    if not DESCRIPTION.exists():
        pytest.skip("Lob's OpenAPI description is not in ../shared/data")
    if shutil.which("node") is None or not _PRISM.exists():
        raise RuntimeError("Prism is missing: install the test requirements (`scripts/bootstrap.sh test`)")
    log, port = tmp_path_factory.mktemp("prism") / "prism.log", free_port()
    command = [str(_PRISM), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(DESCRIPTION)]
    process = start_server(command, log=log)
    try:
        wait_until(lambda: "Prism is listening" in log.read_text(errors="replace"), process, log=log, timeout_s=120)
        yield port
    finally:
        stop_server(process, signal.SIGTERM)
