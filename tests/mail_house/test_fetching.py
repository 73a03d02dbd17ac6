"""Delivery reports and bounces are fetched from real servers once, without loss, even if the process is killed or a
file is still being written."""

from __future__ import annotations

import imaplib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from mail_house.errors import HandOffError, Misconfigured, Retryable
from mail_house.inbound import HasSettled, Settling, fetch_bounces, fetch_vendor_reports
from mail_house.limits import FILE_BYTES_MAX, MESSAGE_BYTES_MAX
from tests.services.imap import ImapServer
from tests.services.processes import free_port
from tests.services.sftp import SftpServer

BOUNCES = [
    f"From: MAILER-DAEMON@mx.example.org\r\nSubject: bounce {n}\r\n\r\n.body {n}\r\n".encode() for n in (1, 2, 3)
]


class Killed(BaseException):
    """Stands in for SIGKILL: our code does not catch it."""


class Inbox(dict[str, bytes]):
    """The stored files. Raises Killed just before or just after storing the nth."""

    killed_before = 0
    killed_after = 0

    def store(self, name: str, data: bytes) -> None:
        if self.killed_before == len(self) + 1:
            raise Killed
        assert "/" not in name
        self[name] = data
        if self.killed_after == len(self):
            raise Killed


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def put(folder: Path, *messages: bytes, suffix: str = ".eml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages, start=1):
        (folder / f"{number}{suffix}").write_bytes(message)
    return folder


Source = tuple[Callable[..., object], Callable[[Inbox], int]]
"""How to fill the source, and how to fetch from it."""


@pytest.fixture(params=["imap", "maildir", "folder", "sftp"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "imap":
        imap: ImapServer = request.getfixturevalue("imap_server")
        return imap.deliver, lambda inbox: fetch_bounces(imap.url(), environ=imap.environ, store=inbox.store)
    if request.param == "sftp":
        sftp: SftpServer = request.getfixturevalue("sftp_server")
        url = sftp.url(put(tmp_path / "reports"))
        fill = lambda *messages: put(tmp_path / "reports", *messages, suffix=".csv")  # noqa: E731
        return fill, lambda inbox: fetch_vendor_reports(url, environ=sftp.environ, store=inbox.store)
    folder = tmp_path / "mail"
    for part in ("new", "cur", "tmp") if request.param == "maildir" else ():
        (folder / part).mkdir(parents=True)
    into = folder / "new" if request.param == "maildir" else put(folder)
    suffix = ".mx.example" if request.param == "maildir" else ".eml"
    return (
        lambda *messages: put(into, *messages, suffix=suffix),
        lambda inbox: fetch_bounces(f"file://{folder}", environ={}, store=inbox.store),
    )


def test_fetch__every_file_once_and_unchanged(source: Source, inbox: Inbox) -> None:
    fill, fetch = source
    assert fetch(inbox) == 0
    fill(*BOUNCES)
    assert fetch(inbox) == len(BOUNCES)
    assert sorted(inbox.values()) == sorted(BOUNCES)
    assert fetch(inbox) == 0


@pytest.mark.parametrize("moment", ["killed_before", "killed_after"])
def test_fetch__killed_before_removal__fetches_the_file_again(source: Source, inbox: Inbox, moment: str) -> None:
    fill, fetch = source
    fill(*BOUNCES)
    setattr(inbox, moment, 2)
    with pytest.raises(Killed):
        fetch(inbox)
    assert len(inbox) == (1 if moment == "killed_before" else 2)
    second_run = Inbox()
    assert fetch(second_run) == 2, "a removed file was fetched twice, or a remaining file was not fetched"
    assert set(inbox.values()) | set(second_run.values()) == set(BOUNCES)
    assert fetch(Inbox()) == 0


def test_fetch__full_inbox_disk__leaves_the_files_at_the_source(source: Source, inbox: Inbox) -> None:
    fill, fetch = source
    fill(*BOUNCES)

    class FullInbox(Inbox):
        def store(self, name: str, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(Misconfigured, match=r"cannot be stored in the inbox \(No space left on device\): it stays"):
        fetch(FullInbox())
    assert fetch(inbox) == len(BOUNCES)


def test_imap__marks_messages_as_seen_and_deletes_none(imap_server: ImapServer, inbox: Inbox) -> None:
    imap_server.deliver(*BOUNCES, folder="Bounces")
    imap_server.deliver(b"Subject: for the clerk\r\n\r\nhello\r\n")
    assert fetch_bounces(imap_server.url("Bounces"), environ=imap_server.environ, store=inbox.store) == 3
    assert (imap_server.unseen("Bounces"), imap_server.total("Bounces")) == (0, 3)
    assert imap_server.unseen() == 1, "another folder of the mailbox must not be read"
    assert all(name.startswith("Bounces-") and name.endswith(".eml") for name in inbox)


def test_imap__message_deleted_meanwhile__fetches_the_others(imap_server: ImapServer) -> None:
    imap_server.deliver(*BOUNCES)
    inbox = Inbox()

    def store(name: str, data: bytes) -> None:
        if not inbox:
            with imap_server.open() as clerk:
                clerk.delete(clerk.uids()[-1:])
        inbox[name] = data

    assert fetch_bounces(imap_server.url(), environ=imap_server.environ, store=store) == 2
    assert sorted(inbox.values()) == sorted(BOUNCES[:2])


IMAP_PROBLEMS = [
    pytest.param({"password": "wrong"}, Misconfigured, "login was refused: check STATEMENTS_IMAP_USER", id="password"),
    pytest.param({"folder": "Nowhere"}, Misconfigured, "/Nowhere: there is no such folder", id="folder"),
    pytest.param(
        {"trust": "none"}, Misconfigured, "certificate is not valid for 127.0.0.1", id="untrusted-certificate"
    ),
    pytest.param({"port": "closed"}, Retryable, "cannot be read", id="no-server"),
]


@pytest.mark.parametrize(("wrong", "outcome", "complaint"), IMAP_PROBLEMS)
def test_imap__problem_gives_one_line_without_the_password(
    imap_server: ImapServer,
    inbox: Inbox,
    wrong: dict[str, str],
    outcome: type[HandOffError],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imap_server.deliver(*BOUNCES)
    if wrong.get("trust"):
        monkeypatch.delenv("SSL_CERT_FILE")
    url = imap_server.url(wrong.get("folder", "INBOX"))
    if wrong.get("port"):
        url = url.replace(str(imap_server.port), str(free_port()))
    environ = imap_server.environ | {"STATEMENTS_IMAP_PASSWORD": wrong.get("password", "right")}
    with pytest.raises(outcome, match=complaint) as caught:
        fetch_bounces(url, environ=environ, store=inbox.store)
    assert "right" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert inbox == {}
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_server.certificate))
    assert imap_server.unseen() == len(BOUNCES)


def test_imap__connection_lost__fetches_the_rest_next_time(imap_server: ImapServer) -> None:
    imap_server.deliver(*BOUNCES)
    inbox = Inbox()

    def store(name: str, data: bytes) -> None:
        inbox[name] = data
        if len(inbox) == 2:
            imap_server.kick()

    with pytest.raises(Retryable, match="the mailbox cannot be read"):
        fetch_bounces(imap_server.url(), environ=imap_server.environ, store=store)
    second_run = Inbox()
    assert fetch_bounces(imap_server.url(), environ=imap_server.environ, store=second_run.store) == 2
    assert set(inbox.values()) | set(second_run.values()) == set(BOUNCES)


@pytest.mark.parametrize("command", ["FETCH", "STORE"])
@pytest.mark.parametrize("answer", ["NO", "BAD"])
def test_imap__server_refuses_one_message__fetches_the_others(
    imap_server: ImapServer, inbox: Inbox, command: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchange answers NO to a message that it cannot convert."""
    imap_server.deliver(*BOUNCES)
    send = imaplib.IMAP4.uid
    with imap_server.open() as mailbox:
        second = mailbox.uids()[1]

    def refuse(self: imaplib.IMAP4, name: str, *arguments: str) -> Any:
        if (name.upper(), arguments[0]) != (command, second):
            return send(self, name, *arguments)
        if answer == "BAD":
            raise self.error("UID command error: BAD")
        return "NO", [b"cannot be converted"]

    monkeypatch.setattr(imaplib.IMAP4, "uid", refuse)
    with pytest.raises(Retryable, match=rf"message {second} in INBOX.* the next run tries it again"):
        fetch_bounces(imap_server.url(), environ=imap_server.environ, store=inbox.store)
    assert {BOUNCES[0], BOUNCES[2]} <= set(inbox.values())
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_server.certificate))
    assert imap_server.unseen() == 1
    assert fetch_bounces(imap_server.url(), environ=imap_server.environ, store=inbox.store) == 1
    assert set(inbox.values()) == set(BOUNCES)


@pytest.mark.parametrize("moment", ["open", "remove"])
def test_sftp__server_fails_at_one_file__fetches_the_others(
    sftp_server: SftpServer, tmp_path: Path, inbox: Inbox, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSH_FX_FAILURE says nothing about the reason, such as another customer's lock."""
    folder = put(tmp_path / "reports", *BOUNCES, suffix=".csv")
    act = getattr(paramiko.SFTPClient, moment)

    def fail(self: paramiko.SFTPClient, path: bytes, *arguments: str) -> Any:
        if path.endswith(b"2.csv"):
            raise OSError("Failure")
        return act(self, path, *arguments)

    monkeypatch.setattr(paramiko.SFTPClient, moment, fail)
    with pytest.raises(Retryable, match=r"2\.csv cannot be fetched \(OSError\).* the next run tries it again"):
        fetch_vendor_reports(sftp_server.url(folder), environ=sftp_server.environ, store=inbox.store)
    assert {BOUNCES[0], BOUNCES[2]} <= set(inbox.values())
    assert [path.name for path in folder.iterdir()] == ["2.csv"]
    monkeypatch.undo()
    assert fetch_vendor_reports(sftp_server.url(folder), environ=sftp_server.environ, store=inbox.store) == 1


def test_fetch__every_file_with_a_problem_is_named(vendor: tuple[Path, Callable[..., int]], inbox: Inbox) -> None:
    folder, fetch = vendor
    put(folder, *[b""] * 12, suffix=".csv")
    for path in folder.iterdir():
        os.truncate(path, FILE_BYTES_MAX + 1)
    with pytest.raises(Misconfigured, match=r"10\.csv is larger.*; 2 more have a problem") as caught:
        fetch(inbox.store)
    assert str(caught.value).count("is larger than") == 10


def test_maildir__fetches_unseen_messages_that_a_mail_program_moved(tmp_path: Path, inbox: Inbox) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "cur" / "1.mx:2,F").write_bytes(BOUNCES[0])
    (tmp_path / "cur" / "2.mx:2,RS").write_bytes(BOUNCES[1])
    (tmp_path / "tmp" / "3.mx").write_bytes(BOUNCES[2][:20])
    assert fetch_bounces(f"file://{tmp_path}", environ={}, store=inbox.store) == 1
    assert inbox == {"1.mx.eml": BOUNCES[0]}
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["1.mx:2,FS", "2.mx:2,RS"]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_fetch__file_still_being_written__is_left_for_the_next_run(
    kind: str, sftp_server: SftpServer, tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "reports", b"whole\r\n", b"begun\r\n", suffix=".csv")
    put(folder, b"under another name", suffix=".csv.part")
    os.utime(folder / "2.csv", (1_700_000_000, 1_700_000_000))
    url = sftp_server.url(folder) if kind == "sftp" else f"file://{folder}"

    _append_while_read(folder / "2.csv", monkeypatch)
    assert fetch_vendor_reports(url, environ=sftp_server.environ, store=inbox.store) == 1
    assert inbox == {"1.csv": b"whole\r\n"}
    monkeypatch.undo()
    assert fetch_vendor_reports(url, environ=sftp_server.environ, store=inbox.store) == 1
    assert inbox["2.csv"] == b"begun\r\nand finished\r\n"
    assert [path.name for path in folder.iterdir()] == ["1.csv.part"]


def _append_while_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each read of this file, locally or over SFTP, its writer appends more."""
    read_local, read_remote = Path.read_bytes, paramiko.SFTPFile.read
    begun = path.read_bytes()

    def append(data: bytes) -> bytes:
        if data == begun:
            with path.open("ab") as writer:
                writer.write(b"and finished\r\n")
        return data

    monkeypatch.setattr(Path, "read_bytes", lambda self: append(read_local(self)))
    monkeypatch.setattr(paramiko.SFTPFile, "read", lambda self, size=None: append(read_remote(self, size)))


def test_folder__mailbox_ignores_other_files(tmp_path: Path, inbox: Inbox) -> None:
    put(tmp_path, BOUNCES[0], suffix=".EML")
    put(tmp_path, b"not a message", suffix=".txt")
    assert fetch_bounces(f"file://{tmp_path}", environ={}, store=inbox.store) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["1.txt"]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_fetch__missing_folder_is_misconfigured(
    kind: str, sftp_server: SftpServer, tmp_path: Path, inbox: Inbox
) -> None:
    url = sftp_server.url(tmp_path / "none") if kind == "sftp" else f"file://{tmp_path}/none"
    with pytest.raises(Misconfigured, match=r"/none( does not exist|: check the path)"):
        fetch_vendor_reports(url, environ=sftp_server.environ, store=inbox.store)


def test_fetch__missing_folder_names_the_setting_that_has_its_path(
    sftp_server: SftpServer, tmp_path: Path, inbox: Inbox
) -> None:
    with pytest.raises(Misconfigured, match=r"mail\.portal_reads_url"):
        fetch_vendor_reports(
            sftp_server.url(tmp_path / "none"),
            environ=sftp_server.environ,
            store=inbox.store,
            setting="mail.portal_reads_url",
        )


@pytest.mark.parametrize(
    ("fetch", "url", "complaint"),
    [
        pytest.param(fetch_vendor_reports, "ftp://host/folder", "use file: or sftp:", id="reports"),
        pytest.param(fetch_bounces, "pop3://host", "use file: or imaps:", id="bounces"),
        pytest.param(fetch_bounces, "imaps://host/INBOX", "STATEMENTS_IMAP_USER", id="no-login"),
        pytest.param(fetch_bounces, "imaps://host/INBOX?x=1", "'x' is not an option", id="option"),
    ],
)
def test_fetch__invalid_url__names_a_valid_one(
    fetch: Callable[..., int], url: str, complaint: str, inbox: Inbox
) -> None:
    with pytest.raises(ValueError, match=complaint):
        fetch(url, environ={}, store=inbox.store)


@pytest.fixture(params=["folder", "sftp"])
def vendor(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Callable[..., int]]:
    """The vendor's folder, and how to fetch from it."""
    folder = put(tmp_path / "reports")
    url, environ = f"file://{folder}", {}
    if request.param == "sftp":
        server: SftpServer = request.getfixturevalue("sftp_server")
        url, environ = server.url(folder), server.environ
    return folder, lambda store, **settled: fetch_vendor_reports(url, environ=environ, store=store, **settled)


def before(moment: float) -> HasSettled:
    return Settling(now=moment, settle_s=0, seen={}).of("")


def test_fetch__file_that_changed_a_moment_ago_is_left(vendor: tuple[Path, Callable[..., int]], inbox: Inbox) -> None:
    folder, fetch = vendor
    put(folder, b"old", b"new", suffix=".csv")
    os.utime(folder / "1.csv", (1_700_000_000, 1_700_000_000))
    os.utime(folder / "2.csv", (1_700_000_100, 1_700_000_100))
    assert fetch(inbox.store, has_settled=before(1_700_000_099)) == 1
    assert inbox == {"1.csv": b"old"}
    assert fetch(inbox.store, has_settled=before(1_700_000_100)) == 1
    assert list(folder.iterdir()) == []


def test_fetch__file_that_grows_while_it_is_stored__is_kept_and_fetched_again(
    vendor: tuple[Path, Callable[..., int]], inbox: Inbox
) -> None:
    folder, fetch = vendor
    put(folder, b"begun\r\n", suffix=".csv")

    def store(name: str, data: bytes) -> None:
        with (folder / name).open("ab") as writer:
            writer.write(b"and finished\r\n")

    assert fetch(store) == 0
    assert fetch(inbox.store) == 1
    assert inbox == {"1.csv": b"begun\r\nand finished\r\n"}


def test_fetch__file_that_is_too_large_stays_and_stops_no_other(
    vendor: tuple[Path, Callable[..., int]], inbox: Inbox
) -> None:
    folder, fetch = vendor
    put(folder, b"", b"good", suffix=".csv")
    os.truncate(folder / "1.csv", FILE_BYTES_MAX + 1)
    with pytest.raises(Misconfigured, match=r"1\.csv is larger than 64 MB and is not fetched"):
        fetch(inbox.store)
    assert inbox == {"2.csv": b"good"}
    assert [path.name for path in folder.iterdir()] == ["1.csv"]


def test_fetch__folder_link_and_pipe_are_not_fetched(
    vendor: tuple[Path, Callable[..., int]], inbox: Inbox, tmp_path: Path
) -> None:
    folder, fetch = vendor
    (folder / "1.csv").mkdir()
    (folder / "2.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "3.csv")
    put(folder, suffix=".csv")
    (folder / "4.csv").write_bytes(b"good")
    assert fetch(inbox.store) == 1
    assert inbox == {"4.csv": b"good"}


@pytest.mark.parametrize(
    "name", ["x.csv.part", "X.CSV.PART", "x.filepart", ".x.csv", "x.csv.tmp", "~x.csv", "x.partial"]
)
def test_fetch__temporary_name_waits_until_it_is_renamed(name: str, tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / name).write_bytes(b"begun")
    assert fetch_vendor_reports(f"file://{tmp_path}", environ={}, store=inbox.store) == 0
    (tmp_path / name).rename(tmp_path / "x.csv")
    assert fetch_vendor_reports(f"file://{tmp_path}", environ={}, store=inbox.store) == 1


def test_maildir__message_that_is_too_large_stays_and_stops_no_other(tmp_path: Path, inbox: Inbox) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    put(tmp_path / "new", b"", BOUNCES[0], suffix=".mx")
    os.truncate(tmp_path / "new" / "1.mx", MESSAGE_BYTES_MAX + 1)
    with pytest.raises(Misconfigured, match=r"1\.mx is larger than 16 MB"):
        fetch_bounces(f"file://{tmp_path}", environ={}, store=inbox.store)
    assert inbox == {"2.mx.eml": BOUNCES[0]}


def test_imap__message_that_is_too_large_stays_unread_and_stops_no_other(imap_server: ImapServer, inbox: Inbox) -> None:
    imap_server.deliver(b"Subject: large\r\n\r\n" + b"a" * 76 + b"\r\n" + (b"a" * 76 + b"\r\n") * 220_000, BOUNCES[0])
    with pytest.raises(Misconfigured, match=r"message \d+ in INBOX is larger than 16 MB"):
        fetch_bounces(imap_server.url(), environ=imap_server.environ, store=inbox.store)
    assert list(inbox.values()) == BOUNCES[:1]
    assert imap_server.unseen() == 1


def test_fetch__name_that_is_not_utf_8_stops_no_other(vendor: tuple[Path, Callable[..., int]], inbox: Inbox) -> None:
    folder, fetch = vendor
    put(folder, b"good", suffix=".csv")
    (folder / os.fsdecode(b"\xff.csv")).write_bytes(b"odd")
    assert fetch(inbox.store) == 2
    assert sorted(inbox.values()) == [b"good", b"odd"]
    assert list(folder.iterdir()) == []
