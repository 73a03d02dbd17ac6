"""A real S3 server, rclone, on a temporary folder."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.services.processes import start_server, stop_server, wait_until

_LISTENING = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:\d+)/?\]")


@dataclass
class S3Server:
    """The server's address, its credentials, and `root`, the folder that contains its buckets as folders.

    A test with its own server can stop it and start it again at the same address.
    """

    endpoint: str
    access_key: str
    secret_key: str
    root: Path
    process: subprocess.Popen[bytes]

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with the credentials."""
        keys = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return keys | {"AWS_DEFAULT_REGION": "us-east-1"}

    def stop(self) -> None:
        stop_server(self.process, signal.SIGTERM)

    def start(self) -> None:
        key = f"{self.access_key},{self.secret_key}"
        self.process, _ = _start(self.root, key, address=self.endpoint.removeprefix("http://"))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server per session; `s3_url` gives each test its own bucket."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@contextmanager
def running_s3(home: Path) -> Iterator[S3Server]:
    """Run a separate server with its buckets in `home`."""
    root = home / "buckets"
    root.mkdir()
    access_key, secret_key = "test-access-key", uuid.uuid4().hex
    process, endpoint = _start(root, f"{access_key},{secret_key}")
    server = S3Server(endpoint, access_key, secret_key, root, process)
    try:
        yield server
    finally:
        server.stop()


def _start(root: Path, key: str, *, address: str = "127.0.0.1:0") -> tuple[subprocess.Popen[bytes], str]:
    config, log = root.with_name("rclone.conf"), root.with_name("rclone.log")
    config.touch()
    log.write_text("")
    command = [_find_rclone(), "serve", "s3", "--config", str(config), "--addr", address, "--auth-key", key]
    # Tests change the folder on disk, so directory listings must expire immediately. With 0s, rclone 1.75 keeps a
    # processor busy for as long as it runs.
    process = start_server([*command, "--dir-cache-time", "1ms", str(root)], log=log)
    wait_until(lambda: _endpoint(log) is not None, process, log=log, timeout_s=30)
    endpoint = _endpoint(log)
    assert endpoint is not None
    return process, endpoint


@pytest.fixture
def s3_credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with its credentials in the environment of this test and its child processes."""
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
    """An empty bucket, `s3://bucket/prefix?endpoint=…`, with the credentials in the environment."""
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
