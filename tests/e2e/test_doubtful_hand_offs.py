"""Hand-offs that go wrong in the middle: refused, put off, or vanished after the message was given away."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.services.smtp import HANG_UP, SmtpServer

BATCH = f"{CYCLE}-statement"
MANY = 100
"""More replies than the batch has e-mails."""


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A rendered batch with e-mails in it, not released yet."""
    hospital = build_hospital(tmp_path_factory.mktemp("doubtful") / "home", guarantors=40)
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    assert hospital.statements("show", BATCH, "--json").json["counts"]["email"] > 1
    return hospital


@pytest.fixture
def hospital(waiting: Hospital, tmp_path: Path, smtp_server: SmtpServer) -> Hospital:
    copy = waiting.copy_to(tmp_path / "home")
    return Hospital(copy.home, environ={"STATEMENTS_EMAIL": smtp_server.url})


def emailed(server: SmtpServer) -> Counter[str]:
    """Document ids of the messages that the server took."""
    return Counter(str(message["Message-ID"]).strip("<>").partition(".")[0] for message in server.accepted)


def test_refused_address__is_printed_instead(hospital: Hospital, smtp_server: SmtpServer) -> None:
    before = hospital.statements("show", BATCH, "--json").json["counts"]
    smtp_server.script.rcpt = ["550 5.1.1 no such mailbox"] * MANY
    hospital.statements("release", BATCH)
    after = hospital.statements("show", BATCH, "--json").json
    assert after["state"] == "closed"
    assert smtp_server.accepted == []
    assert after["counts"]["email"] == 0
    assert after["counts"]["print"] == before["print"] + before["email"] == len(hospital.manifest_rows())
    assert after["foots"] is True


def test_server_that_puts_everything_off__is_tried_again_by_a_rerun(
    hospital: Hospital, smtp_server: SmtpServer
) -> None:
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
def test_server_that_is_busy_for_a_moment__gets_everything_in_one_run(
    hospital: Hospital, smtp_server: SmtpServer, stage: str
) -> None:
    setattr(smtp_server.script, stage, ["421 4.3.2 too busy", "451 4.3.0 try again later"])
    hospital.statements("release", BATCH)
    summary = hospital.statements("show", BATCH, "--json").json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert set(emailed(smtp_server).values()) == {1}
    assert len(smtp_server.accepted) == summary["counts"]["email"] > 1


@pytest.mark.parametrize("sent", [True, False], ids=["it-had-arrived", "it-had-not"])
def test_connection_lost_after_the_message__waits_for_a_person(
    hospital: Hospital, smtp_server: SmtpServer, sent: bool
) -> None:
    smtp_server.script.message = [HANG_UP] * MANY
    answer = hospital.statements("release", BATCH, code=3)
    assert "resolve" in answer.err
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["counts"]["uncertain"] == len(summary["open_hand_offs"]) > 0
    assert all(row["evidence"] for row in summary["open_hand_offs"])

    hospital.statements("rerun", BATCH, "--release", code=3)
    assert hospital.statements("show", BATCH, "--json").json["counts"] == summary["counts"], "it was repeated blindly"

    smtp_server.script.message.clear()
    smtp_server.accepted.clear()
    word = "--sent" if sent else "--not-sent"
    for row in summary["open_hand_offs"]:
        hospital.statements("resolve", row["document"], word, "--reason", "asked the mail administrator")
    hospital.statements("rerun", BATCH, "--release")
    closed = hospital.statements("show", BATCH, "--json").json
    assert closed["state"] == "closed"
    assert closed["counts"]["handed_off"] == closed["counts"]["rendered"]
    expected = {} if sent else {row["document"]: 1 for row in summary["open_hand_offs"]}
    assert emailed(smtp_server) == expected


def test_hold_that_came_while_a_print_file_was_stuck__pulls_the_piece_out(waiting: Hospital, tmp_path: Path) -> None:
    hospital = waiting.copy_to(tmp_path / "home")
    outbox = hospital.home / "outbox" / "print"
    outbox.parent.mkdir(exist_ok=True)
    outbox.write_text("somebody put a file where the folder belongs")
    answer = hospital.statements("release", BATCH, code=1)
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
    outbox.unlink()
    hospital.statements("rerun", BATCH, "--release")
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert summary["counts"]["withheld"] == 1
    assert summary["holds"]["BANKR_STAY"] >= 1
    assert document not in {row["document_id"] for row in hospital.manifest_rows()}
    assert len(hospital.manifest_rows()) == summary["counts"]["print"] - 1
