"""Hand-offs that fail midway: refused, deferred, or with an unknown outcome."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.commands import BATCH
from tests.hospital import AS_OF, SERVER_DOWN, Hospital
from tests.services.smtp import HANG_UP, SmtpServer

MANY = 100
"""More replies than the batch has e-mails."""
pytestmark = pytest.mark.hospital("waiting", guarantors=40)


@pytest.fixture
def hospital(hospital: Hospital, smtp_server: SmtpServer) -> Hospital:
    return Hospital(hospital.home, environ={"STATEMENTS_EMAIL": smtp_server.url})


def emailed(server: SmtpServer) -> Counter[str]:
    """The document ids of the accepted messages."""
    return Counter(str(message["Message-ID"]).strip("<>").partition(".")[0] for message in server.accepted)


@pytest.mark.hospital("waiting", guarantors=30)
def test_refused_address__document_is_printed(hospital: Hospital, smtp_server: SmtpServer) -> None:
    before = hospital.statements("show", BATCH, "--json").json["counts"]
    assert 0 < before["email"] < 5, "more in a row would stop the sending"
    smtp_server.script.rcpt = ["550 5.1.1 no such mailbox"] * MANY
    hospital.statements("release", BATCH)
    after = hospital.statements("show", BATCH, "--json").json
    assert after["state"] == "closed"
    assert smtp_server.accepted == []
    assert after["counts"]["email"] == 0
    assert after["counts"]["print"] == before["print"] + before["email"] == len(hospital.manifest_rows())
    assert after["foots"] is True


def test_server_defers_everything__rerun_retries(hospital: Hospital, smtp_server: SmtpServer) -> None:
    smtp_server.script.mail = ["451 4.3.0 try again later"] * MANY
    answer = hospital.statements("release", BATCH, code=1)
    assert "451" in answer.err
    assert "Traceback" not in answer.err
    smtp_server.script.mail.clear()
    hospital.statements("rerun", BATCH, "--release")
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert set(emailed(smtp_server).values()) == {1}
    assert len(smtp_server.accepted) == summary["counts"]["email"]


@pytest.mark.parametrize("stage", ["greeting", "mail", "rcpt", "message"])
def test_server_briefly_busy__one_run_sends_everything(hospital: Hospital, smtp_server: SmtpServer, stage: str) -> None:
    setattr(smtp_server.script, stage, ["421 4.3.2 too busy", "451 4.3.0 try again later"])
    hospital.statements("release", BATCH)
    summary = hospital.statements("show", BATCH, "--json").json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert set(emailed(smtp_server).values()) == {1}
    assert len(smtp_server.accepted) == summary["counts"]["email"] > 1


@pytest.mark.parametrize("sent", [True, False], ids=["was-sent", "was-not-sent"])
def test_connection_lost_after_the_message__operator_resolves_it(
    hospital: Hospital, smtp_server: SmtpServer, sent: bool
) -> None:
    smtp_server.script.message = [HANG_UP] * MANY
    answer = hospital.statements("release", BATCH, code=3)
    assert "resolve" in answer.err
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["counts"]["uncertain"] == len(summary["open_hand_offs"]) > 0
    assert all(row["evidence"] for row in summary["open_hand_offs"])

    hospital.statements("rerun", BATCH, "--release", code=3)
    assert hospital.statements("show", BATCH, "--json").json["counts"] == summary["counts"], (
        "a rerun repeated an uncertain attempt"
    )

    smtp_server.script.message.clear()
    smtp_server.accepted.clear()
    option = "--sent" if sent else "--not-sent"
    for row in summary["open_hand_offs"]:
        hospital.statements("resolve", row["document"], option, "--reason", "asked the mail administrator")
    hospital.statements("rerun", BATCH, "--release")
    closed = hospital.statements("show", BATCH, "--json").json
    assert closed["state"] == "closed"
    assert closed["counts"]["handed_off"] == closed["counts"]["rendered"]
    expected = {} if sent else {row["document"]: 1 for row in summary["open_hand_offs"]}
    assert emailed(smtp_server) == expected


def test_hold_placed_while_a_print_file_is_stuck__withholds_the_piece(hospital: Hospital) -> None:
    answer = Hospital(hospital.home, SERVER_DOWN["print"]).statements("release", BATCH, code=1)
    assert "Traceback" not in answer.err
    assert {row[0] for row in hospital.ledger("SELECT state FROM print_file")} == {"claimed"}

    guarantor, document = hospital.ledger(
        "SELECT guarantor_id, document_id FROM document WHERE state = 'rendered' AND channel = 'print' LIMIT 1"
    )[0]
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('LATE', ?, 'BANKR_STAY', ?)",
        guarantor,
        AS_OF.isoformat(),
    )
    hospital.statements("rerun", BATCH, "--release")
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert summary["counts"]["withheld"] == 1
    assert summary["holds"]["BANKR_STAY"] >= 1
    assert document not in {row["document_id"] for row in hospital.manifest_rows()}
    assert len(hospital.manifest_rows()) == summary["counts"]["print"] - 1
