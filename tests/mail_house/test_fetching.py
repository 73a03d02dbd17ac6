"""Answers and bounces are fetched from real servers: each once, none lost, whoever dies or writes in the middle."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mail_house.errors import HandOffError, Misconfigured, Retryable
from mail_house.inbound import fetch_bounces, fetch_vendor_reports
from tests.services.imap import ImapServer
from tests.services.processes import free_port
from tests.services.sftp import SftpServer

BOUNCES = [
    f"From: MAILER-DAEMON@mx.example.org\r\nSubject: bounce {n}\r\n\r\n.body {n}\r\n".encode() for n in (1, 2, 3)
]


class Died(BaseException):
    """Stands in for SIGKILL: no code of ours catches it."""


class Box(dict[str, bytes]):
    """What was kept. Dies just before, or just after, it has kept the nth."""

    dies_before = 0
    dies_after = 0

    def store(self, name: str, data: bytes) -> None:
        if self.dies_before == len(self) + 1:
            raise Died
        assert "/" not in name
        self[name] = data
        if self.dies_after == len(self):
            raise Died


@pytest.fixture
def box() -> Box:
    return Box()


def put(folder: Path, *messages: bytes, suffix: str = ".eml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages, start=1):
        (folder / f"{number}{suffix}").write_bytes(message)
    return folder


# Each way: how to fill the place, and how to collect from it.
Place = tuple[Callable[..., None], Callable[[Box], int]]


@pytest.fixture(params=["imap", "maildir", "folder", "sftp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "imap":
        imap: ImapServer = request.getfixturevalue("imap_server")
        return imap.deliver, lambda box: fetch_bounces(imap.url(), environ=imap.environ, store=box.store)
    if request.param == "sftp":
        sftp: SftpServer = request.getfixturevalue("sftp_server")
        url = sftp.url(put(tmp_path / "answers"))
        fill = lambda *messages: put(tmp_path / "answers", *messages, suffix=".csv")  # noqa: E731
        return fill, lambda box: fetch_vendor_reports(url, environ=sftp.environ, store=box.store)
    folder = tmp_path / "mail"
    for part in ("new", "cur", "tmp") if request.param == "maildir" else ():
        (folder / part).mkdir(parents=True)
    into = folder / "new" if request.param == "maildir" else put(folder)
    suffix = ".mx.example" if request.param == "maildir" else ".eml"
    return (
        lambda *messages: put(into, *messages, suffix=suffix),
        lambda box: fetch_bounces(f"file://{folder}", environ={}, store=box.store),
    )


def test_collect__everything_once_byte_for_byte(place: Place, box: Box) -> None:
    fill, collect = place
    assert collect(box) == 0
    fill(*BOUNCES)
    assert collect(box) == len(BOUNCES)
    assert sorted(box.values()) == sorted(BOUNCES)
    assert collect(box) == 0


@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_killed_before_it_is_taken_away__is_fetched_again_and_nothing_is_lost(
    place: Place, box: Box, moment: str
) -> None:
    fill, collect = place
    fill(*BOUNCES)
    setattr(box, moment, 2)
    with pytest.raises(Died):
        collect(box)
    assert len(box) == (1 if moment == "dies_before" else 2)
    again = Box()
    assert collect(again) == 2, "what was taken away already came a second time, or what was not did not come"
    assert set(box.values()) | set(again.values()) == set(BOUNCES)
    assert collect(Box()) == 0


def test_inbox_that_takes_nothing__says_so_and_leaves_it_there(place: Place, box: Box) -> None:
    fill, collect = place
    fill(*BOUNCES)

    def refuse(_name: str, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    full = Box()
    full.store = refuse  # type: ignore[method-assign]
    with pytest.raises(Misconfigured, match=r"cannot be kept in the inbox \(No space left on device\): it stays"):
        collect(full)
    assert collect(box) == len(BOUNCES)


def test_imap__marks_as_seen_and_deletes_nothing(imap_server: ImapServer, box: Box) -> None:
    imap_server.deliver(*BOUNCES, folder="Bounces")
    imap_server.deliver(b"Subject: for the clerk\r\n\r\nhello\r\n")
    assert fetch_bounces(imap_server.url("Bounces"), environ=imap_server.environ, store=box.store) == 3
    assert (imap_server.unseen("Bounces"), imap_server.total("Bounces")) == (0, 3)
    assert imap_server.unseen() == 1, "another folder of the mailbox was read"
    assert all(name.startswith("Bounces-") and name.endswith(".eml") for name in box)


def test_imap__message_that_vanishes_in_the_middle_costs_no_other(imap_server: ImapServer) -> None:
    imap_server.deliver(*BOUNCES)
    box = Box()

    def store(name: str, data: bytes) -> None:
        if not box:
            with imap_server.open() as clerk:
                clerk.delete(clerk.uids()[-1:])
        box[name] = data

    assert fetch_bounces(imap_server.url(), environ=imap_server.environ, store=store) == 2
    assert sorted(box.values()) == sorted(BOUNCES[:2])


IMAP_TROUBLE = [
    pytest.param({"password": "wrong"}, Misconfigured, "login was refused: check STATEMENTS_IMAP_USER", id="password"),
    pytest.param({"folder": "Nowhere"}, Misconfigured, "/Nowhere: there is no such folder", id="folder"),
    pytest.param({"trust": "nobody"}, Misconfigured, "certificate does not prove that it is 127.0.0.1", id="stranger"),
    pytest.param({"port": "closed"}, Retryable, "cannot be read", id="nobody-there"),
]


@pytest.mark.parametrize(("wrong", "outcome", "says"), IMAP_TROUBLE)
def test_imap__trouble_is_said_in_one_sentence(
    imap_server: ImapServer,
    box: Box,
    wrong: dict[str, str],
    outcome: type[HandOffError],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imap_server.deliver(*BOUNCES)
    if wrong.get("trust"):
        monkeypatch.delenv("SSL_CERT_FILE")
    url = imap_server.url(wrong.get("folder", "INBOX"))
    if wrong.get("port"):
        url = url.replace(str(imap_server.port), str(free_port()))
    environ = imap_server.environ | {"STATEMENTS_IMAP_PASSWORD": wrong.get("password", "right")}
    with pytest.raises(outcome, match=says) as caught:
        fetch_bounces(url, environ=environ, store=box.store)
    assert "right" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert box == {}
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_server.certificate))
    assert imap_server.unseen() == len(BOUNCES)


def test_imap__connection_that_ends_in_the_middle__the_rest_comes_next_time(imap_server: ImapServer) -> None:
    imap_server.deliver(*BOUNCES)
    box = Box()

    def store(name: str, data: bytes) -> None:
        box[name] = data
        if len(box) == 2:
            imap_server.kick()

    with pytest.raises(Retryable, match="the mailbox cannot be read"):
        fetch_bounces(imap_server.url(), environ=imap_server.environ, store=store)
    again = Box()
    assert fetch_bounces(imap_server.url(), environ=imap_server.environ, store=again.store) == 2
    assert set(box.values()) | set(again.values()) == set(BOUNCES)


def test_maildir__what_a_mail_program_moved_but_nobody_saw_is_fetched_too(tmp_path: Path, box: Box) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "cur" / "1.mx:2,F").write_bytes(BOUNCES[0])
    (tmp_path / "cur" / "2.mx:2,RS").write_bytes(BOUNCES[1])
    (tmp_path / "tmp" / "3.mx").write_bytes(BOUNCES[2][:20])
    assert fetch_bounces(f"file://{tmp_path}", environ={}, store=box.store) == 1
    assert box == {"1.mx.eml": BOUNCES[0]}
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["1.mx:2,FS", "2.mx:2,RS"]


@pytest.mark.parametrize("way", ["folder", "sftp"])
def test_file_that_somebody_is_still_writing__is_left_for_the_next_time(
    way: str, sftp_server: SftpServer, tmp_path: Path, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "answers", b"whole\r\n", b"begun\r\n", suffix=".csv")
    put(folder, b"under another name", suffix=".csv.part")
    os.utime(folder / "2.csv", (1_700_000_000, 1_700_000_000))
    url = sftp_server.url(folder) if way == "sftp" else f"file://{folder}"

    _write_on_while_it_is_read(folder / "2.csv", monkeypatch)
    assert fetch_vendor_reports(url, environ=sftp_server.environ, store=box.store) == 1
    assert box == {"1.csv": b"whole\r\n"}
    monkeypatch.undo()
    assert fetch_vendor_reports(url, environ=sftp_server.environ, store=box.store) == 1
    assert box["2.csv"] == b"begun\r\nand finished\r\n"
    assert [path.name for path in folder.iterdir()] == ["1.csv.part"]


def _write_on_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads this file, here or over SFTP, has a writer who goes on right after."""
    import paramiko

    read_local, read_remote = Path.read_bytes, paramiko.SFTPFile.read
    begun = path.read_bytes()

    def write_on(data: bytes) -> bytes:
        if data == begun:
            with path.open("ab") as writer:
                writer.write(b"and finished\r\n")
        return data

    monkeypatch.setattr(Path, "read_bytes", lambda self: write_on(read_local(self)))
    monkeypatch.setattr(paramiko.SFTPFile, "read", lambda self, size=None: write_on(read_remote(self, size)))


