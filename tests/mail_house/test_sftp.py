"""SFTP when it goes wrong: strangers, locked doors, and a connection cut at any moment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mail_house.errors import Misconfigured, Retryable, UnknownOutcome
from mail_house.vendors import PrintVendor, open_print_vendor
from tests.mail_house.cut_connection import Relay, relay_to
from tests.mail_house.pieces import make_print_file
from tests.services.processes import free_port
from tests.services.sftp import SftpServer

FILE = make_print_file(pages=(1, 2))


def test_wrong_host_key__nothing_is_sent_and_the_message_shows_the_one_met(
    sftp_server: SftpServer, tmp_path: Path
) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path, host_key="SHA256:stranger"), environ=sftp_server.environ)
    with pytest.raises(Misconfigured, match="not the one that was pinned") as caught:
        vendor.prepare(FILE)
    assert sftp_server.host_key in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_second_pin__either_key_will_do(sftp_server: SftpServer, tmp_path: Path) -> None:
    url = sftp_server.url(tmp_path) + "&host_key=SHA256:the-vendors-next-key"
    open_print_vendor(url, environ=sftp_server.environ).check()


def test_unknown_client_key__is_for_the_set_up(sftp_server: SftpServer, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    vendor = open_print_vendor(sftp_server.url(tmp_path), environ={"STATEMENTS_SFTP_KEY": str(stranger)})
    with pytest.raises(Misconfigured, match="login was refused"):
        vendor.check()


def test_key_with_passphrase__is_unlocked_by_the_password(sftp_server: SftpServer, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_bytes(sftp_server.key_file.read_bytes())
    locked.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "passphrase", "-f", str(locked)], check=True)
    environ = {"STATEMENTS_SFTP_KEY": str(locked)}
    open_print_vendor(sftp_server.url(tmp_path), environ=environ | {"STATEMENTS_SFTP_PASSWORD": "passphrase"}).check()
    with pytest.raises(Misconfigured, match="cannot be read"):
        open_print_vendor(sftp_server.url(tmp_path), environ=environ).check()


def test_key_file_missing__is_for_the_set_up(sftp_server: SftpServer, tmp_path: Path) -> None:
    environ = {"STATEMENTS_SFTP_KEY": str(tmp_path / "none")}
    with pytest.raises(Misconfigured, match="STATEMENTS_SFTP_KEY names cannot be read"):
        open_print_vendor(sftp_server.url(tmp_path), environ=environ).check()


def test_folder_missing__is_for_the_set_up(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path / "none"), environ=sftp_server.environ)
    with pytest.raises(Misconfigured, match="knows no such folder"):
        vendor.prepare(FILE)


def test_rename_refused__nothing_was_handed_over(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path), environ=sftp_server.environ)
    (tmp_path / f"{FILE.name}.pdf" / "in-the-way").mkdir(parents=True)
    with pytest.raises(Retryable, match="the server refused"):
        vendor.prepare(FILE)


def test_nobody_answers__may_be_tried_again(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path, port=free_port()), environ=sftp_server.environ)
    with pytest.raises(Retryable, match="no connection"):
        vendor.check()


def test_find__vendor_is_collecting(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path) + "&collects=yes", environ=sftp_server.environ)
    vendor.prepare(FILE)
    receipt = vendor.commit(FILE)
    (tmp_path / f"{FILE.name}.pdf").unlink()
    assert vendor.find(FILE.name, sha256=FILE.sha256) == receipt
    (tmp_path / f"{FILE.name}.csv").unlink()
    (tmp_path / f"{FILE.name}.ctl").unlink()
    assert vendor.find(FILE.name, sha256=FILE.sha256) is None
    assert vendor.collects, "the caller must know that this None proves nothing"


def measure_hand_over(server: SftpServer, folder: Path) -> tuple[Relay, Relay]:
    """What an undisturbed prepare, and commit, send and get: the moments that can be cut."""
    folder.mkdir()
    with relay_to(server.port) as preparing:
        open_print_vendor(server.url(folder, port=preparing.port), environ=server.environ).prepare(FILE)
    with relay_to(server.port) as committing:
        open_print_vendor(server.url(folder, port=committing.port), environ=server.environ).commit(FILE)
    return preparing, committing


@pytest.mark.parametrize("percent", [10, 50, 80, 95])
@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_cut_while_preparing__nothing_was_handed_over(
    direction: str, percent: int, sftp_server: SftpServer, tmp_path: Path
) -> None:
    undisturbed, _ = measure_hand_over(sftp_server, tmp_path / "measure")
    folder = tmp_path / "vendor"
    folder.mkdir()
    with relay_to(sftp_server.port) as relay:
        setattr(relay, f"{direction}_max", getattr(undisturbed, direction) * percent // 100)
        vendor = open_print_vendor(sftp_server.url(folder, port=relay.port), environ=sftp_server.environ)
        with pytest.raises(Retryable):
            vendor.prepare(FILE)
    assert direct(sftp_server, folder).find(FILE.name, sha256=FILE.sha256) is None
    direct(sftp_server, folder).prepare(FILE)
    assert (folder / f"{FILE.name}.pdf").read_bytes() == FILE.pdf


@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_cut_while_committing__the_outcome_never_lies(direction: str, sftp_server: SftpServer, tmp_path: Path) -> None:
    """Every 40 bytes from the end, which is finer than one SFTP packet: each moment around the rename is met."""
    _, undisturbed = measure_hand_over(sftp_server, tmp_path / "measure")
    total = getattr(undisturbed, direction)
    seen: set[tuple[str, bool]] = set()
    for cut in range(total - 480, total, 40):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        direct(sftp_server, folder).prepare(FILE)
        outcome = commit_through_cut(sftp_server, folder, direction, cut)
        found = direct(sftp_server, folder).find(FILE.name, sha256=FILE.sha256) is not None
        seen.add((outcome, found))
        direct(sftp_server, folder).commit(FILE)  # the re-run, which must never fail or double
        assert (folder / f"{FILE.name}.ctl").read_bytes() == FILE.control
    assert ("Retryable", True) not in seen, "said that nothing was handed over, and it was"
    assert ("Receipt", False) not in seen, "said that it was handed over, and it was not"
    assert ("UnknownOutcome", direction == "answered") in seen, "the doubtful moment was never met"


def commit_through_cut(server: SftpServer, folder: Path, direction: str, cut: int) -> str:
    with relay_to(server.port) as relay:
        setattr(relay, f"{direction}_max", cut)
        try:
            open_print_vendor(server.url(folder, port=relay.port), environ=server.environ).commit(FILE)
        except (Retryable, UnknownOutcome) as outcome:
            return type(outcome).__name__
    return "Receipt"


def direct(server: SftpServer, folder: Path) -> PrintVendor:
    return open_print_vendor(server.url(folder), environ=server.environ)
