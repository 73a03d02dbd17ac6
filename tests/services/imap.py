"""A real IMAP server: Dovecot on loopback with implicit TLS and one user with a Maildir."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from imap_tools import AND, MailBox

from tests.services.certificate import write_certificate
from tests.services.processes import free_port, start_server, stop_server, user_group, wait_until

_DOVECOT = "/usr/sbin/dovecot"
_USER, _PASSWORD = "statements", "right"
_CONFIG = """\
protocols = imap
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
auth_failure_delay = 0
ssl = required
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server.pem
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


@dataclass(frozen=True)
class ImapServer:
    port: int
    home: Path

    @property
    def certificate(self) -> Path:
        return self.home / "server.pem"

    def url(self, folder: str = "INBOX") -> str:
        """The URL of the bounce mailbox."""
        return f"imaps://127.0.0.1:{self.port}/{folder}"

    @property
    def environ(self) -> dict[str, str]:
        return {"STATEMENTS_IMAP_USER": _USER, "STATEMENTS_IMAP_PASSWORD": _PASSWORD}

    @contextmanager
    def open(self, folder: str = "INBOX") -> Iterator[MailBox]:
        """Log in as the clerk's mail program does."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with MailBox("127.0.0.1", port=self.port, ssl_context=context).login(_USER, _PASSWORD, folder) as mailbox:
            yield mailbox

    def deliver(self, *messages: bytes, folder: str = "INBOX") -> None:
        with self.open() as mailbox:
            if not mailbox.folder.exists(folder):
                mailbox.folder.create(folder)
            for message in messages:
                mailbox.append(message, folder)

    def kick(self) -> None:
        """End every session."""
        subprocess.run(
            ["doveadm", "-c", str(self.home / "dovecot.conf"), "kick", _USER], check=True, capture_output=True
        )

    def unseen(self, folder: str = "INBOX") -> int:
        with self.open(folder) as mailbox:
            return len(mailbox.uids(AND(seen=False)))

    def total(self, folder: str = "INBOX") -> int:
        with self.open(folder) as mailbox:
            return len(mailbox.uids())


@pytest.fixture(scope="session")
def dovecot() -> Iterator[ImapServer]:
    """One server for the session; `imap_server` empties its mailbox for each test."""
    if not Path(_DOVECOT).exists():
        raise RuntimeError(f"{_DOVECOT} is missing: install Debian's dovecot-imapd")
    user = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "nobody"
    home = Path(tempfile.mkdtemp(prefix="imap-", dir="/tmp"))  # Dovecot's sockets require a short path
    try:
        write_certificate(home / "server.pem")
        (home / "users").write_text(f"{_USER}:{{PLAIN}}{_PASSWORD}\n")
        (home / "mail").mkdir()
        for path in (home, *home.iterdir()):
            shutil.chown(path, user, user_group(user))
        process, port = _start(home, user)
        try:
            yield ImapServer(port, home)
        finally:
            stop_server(process, signal.SIGTERM)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def imap_server(dovecot: ImapServer, monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    """An empty mailbox on a server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    with dovecot.open() as mailbox:
        mailbox.delete(mailbox.uids())
        for folder in mailbox.folder.list():
            if folder.name != "INBOX":
                mailbox.folder.delete(folder.name)
    return dovecot


def _start(home: Path, user: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server. If another process takes the free port first, try another one."""
    log, config = home / "dovecot.out", home / "dovecot.conf"
    group = pwd.getpwnam(user)
    for attempt in range(5):
        port = free_port()
        config.write_text(_CONFIG.format(home=home, port=port, user=user, group=_group_name(group.pw_gid)))
        process = start_server([_DOVECOT, "-F", "-c", str(config)], log=log, user=user if os.geteuid() == 0 else None)
        try:
            wait_until(functools.partial(_answers, port), process, log=home / "dovecot.log", timeout_s=20)
        except (RuntimeError, FileNotFoundError):
            if attempt == 4:
                raise
        else:
            return process, port
    raise AssertionError("unreachable")


def _group_name(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


def _answers(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with MailBox("127.0.0.1", port=port, timeout=2, ssl_context=context).login(_USER, _PASSWORD):
            return True
    except OSError:
        return False
