"""A proxy in front of the S3 server of `tests.services.s3` that injects faults.

It forwards every request unchanged, including signatures, except the requests that a test selects.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import quote, urlsplit

import pytest

from tests.services.s3 import S3Server

Fault = Literal[
    "error-500",
    "slow-down-503",
    "hang-up",
    "silent",
    "slow",
    "damaged-upload",
    "damaged-download",
    "wrong-checksum",
]
SLOW_S = 0.2
_ERROR = b'<?xml version="1.0"?><Error><Code>%s</Code><Message>We encountered an internal error.</Message></Error>'
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass
class FaultyS3:
    """Injects `fault` into requests of `method` (any if empty) whose path contains `path`, after the first `skip`.

    No fault is injected if `fault` is None. `injected` counts the affected requests.
    """

    upstream: str
    fault: Fault | None = None
    method: str = "PUT"
    path: str = ""
    skip: int = 0
    injected: int = 0
    endpoint: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, fault: Fault, *, method: str, path: str, skip: int = 0) -> None:
        self.fault, self.method, self.path, self.skip, self.injected = fault, method, path, skip, 0

    def clear(self) -> None:
        self.fault = None

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            if self.fault is None or self.method not in {"", method} or self.path not in path:
                return None
            if self.skip:
                self.skip -= 1
                return None
            self.injected += 1
            return self.fault


@pytest.fixture
def faulty_s3(s3_credentials: S3Server) -> Iterator[FaultyS3]:
    """The proxy, without faults until a test injects them."""
    with proxy_to(s3_credentials.endpoint) as proxy:
        yield proxy


@pytest.fixture
def faulty_s3_url(faulty_s3: FaultyS3, s3_url: str) -> str:
    """An empty bucket behind the proxy."""
    return f"{s3_url.partition('?')[0]}?endpoint={quote(faulty_s3.endpoint, safe='')}"


@contextmanager
def proxy_to(upstream: str) -> Iterator[FaultyS3]:
    """Run a proxy to a server on loopback."""
    proxy = FaultyS3(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    proxy.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyS3

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault_for(self.command, self.path)
        if fault in {"error-500", "slow-down-503"}:
            status, code = (500, b"InternalError") if fault == "error-500" else (503, b"SlowDown")
            self._respond(status, {"Content-Type": "application/xml"}, _ERROR % code)
            return
        if fault == "silent":
            self.proxy.stopped.wait()
        if fault in {"hang-up", "silent"}:
            self.close_connection = True
            return
        if fault == "slow":
            time.sleep(SLOW_S)
        status, headers, response = self._forward(_flip_middle_byte(body) if fault == "damaged-upload" else body)
        if fault == "wrong-checksum":
            headers = {name: _change_checksum(name, value) for name, value in headers.items()}
        self._respond(status, headers, _flip_middle_byte(response) if fault == "damaged-download" else response)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _relay  # noqa: N815 - http.server calls these names

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(self.proxy.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def _respond(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Do not log requests."""


def _change_checksum(header: str, value: str) -> str:
    """Replace a checksum header with another checksum of the same format."""
    if header.lower() == "etag" or header.lower().startswith("x-amz-checksum-"):
        return value.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    return value


def _flip_middle_byte(data: bytes) -> bytes:
    """The data with one byte in the middle changed."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :] if data else data
