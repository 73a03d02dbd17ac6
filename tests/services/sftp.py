"""A real SFTP server: OpenSSH's sshd on loopback with its own keys, for the user who runs the tests."""

from __future__ import annotations

import getpass
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.services.processes import free_port, start_server, stop_server, wait_until

_SSHD = "/usr/sbin/sshd"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host_key
PidFile none
AuthorizedKeysFile {home}/client_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class SftpServer:
    """The server's address, its host key, and the login."""

    port: int
    user: str
    host_key: str
    """In OpenSSH's format: `SHA256:…`."""
    key_file: Path

    def url(self, folder: Path, *, host_key: str | None = None, port: int | None = None) -> str:
        """The print vendor URL for `folder`, optionally with another pinned key or port."""
        pin = quote(host_key or self.host_key, safe=":")
        return f"sftp://{self.user}@127.0.0.1:{port or self.port}{quote(str(folder))}?host_key={pin}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables for the login."""
        return {"STATEMENTS_SFTP_KEY": str(self.key_file)}


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """One server for the session; each test uses its own folder (`tmp_path`)."""
    if not Path(_SSHD).exists():
        raise RuntimeError(f"{_SSHD} is missing: install Debian's openssh-server")
    home = tmp_path_factory.mktemp("sshd")
    for key in ("host_key", "client_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key)], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd requires it when started as root
    process, port = _start(home)
    try:
        yield SftpServer(port, getpass.getuser(), _fingerprint(home / "host_key.pub"), home / "client_key")
    finally:
        stop_server(process, signal.SIGTERM)


def _start(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start sshd. It cannot pick a port itself; if another process takes the free port first, try another one."""
    log, config = home / "sshd.log", home / "sshd_config"
    for attempt in range(5):
        port = free_port()
        config.write_text(_CONFIG.format(port=port, home=home))
        log.write_text("")
        process = start_server([_SSHD, "-D", "-e", "-f", str(config)], log=log)
        try:
            wait_until(lambda: "Server listening on" in log.read_text(), process, log=log, timeout_s=20)
        except RuntimeError:
            if attempt == 4 or "Address already in use" not in log.read_text():
                raise
        else:
            return process, port
    raise AssertionError("unreachable")


def _fingerprint(public_key: Path) -> str:
    printed = subprocess.run(["ssh-keygen", "-lf", str(public_key)], check=True, capture_output=True, text=True).stdout
    found = re.search(r"SHA256:\S+", printed)
    assert found, printed
    return found[0]
