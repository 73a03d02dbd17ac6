"""SFTP failures: wrong host keys, refused logins, and a connection lost at any moment."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import msgspec
import pysequoia
import pytest

from mail_house.errors import Misconfigured, Retryable, UnknownOutcome
from mail_house.print_files.control import read_control
from mail_house.vendors import PrintVendor, open_print_vendor
from tests.mail_house.cut_connection import Relay, relay_to
from tests.mail_house.pieces import make_print_file
from tests.services.processes import free_port
from tests.services.sftp import SftpServer

FILE = make_print_file(pages=(1, 2))


def test_wrong_host_key__sends_nothing_and_shows_the_servers_key(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path, host_key="SHA256:stranger"), environ=sftp_server.environ)
    with pytest.raises(Misconfigured, match="is not the pinned one") as caught:
        vendor.prepare(FILE)
    assert sftp_server.host_key in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_two_pinned_keys__either_is_accepted(sftp_server: SftpServer, tmp_path: Path) -> None:
    url = sftp_server.url(tmp_path) + "&host_key=SHA256:the-vendors-next-key"
    open_print_vendor(url, environ=sftp_server.environ).check()


def test_unknown_client_key__is_misconfigured(sftp_server: SftpServer, tmp_path: Path) -> None:
    unknown_key = tmp_path / "unknown"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(unknown_key)], check=True)
    vendor = open_print_vendor(sftp_server.url(tmp_path), environ={"STATEMENTS_SFTP_KEY": str(unknown_key)})
    with pytest.raises(Misconfigured, match="login was refused"):
        vendor.check()


def test_key_with_passphrase__uses_the_password(sftp_server: SftpServer, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_bytes(sftp_server.key_file.read_bytes())
    locked.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "passphrase", "-f", str(locked)], check=True)
    environ = {"STATEMENTS_SFTP_KEY": str(locked)}
    open_print_vendor(sftp_server.url(tmp_path), environ=environ | {"STATEMENTS_SFTP_PASSWORD": "passphrase"}).check()
    with pytest.raises(Misconfigured, match="cannot be read"):
        open_print_vendor(sftp_server.url(tmp_path), environ=environ).check()


def test_key_file_missing__is_misconfigured(sftp_server: SftpServer, tmp_path: Path) -> None:
    environ = {"STATEMENTS_SFTP_KEY": str(tmp_path / "none")}
    with pytest.raises(Misconfigured, match="STATEMENTS_SFTP_KEY names cannot be read"):
        open_print_vendor(sftp_server.url(tmp_path), environ=environ).check()


def test_folder_missing__is_misconfigured(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path / "none"), environ=sftp_server.environ)
    with pytest.raises(Misconfigured, match="has no such folder"):
        vendor.prepare(FILE)


def test_rename_refused__is_retryable(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path), environ=sftp_server.environ)
    (tmp_path / f"{FILE.name}.pdf" / "in-the-way").mkdir(parents=True)
    with pytest.raises(Retryable, match="the server refused"):
        vendor.prepare(FILE)


def test_no_connection__is_retryable(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path, port=free_port()), environ=sftp_server.environ)
    with pytest.raises(Retryable, match="no connection"):
        vendor.check()


def test_find__while_the_vendor_collects(sftp_server: SftpServer, tmp_path: Path) -> None:
    vendor = open_print_vendor(sftp_server.url(tmp_path) + "&collects=yes", environ=sftp_server.environ)
    vendor.prepare(FILE)
    receipt = vendor.commit(FILE)
    (tmp_path / f"{FILE.name}.pdf").unlink()
    assert vendor.find(FILE.name, sha256=FILE.sha256) == receipt
    (tmp_path / f"{FILE.name}.csv").unlink()
    (tmp_path / f"{FILE.name}.ctl").unlink()
    assert vendor.find(FILE.name, sha256=FILE.sha256) is None
    assert vendor.collects, "tells the caller that None proves nothing"


def measure_hand_over(server: SftpServer, folder: Path) -> tuple[Relay, Relay]:
    """Measure the bytes that an undisturbed prepare and commit send and receive."""
    folder.mkdir()
    with relay_to(server.port) as preparing:
        open_print_vendor(server.url(folder, port=preparing.port), environ=server.environ).prepare(FILE)
    with relay_to(server.port) as committing:
        open_print_vendor(server.url(folder, port=committing.port), environ=server.environ).commit(FILE)
    return preparing, committing


@pytest.mark.parametrize("percent", [10, 50, 80, 95])
@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_connection_lost_in_prepare__is_retryable(
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
def test_connection_lost_in_commit__outcome_is_always_true(
    direction: str, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """Cut every 40 bytes, which is less than one SFTP packet, so that every moment around the rename is covered."""
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
        direct(sftp_server, folder).commit(FILE)  # the rerun must not fail or hand over twice
        assert (folder / f"{FILE.name}.ctl").read_bytes() == FILE.control
    assert ("Retryable", True) not in seen, "reported as not handed over, but it was"
    assert ("Receipt", False) not in seen, "reported as handed over, but it was not"
    assert ("UnknownOutcome", direction == "answered") in seen, "no cut hit the uncertain moment"


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


LARGE = msgspec.structs.replace(FILE, pdf=random.Random(1).randbytes(1_500_000))
"""Random bytes, which cannot be compressed on the connection."""


def test_upload_interrupted__next_run_completes_it(sftp_server: SftpServer, tmp_path: Path) -> None:
    with relay_to(sftp_server.port) as relay:
        relay.sent_max = 1_200_000
        with pytest.raises(Retryable, match="nothing was handed over"):
            open_print_vendor(sftp_server.url(tmp_path, port=relay.port), environ=sftp_server.environ).prepare(LARGE)
    assert [path.name for path in tmp_path.iterdir()] == [f"{LARGE.name}.pdf.part"]
    kept = (tmp_path / f"{LARGE.name}.pdf.part").read_bytes()
    assert len(kept) < len(LARGE.pdf)
    assert LARGE.pdf.startswith(kept), "the leftover must be resumable"
    direct(sftp_server, tmp_path).prepare(LARGE)
    assert (tmp_path / f"{LARGE.name}.pdf").read_bytes() == LARGE.pdf


def test_partial_upload__sends_only_the_rest(sftp_server: SftpServer, tmp_path: Path) -> None:
    (tmp_path / f"{LARGE.name}.pdf.part").write_bytes(LARGE.pdf[:1_000_000])
    with relay_to(sftp_server.port) as relay:
        open_print_vendor(sftp_server.url(tmp_path, port=relay.port), environ=sftp_server.environ).prepare(LARGE)
        assert relay.sent < 800_000
    assert (tmp_path / f"{LARGE.name}.pdf").read_bytes() == LARGE.pdf


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(LARGE.pdf[:500_000] + b"another build" * 9, id="different-end"),
        pytest.param(b"another build" + LARGE.pdf[13:500_000], id="different-start"),
        pytest.param(LARGE.pdf + b"more", id="longer"),
        pytest.param(b"", id="empty"),
    ],
)
def test_leftover_of_another_file__is_replaced(left: bytes, sftp_server: SftpServer, tmp_path: Path) -> None:
    (tmp_path / f"{LARGE.name}.pdf.part").write_bytes(left)
    direct(sftp_server, tmp_path).prepare(LARGE)
    assert (tmp_path / f"{LARGE.name}.pdf").read_bytes() == LARGE.pdf


@pytest.fixture(scope="module")
def vendor_key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(user_id="print vendor <in@vendor.example>")


def encrypted_url(server: SftpServer, folder: Path, key: pysequoia.Tsk) -> str:
    public = folder.parent / "vendor.asc"
    public.write_text(str(key.extract_certificate()))
    return f"{server.url(folder)}&pgp_key={public}"


def test_pgp__only_the_vendor_can_decrypt(sftp_server: SftpServer, tmp_path: Path, vendor_key: pysequoia.Tsk) -> None:
    folder = tmp_path / "vendor"
    folder.mkdir()
    vendor = open_print_vendor(encrypted_url(sftp_server, folder, vendor_key), environ=sftp_server.environ)
    vendor.prepare(FILE)
    receipt = vendor.commit(FILE)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{FILE.name}.csv.pgp",
        f"{FILE.name}.ctl",
        f"{FILE.name}.pdf.pgp",
    ]
    for suffix, plain in (("pdf", FILE.pdf), ("csv", FILE.manifest)):
        encrypted = (folder / f"{FILE.name}.{suffix}.pgp").read_bytes()
        assert b"NUNEZ" not in encrypted
        assert pysequoia.decrypt(encrypted, decryptor=vendor_key.decryptor()).bytes == plain
    control = read_control((folder / f"{FILE.name}.ctl").read_bytes())
    assert (control.pdf.sha256, control.records) == (FILE.sha256, 2)
    assert [(facts.file, facts.bytes) for facts in control.sealed] == [
        (path.name, path.stat().st_size) for path in (folder / f"{FILE.name}.pdf.pgp", folder / f"{FILE.name}.csv.pgp")
    ]
    again = open_print_vendor(encrypted_url(sftp_server, folder, vendor_key), environ=sftp_server.environ)
    assert again.find(FILE.name, sha256=FILE.sha256) == again.commit(FILE) == receipt


def test_pgp__killed_after_upload__uploads_again_before_the_control_file(
    sftp_server: SftpServer, tmp_path: Path, vendor_key: pysequoia.Tsk
) -> None:
    folder = tmp_path / "vendor"
    folder.mkdir()
    url = encrypted_url(sftp_server, folder, vendor_key)
    open_print_vendor(url, environ=sftp_server.environ).prepare(FILE)
    later = open_print_vendor(url, environ=sftp_server.environ)
    assert later.find(FILE.name, sha256=FILE.sha256) is None
    with pytest.raises(Retryable, match="upload it again"):
        later.commit(FILE)
    later.prepare(FILE)
    later.commit(FILE)
    assert later.find(FILE.name, sha256=FILE.sha256) is not None
    (folder / f"{FILE.name}.pdf.pgp").write_bytes(b"damaged")
    with pytest.raises(UnknownOutcome, match="differs from the file that was handed over"):
        later.find(FILE.name, sha256=FILE.sha256)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [pytest.param(None, "cannot be read", id="missing"), pytest.param("hello", "current key", id="not-a-key")],
)
def test_pgp__unusable_key_is_refused(
    content: str | None, complaint: str, sftp_server: SftpServer, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "vendor.asc").write_text(content)
    with pytest.raises(ValueError, match=complaint):
        open_print_vendor(f"{sftp_server.url(tmp_path)}&pgp_key={tmp_path / 'vendor.asc'}", environ=sftp_server.environ)
