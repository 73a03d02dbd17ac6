"""SFTP and SMTP servers that fail on cue: one clear message, and once it is mended a re-run sends the rest once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.faults.disks import enlarge
from tests.hospital import Hospital, build_hospital
from tests.mail_house.cut_connection import relay_to
from tests.services.sftp import SftpServer
from tests.services.smtp import GO_AHEAD_AND_HANG_UP, HANG_UP, SmtpServer

pytestmark = pytest.mark.usefixtures("no_pauses")

RELEASE = ("release", BATCH, "--json")
MANY = 100
"""More replies than the batch has e-mails."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch that has been rendered and waits for its release."""
    hospital = build_hospital(tmp_path_factory.mktemp("built") / "home", guarantors=20, workers=1)
    call(hospital, *RUN[:-2], "--json", code=3)
    return hospital


@pytest.fixture(scope="module")
def print_files(built: Hospital, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the print files that this batch becomes."""
    untouched = built.copy_to(tmp_path_factory.mktemp("untouched") / "home")
    call(untouched, *RELEASE)
    return sorted(path.stem for path in (untouched.home / "outbox" / "print").glob("*.ctl"))


@pytest.fixture
def hospital(built: Hospital, tmp_path: Path) -> Hospital:
    return built.copy_to(tmp_path / "home")


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """The folder that the print vendor reads."""
    (tmp_path / "vendor").mkdir()
    return tmp_path / "vendor"


def over_sftp(hospital: Hospital, server: SftpServer, url: str) -> Hospital:
    return Hospital(hospital.home, {"STATEMENTS_PRINT": url, **server.environ})


def assert_a_rerun_prints_the_rest_once(hospital: Hospital, server: SftpServer, folder: Path) -> None:
    working = over_sftp(hospital, server, server.url(folder))
    for _ in range(2):
        assert call(working, *RERUN).json["state"] == "closed"
        printed = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'print'")]
        assert len(printed) > 1
        assert Counter(row["document_id"] for row in hospital.manifest_rows(folder)) == Counter(printed)
        summary = call(working, "show", BATCH, "--json").json
        assert summary["foots"] is True
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"]
    assert list(folder.glob("*.part")) == []


@pytest.mark.parametrize("percent", [20, 60, 90])
def test_sftp_drops_in_the_middle_of_a_file(
    percent: int, hospital: Hospital, vendor: Path, sftp_server: SftpServer, tmp_path: Path
) -> None:
    with relay_to(sftp_server.port) as undisturbed:
        trial = hospital.copy_to(tmp_path / "trial")
        (tmp_path / "measure").mkdir()
        url = sftp_server.url(tmp_path / "measure", port=undisturbed.port)
        call(over_sftp(trial, sftp_server, url), *RELEASE)
    with relay_to(sftp_server.port) as relay:
        relay.sent_max = undisturbed.sent * percent // 100
        dropped = over_sftp(hospital, sftp_server, sftp_server.url(vendor, port=relay.port))
        message = error_message(call(dropped, *RELEASE, code=1))
    assert f"sftp://127.0.0.1:{relay.port}" in message
    assert "statements rerun" in message
    assert_a_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


def test_sftp_disk_is_full(hospital: Hospital, small_disk: Path, sftp_server: SftpServer) -> None:
    message = error_message(call(over_sftp(hospital, sftp_server, sftp_server.url(small_disk)), *RELEASE, code=1))
    assert "is its disk full?" in message
    assert list(small_disk.glob("*.ctl")) == []
    enlarge(small_disk)
    assert_a_rerun_prints_the_rest_once(hospital, sftp_server, small_disk)


def test_sftp_host_key_is_a_strangers(hospital: Hospital, vendor: Path, sftp_server: SftpServer) -> None:
    url = sftp_server.url(vendor, host_key="SHA256:anothers")
    message = error_message(call(over_sftp(hospital, sftp_server, url), *RELEASE, code=1))
    assert "not the one that was pinned" in message
    assert "ask the vendor before you change the pin" in message
    assert list(vendor.iterdir()) == []
    assert_a_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


@pytest.mark.parametrize("suffix", ["pdf", "ctl"])
def test_sftp_refuses_the_rename(
    suffix: str, hospital: Hospital, vendor: Path, sftp_server: SftpServer, print_files: list[str]
) -> None:
    in_the_way = vendor / f"{print_files[0]}.{suffix}"
    (in_the_way / "something").mkdir(parents=True)
    message = error_message(call(over_sftp(hospital, sftp_server, sftp_server.url(vendor)), *RELEASE, code=1))
    assert print_files[0] in message
    assert [path for path in vendor.glob("*.ctl") if path.is_file()] == []
    (in_the_way / "something").rmdir()
    in_the_way.rmdir()
    assert_a_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


@pytest.mark.parametrize(
    ("stage", "reply", "says"),
    [
        pytest.param("greeting", "554 5.7.1 go away", "greeting", id="greeting-refused"),
        pytest.param("greeting", HANG_UP, "no connection", id="greeting-silent"),
        pytest.param("rcpt", "421 4.3.2 shutting down", "421 4.3.2", id="shuts-down-in-the-middle"),
        pytest.param("message", "421 4.3.2 shutting down", "421 4.3.2", id="shuts-down-after-the-message"),
    ],
)
def test_smtp__nothing_was_accepted_and_a_rerun_sends_it_once(
    stage: str, reply: str, says: str, hospital: Hospital, smtp_server: SmtpServer
) -> None:
    by_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    setattr(smtp_server.script, stage, [reply] * MANY)
    message = error_message(call(by_smtp, *RELEASE, code=1))
    assert says in message
    assert "statements rerun" in message
    counts = call(by_smtp, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts["print"] == len(hospital.manifest_rows()) > 0, "print goes out all the same"
    assert smtp_server.accepted == []
    getattr(smtp_server.script, stage).clear()
    assert_a_rerun_sends_the_rest_once(by_smtp, smtp_server)


@pytest.mark.parametrize(
    ("stage", "reply", "arrived"),
    [
        pytest.param("message", HANG_UP, True, id="after-the-message"),
        pytest.param("data", GO_AHEAD_AND_HANG_UP, False, id="in-the-message"),
    ],
)
def test_smtp_disconnects_after_data__only_that_message_waits_for_a_person(
    stage: str, reply: str, arrived: bool, hospital: Hospital, smtp_server: SmtpServer
) -> None:
    by_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    getattr(smtp_server.script, stage).append(reply)
    assert "resolve" in call(by_smtp, *RELEASE, code=3).err
    summary = call(by_smtp, "show", BATCH, "--json").json
    assert summary["counts"]["uncertain"] == 1
    assert len(smtp_server.accepted) == summary["counts"]["email"] - (not arrived) > 0
    (doubtful,) = summary["open_hand_offs"]
    assert f"smtp://127.0.0.1:{smtp_server.port}" in doubtful["evidence"]
    word = "--sent" if arrived else "--not-sent"
    call(by_smtp, "resolve", doubtful["document"], word, "--reason", "looked into its log")
    assert_a_rerun_sends_the_rest_once(by_smtp, smtp_server)


def assert_a_rerun_sends_the_rest_once(hospital: Hospital, server: SmtpServer) -> None:
    for _ in range(2):
        assert call(hospital, *RERUN).json["state"] == "closed"
        summary = call(hospital, "show", BATCH, "--json").json
        assert summary["foots"] is True
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"]
        emailed = Counter(str(message["Message-ID"]).strip("<>").partition(".")[0] for message in server.accepted)
        wanted = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'email'")]
        assert len(wanted) > 1
        assert emailed == Counter(wanted)
