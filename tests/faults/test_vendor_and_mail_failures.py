"""SFTP and SMTP servers fail: the operator gets one message, and a re-run after the repair sends the rest once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.commands import BATCH, RELEASE, RERUN, call, error_message
from tests.faults.disks import enlarge
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import Hospital
from tests.mail_house.cut_connection import relay_to
from tests.services.sftp import SftpServer
from tests.services.smtp import GO_AHEAD_AND_HANG_UP, HANG_UP, SmtpServer

pytestmark = [pytest.mark.usefixtures("no_pauses"), pytest.mark.hospital("waiting")]

MANY = 100
"""More replies than the batch has e-mails."""


@pytest.fixture(scope="module")
def print_files(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the batch's print files."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("print-files") / "home", "waiting")
    call(hospital, *RELEASE)
    return sorted(path.stem for path in (hospital.home / "outbox" / "print").glob("*.ctl"))


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """The folder from which the print vendor collects files."""
    (tmp_path / "vendor").mkdir()
    return tmp_path / "vendor"


def with_sftp(hospital: Hospital, server: SftpServer, url: str) -> Hospital:
    return Hospital(hospital.home, {"STATEMENTS_PRINT": url, **server.environ})


def assert_rerun_prints_the_rest_once(hospital: Hospital, server: SftpServer, folder: Path) -> None:
    working = with_sftp(hospital, server, server.url(folder))
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
def test_sftp_connection_lost_during_a_file__a_rerun_prints_the_rest_once(
    percent: int, hospital: Hospital, vendor: Path, sftp_server: SftpServer, tmp_path: Path
) -> None:
    with relay_to(sftp_server.port) as undisturbed:
        measured = hospital.copy_to(tmp_path / "measured")
        (tmp_path / "measured-vendor").mkdir()
        url = sftp_server.url(tmp_path / "measured-vendor", port=undisturbed.port)
        call(with_sftp(measured, sftp_server, url), *RELEASE)
    with relay_to(sftp_server.port) as relay:
        relay.sent_max = undisturbed.sent * percent // 100
        dropped = with_sftp(hospital, sftp_server, sftp_server.url(vendor, port=relay.port))
        message = error_message(call(dropped, *RELEASE, code=1))
    assert f"sftp://127.0.0.1:{relay.port}" in message
    assert "statements rerun" in message
    assert_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


def test_sftp_disk_full__a_rerun_prints_the_rest_once(
    hospital: Hospital, small_disk: Path, sftp_server: SftpServer
) -> None:
    message = error_message(call(with_sftp(hospital, sftp_server, sftp_server.url(small_disk)), *RELEASE, code=1))
    assert "check the server's disk space" in message
    assert list(small_disk.glob("*.ctl")) == []
    enlarge(small_disk)
    assert_rerun_prints_the_rest_once(hospital, sftp_server, small_disk)


def test_sftp_host_key_is_unknown__nothing_is_uploaded(
    hospital: Hospital, vendor: Path, sftp_server: SftpServer
) -> None:
    url = sftp_server.url(vendor, host_key="SHA256:another")
    message = error_message(call(with_sftp(hospital, sftp_server, url), *RELEASE, code=1))
    assert "is not the pinned one" in message
    assert "ask the vendor before you change the pin" in message
    assert list(vendor.iterdir()) == []
    assert_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


@pytest.mark.parametrize("suffix", ["pdf", "ctl"])
def test_sftp_rename_refused__a_rerun_prints_the_rest_once(
    suffix: str, hospital: Hospital, vendor: Path, sftp_server: SftpServer, print_files: list[str]
) -> None:
    obstacle = vendor / f"{print_files[0]}.{suffix}"
    (obstacle / "something").mkdir(parents=True)
    message = error_message(call(with_sftp(hospital, sftp_server, sftp_server.url(vendor)), *RELEASE, code=1))
    assert print_files[0] in message
    assert [path for path in vendor.glob("*.ctl") if path.is_file()] == []
    (obstacle / "something").rmdir()
    obstacle.rmdir()
    assert_rerun_prints_the_rest_once(hospital, sftp_server, vendor)


@pytest.mark.parametrize(
    ("stage", "reply", "part"),
    [
        pytest.param("greeting", "554 5.7.1 go away", "greeting", id="greeting-refused"),
        pytest.param("greeting", HANG_UP, "no connection", id="greeting-silent"),
        pytest.param("rcpt", "421 4.3.2 shutting down", "421 4.3.2", id="shuts-down-during-a-message"),
        pytest.param("message", "421 4.3.2 shutting down", "421 4.3.2", id="shuts-down-after-the-message"),
    ],
)
def test_smtp_failure__nothing_is_accepted_and_a_rerun_sends_it_once(
    stage: str, reply: str, part: str, hospital: Hospital, smtp_server: SmtpServer
) -> None:
    with_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    setattr(smtp_server.script, stage, [reply] * MANY)
    message = error_message(call(with_smtp, *RELEASE, code=1))
    assert part in message
    assert "statements rerun" in message
    counts = call(with_smtp, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts["print"] == len(hospital.manifest_rows()) > 0, (
        "print files are sent regardless"
    )
    assert smtp_server.accepted == []
    getattr(smtp_server.script, stage).clear()
    assert_rerun_sends_the_rest_once(with_smtp, smtp_server)


@pytest.mark.parametrize(
    ("stage", "reply", "arrived"),
    [
        pytest.param("message", HANG_UP, True, id="after-the-message"),
        pytest.param("data", GO_AHEAD_AND_HANG_UP, False, id="during-the-message"),
    ],
)
def test_smtp_disconnects_after_data__only_that_message_is_uncertain(
    stage: str, reply: str, arrived: bool, hospital: Hospital, smtp_server: SmtpServer
) -> None:
    with_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    getattr(smtp_server.script, stage).append(reply)
    assert "resolve" in call(with_smtp, *RELEASE, code=3).err
    summary = call(with_smtp, "show", BATCH, "--json").json
    assert summary["counts"]["uncertain"] == 1
    assert len(smtp_server.accepted) == summary["counts"]["email"] - (not arrived) > 0
    (uncertain,) = summary["open_hand_offs"]
    assert f"smtp://127.0.0.1:{smtp_server.port}" in uncertain["evidence"]
    verdict = "--sent" if arrived else "--not-sent"
    call(with_smtp, "resolve", uncertain["document"], verdict, "--reason", "read its log")
    assert_rerun_sends_the_rest_once(with_smtp, smtp_server)


def assert_rerun_sends_the_rest_once(hospital: Hospital, server: SmtpServer) -> None:
    for _ in range(2):
        assert call(hospital, *RERUN).json["state"] == "closed"
        summary = call(hospital, "show", BATCH, "--json").json
        assert summary["foots"] is True
        assert summary["counts"]["handed_off"] == summary["counts"]["rendered"]
        emailed = Counter(str(message["Message-ID"]).strip("<>").partition(".")[0] for message in server.accepted)
        expected = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'email'")]
        assert len(expected) > 1
        assert emailed == Counter(expected)


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        pytest.param("rcpt", "554 5.7.1 <reader@mail.example>: Relay access denied", id="relay-denied"),
        pytest.param(
            "message", "550 5.7.26 This mail has been blocked because the sender is unauthenticated", id="dmarc"
        ),
        pytest.param("message", "552 5.3.4 message too large", id="too-large"),
        pytest.param("rcpt", "550 blocked using zen.spamhaus.org", id="blocked-address"),
    ],
)
def test_smtp_refuses_us__stops_after_a_few_and_prints_none(
    stage: str, reply: str, hospital: Hospital, smtp_server: SmtpServer
) -> None:
    with_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    replies = [reply] * MANY
    setattr(smtp_server.script, stage, replies)
    message = error_message(call(with_smtp, *RELEASE, code=1))
    assert "because of the sender" in message
    assert MANY - len(replies) <= 3, "the server is asked no more often"
    assert hospital.ledger("SELECT count(*) FROM document WHERE channel = 'email' AND state = 'rendered'") != [(0,)]
    assert hospital.ledger("SELECT * FROM event WHERE what = 'channel print'") == []
    assert hospital.ledger("SELECT * FROM suppression") == []
    replies.clear()
    assert_rerun_sends_the_rest_once(with_smtp, smtp_server)


def test_smtp_refuses_one_because_of_us__it_is_printed_without_a_stop(
    hospital: Hospital, smtp_server: SmtpServer
) -> None:
    with_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    smtp_server.script.rcpt.append("550 5.7.1 not accepted by our policy")
    call(with_smtp, *RELEASE, code=None)
    ((document,),) = hospital.ledger("SELECT subject FROM event WHERE what = 'channel print'")
    assert document in {row["document_id"] for row in hospital.manifest_rows()}
    assert hospital.ledger("SELECT * FROM suppression") == []


def test_smtp_refuses_everybody_without_a_reason__prints_none(hospital: Hospital, smtp_server: SmtpServer) -> None:
    with_smtp = Hospital(hospital.home, {"STATEMENTS_EMAIL": smtp_server.url})
    smtp_server.script.rcpt = ["550 no"] * MANY
    message = error_message(call(with_smtp, *RELEASE, code=1))
    assert "in a row" in message
    assert hospital.ledger("SELECT * FROM event WHERE what = 'channel print'") == []
    smtp_server.script.rcpt.clear()
    assert_rerun_sends_the_rest_once(with_smtp, smtp_server)
