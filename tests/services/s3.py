"""A real server that speaks S3: rclone, over a temporary folder."""

from __future__ import annotations

import re
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.services.processes import start_server, stop_server, wait_until

_LISTENING = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:\d+)/?\]")


@dataclass(frozen=True)
class S3Server:
    """Where the server is, whom it lets in, and the folder that its buckets are folders of."""

    endpoint: str
    access_key: str
    secret_key: str
    root: Path


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for the session; `s3_url` gives each test a bucket of its own."""
    home = tmp_path_factory.mktemp("s3")
    root = home / "buckets"
    root.mkdir()
    config = home / "rclone.conf"
    config.touch()
    access_key, secret_key = "test-access-key", uuid.uuid4().hex
    log = home / "rclone.log"
    command = [_find_rclone(), "serve", "s3", "--config", str(config), "--addr", "127.0.0.1:0"]
    # A folder changed on disk by a test is seen at once only with next to no cache of directory listings; with none at
    # all (0s), rclone 1.75 keeps more than a processor busy for as long as it runs.
    command += ["--auth-key", f"{access_key},{secret_key}", "--dir-cache-time", "1ms", str(root)]
    process = start_server(command, log=log)
    try:
        wait_until(lambda: _endpoint(log) is not None, process, log=log, timeout_s=30)
        endpoint = _endpoint(log)
        assert endpoint is not None
        yield S3Server(endpoint, access_key, secret_key, root)
    finally:
        stop_server(process, signal.SIGTERM)


@pytest.fixture
def s3_credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with its keys where boto3 looks for them, for this test and the processes that it starts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return s3_server


@pytest.fixture
def s3_url(s3_credentials: S3Server) -> str:
    """A fresh bucket: `s3://bucket/prefix?endpoint=…`, with the keys in the environment."""
    bucket = f"test-{uuid.uuid4().hex}"
    (s3_credentials.root / bucket).mkdir()
    return f"s3://{bucket}/archive?endpoint={quote(s3_credentials.endpoint, safe='')}"


def _find_rclone() -> str:
    found = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if found is None:
        raise RuntimeError("rclone is missing: install the test requirements (`make install`)")
    return found


def _endpoint(log: Path) -> str | None:
    match = _LISTENING.search(log.read_text(errors="replace"))
    return match.group(1) if match else None