def test_folder__mailbox_of_messages_leaves_other_files_alone(tmp_path: Path, box: Box) -> None:
    put(tmp_path, BOUNCES[0], suffix=".EML")
    put(tmp_path, b"not a message", suffix=".txt")
    assert fetch_bounces(f"file://{tmp_path}", environ={}, store=box.store) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["1.txt"]


@pytest.mark.parametrize("way", ["folder", "sftp"])
def test_folder_that_is_not_there__is_for_the_set_up(
    way: str, sftp_server: SftpServer, tmp_path: Path, box: Box
) -> None:
    url = sftp_server.url(tmp_path / "none") if way == "sftp" else f"file://{tmp_path}/none"
    with pytest.raises(Misconfigured, match=r"/none( is not there|: check the path)"):
        fetch_vendor_reports(url, environ=sftp_server.environ, store=box.store)


@pytest.mark.parametrize(
    ("collect", "url", "says"),
    [
        pytest.param(fetch_vendor_reports, "ftp://host/folder", "use file: or sftp:", id="answers"),
        pytest.param(fetch_bounces, "pop3://host", "use file: or imaps:", id="bounces"),
        pytest.param(fetch_bounces, "imaps://host/INBOX", "STATEMENTS_IMAP_USER", id="no-login"),
        pytest.param(fetch_bounces, "imaps://host/INBOX?x=1", "'x' is no option", id="option"),
    ],
)
def test_address_that_is_none__says_what_one_looks_like(
    collect: Callable[..., int], url: str, says: str, box: Box
) -> None:
    with pytest.raises(ValueError, match=says):
        collect(url, environ={}, store=box.store)
