"""A forged bounce moves nothing; a complaint and our own fault move neither a clock nor a second copy."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.operations.tracking.track import TrackingResult
from statement_builder.operations.tracking.track import track as track_in_process
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from tests.e2e.test_tracking import bounce_message, put_mail, states, track
from tests.hospital import EMAIL_KEY, Hospital
from tests.mail_house.sns_signer import TOPIC, SnsSigner

pytestmark = pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")


def on_day(hospital: Hospital, day: int, time: str = "16:00") -> Hospital:
    """The hospital on a day of November, with fresh billing data."""
    return hospital.on_day(f"2026-11-{day:02}", time)


def sent_headers(hospital: Hospital, document: str) -> dict[str, str]:
    sent = (hospital.home / "outbox" / "email" / f"{document}.eml").read_text(encoding="utf-8")
    return dict(re.findall(r"^(Message-ID|To|List-Unsubscribe): (.*)$", sent, re.MULTILINE))


def own_id(hospital: Hospital, document: str) -> str:
    """Document, attempt and token, as in the headers of the e-mail."""
    return sent_headers(hospital, document)["Message-ID"].strip("<>").partition("@")[0]


def state_of_everything(hospital: Hospital) -> dict[str, Any]:
    """Everything that a report may move."""
    queries = {
        "deliveries": "SELECT document_id, attempt, channel, state FROM delivery ORDER BY 1, 2",
        "clocks": "SELECT subject_id, first_on, mailed_count, last_on FROM correspondence ORDER BY 1",
        "suppressions": "SELECT guarantor_id, code FROM suppression",
        "due": "SELECT document_id FROM redelivery",
    }
    return {name: hospital.ledger(query) for name, query in queries.items()} | {"print": hospital.manifest_rows()}


def complaint(hospital: Hospital, document: str, *, id_: str = "") -> bytes:
    """A feedback report (ARF)."""
    return (
        'From: fbl@example.org\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
        f"Original-Rcpt-To: <{sent_headers(hospital, document)['To']}>\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: <{id_ or own_id(hospital, document)}@hospital.example>\r\n\r\n--b--\r\n"
    ).encode()


def unsubscribe(hospital: Hospital, document: str, *, sender: str = "", subject: str = "") -> bytes:
    address = sender or sent_headers(hospital, document)["To"]
    return (
        f"From: Ana <{address}>\r\nSubject: {subject or f'unsubscribe {own_id(hospital, document)}'}\r\n\r\n".encode()
    )


def _guessed(hospital: Hospital, document: str) -> bytes:
    return bounce_message(hospital, document, message_id=f"<{document}.1@hospital.example>")


def _made_up_token(hospital: Hospital, document: str) -> bytes:
    return bounce_message(hospital, document, message_id=f"<{document}.1.aaaabbbbccccdddd@hospital.example>")


def _token_of_another_document(hospital: Hospital, document: str) -> bytes:
    token = own_id(hospital, hospital.emailed()[1]).rpartition(".")[2]
    return bounce_message(hospital, document, message_id=f"<{document}.1.{token}@hospital.example>")


def _token_of_another_attempt(hospital: Hospital, document: str) -> bytes:
    token = own_id(hospital, document).rpartition(".")[2]
    return bounce_message(hospital, document, message_id=f"<{document}.2.{token}@hospital.example>")


def _other_recipient(hospital: Hospital, document: str) -> bytes:
    return bounce_message(hospital, document, recipient="mallory@example.org")


def _guessed_complaint(hospital: Hospital, document: str) -> bytes:
    return complaint(hospital, document, id_=f"{document}.1")


def _guessed_unsubscribe(hospital: Hospital, document: str) -> bytes:
    return unsubscribe(hospital, document, subject=f"unsubscribe {document}.1")


def _unsubscribe_by_another(hospital: Hospital, document: str) -> bytes:
    return unsubscribe(hospital, document, sender="mallory@example.org")


FORGED = [
    pytest.param(_guessed, id="guessed-document-id"),
    pytest.param(_made_up_token, id="made-up-token"),
    pytest.param(_token_of_another_document, id="token-of-another-document"),
    pytest.param(_token_of_another_attempt, id="token-of-another-attempt"),
    pytest.param(_other_recipient, id="other-recipient"),
    pytest.param(_guessed_complaint, id="guessed-complaint"),
    pytest.param(_guessed_unsubscribe, id="guessed-unsubscribe"),
    pytest.param(_unsubscribe_by_another, id="unsubscribe-by-another"),
]


@pytest.mark.parametrize("forge", FORGED)
def test_forged_message__moves_nothing_and_waits_for_a_person(hospital: Hospital, forge: Any) -> None:
    before = state_of_everything(hospital)
    put_mail(hospital, "forged.eml", forge(hospital, hospital.emailed()[0]))
    (file,) = track(hospital, code=3)["files"]
    assert file["put_in"] == "unclear"
    assert state_of_everything(hospital) == before
    reason = (hospital.home / "inbox" / "unclear" / "forged.eml.reason.txt").read_text(encoding="utf-8")
    assert "not proven" in reason
    assert "@" not in reason


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        pytest.param({"STATEMENTS_EMAIL_KEY": ""}, "STATEMENTS_EMAIL_KEY is not set", id="no-key"),
        pytest.param({"STATEMENTS_EMAIL_KEY": "x" * 32}, "its token is wrong", id="other-key"),
        pytest.param({"STATEMENTS_CLOCK": "2026-12-07T16:00:00+00:00"}, "within 14 days", id="a-month-later"),
    ],
)
def test_real_bounce__waits_for_a_person_without_proof(hospital: Hospital, environ: dict[str, str], why: str) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "real.eml", bounce_message(hospital, document))
    track(Hospital(hospital.home, environ), code=3)
    assert states(hospital, document) == ["sent"]
    assert why in (hospital.home / "inbox" / "unclear" / "real.eml.reason.txt").read_text(encoding="utf-8")


def test_key__is_replaced_without_losing_bounces_on_their_way(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "real.eml", bounce_message(hospital, document))
    track(Hospital(hospital.home, {"STATEMENTS_EMAIL_KEY": f"{'n' * 32}, {EMAIL_KEY}"}), code=None)
    assert states(hospital, document) == ["bounced", "sent"]


def test_short_key__is_refused(hospital: Hospital) -> None:
    weak = Hospital(hospital.home, {"STATEMENTS_EMAIL_KEY": "secret"})
    assert "openssl rand" in weak.statements("track", code=2).err


@pytest.mark.parametrize("make", [complaint, unsubscribe])
def test_complaint__ends_email_and_moves_no_clock_and_prints_nothing(hospital: Hospital, make: Any) -> None:
    document = hospital.emailed()[0]
    guarantor = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0]
    before = state_of_everything(hospital)
    put_mail(hospital, "complaint.eml", make(hospital, document))
    tracked = track(hospital, code=None)
    assert [(file["put_in"], file["news"]) for file in tracked["files"]] == [("done", 1)]
    after = state_of_everything(hospital)
    assert after["suppressions"] == [(guarantor, "EMAIL")]
    assert (after["clocks"], after["due"], after["print"]) == (before["clocks"], [], before["print"])
    assert states(hospital, document) == ["delivered"]

    put_mail(hospital, "again.eml", make(hospital, document) + b"\r\n")
    assert [file["news"] for file in track(hospital, code=None)["files"]] == [0]


def test_complaint_after_a_temporary_bounce__nothing_is_emailed_again(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "1.eml", bounce_message(hospital, document, status="4.2.2"))
    track(hospital, code=None)
    put_mail(hospital, "2.eml", complaint(hospital, document))
    printed = hospital.manifest_rows()
    track(on_day(hospital, 9), code=None)
    assert states(hospital, document) == ["bounced"]
    assert hospital.manifest_rows() == printed


def test_bounce_after_a_complaint__moves_nothing(hospital: Hospital) -> None:
    """A recipient who complained has the message; what bounces later is a reply or a copy."""
    document = hospital.emailed()[0]
    put_mail(hospital, "1-complaint.eml", complaint(hospital, document))
    track(hospital, code=None)
    before = state_of_everything(hospital)
    put_mail(hospital, "2-bounce.eml", bounce_message(hospital, document))
    assert [file["put_in"] for file in track(hospital, code=3)["files"]] == ["unclear"]
    assert state_of_everything(hospital) == before


def test_bounce_after_a_delivery_report__moves_nothing(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "1.eml", bounce_message(hospital, document, status="2.0.0", action="delivered"))
    track(hospital, code=None)
    assert states(hospital, document) == ["delivered"]
    put_mail(hospital, "2.eml", bounce_message(hospital, document))
    track(hospital, code=3)
    assert states(hospital, document) == ["delivered"]
    assert hospital.ledger("SELECT * FROM suppression") == []


@pytest.mark.parametrize("status", ["5.7.1", "5.7.26", "5.3.4", "5.2.3", "5.4.6", "4.7.26"])
def test_bounce_because_of_us__stops_nobody_and_prints_nothing(hospital: Hospital, status: str) -> None:
    document = hospital.emailed()[0]
    printed = hospital.manifest_rows()
    put_mail(hospital, "1.eml", bounce_message(hospital, document, status=status))
    track(hospital, code=None)
    assert hospital.ledger("SELECT * FROM suppression") == []
    assert states(hospital, document) == ["bounced"]
    assert hospital.manifest_rows() == printed
    track(on_day(hospital, 9), code=None)
    assert states(hospital, document) == ["bounced", "sent"]
    assert len(hospital.emailed()) > 0
    assert hospital.manifest_rows() == printed, "it is e-mailed again, not printed"


def test_one_recipient_that_never_takes_our_email__is_printed_after_three_attempts(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    for day, name in ((7, document), (9, f"{document}.2"), (11, f"{document}.3")):
        put_mail(hospital, f"{day}.eml", bounce_message(hospital, name, status="5.7.1"))
        track(on_day(hospital, day), code=None)
        track(on_day(hospital, day + 1, "17:00"), code=None)
    assert states(hospital, document) == ["bounced", "bounced", "bounced", "sent"]
    assert document in {row["document_id"] for row in hospital.manifest_rows()}
    assert hospital.ledger("SELECT * FROM suppression") == []


def test_lot_that_bounces_because_of_us__is_no_paper_and_one_alert(hospital: Hospital) -> None:
    documents = hospital.emailed()
    assert len(documents) >= 4
    printed = hospital.manifest_rows()
    for day in (7, 9, 11, 13):
        now = on_day(hospital, day)
        for document in documents:
            attempts = [path.name for path in (hospital.home / "outbox" / "email").glob(f"{document}*.eml")]
            latest = max(attempts, key=lambda name: (len(name), name)).removesuffix(".eml")
            put_mail(hospital, f"{day}-{document}.eml", bounce_message(hospital, latest, status="5.7.26"))
        refused = [alert for alert in track(now, code=3)["alerts"] if alert["code"] == "SENDER_REFUSED"]
        assert [alert["subject"] for alert in refused] == ["email"]
        assert "SPF" in refused[0]["message"]
        track(on_day(hospital, day + 1, "17:00"), code=None)
    assert hospital.ledger("SELECT * FROM suppression") == []
    assert hospital.manifest_rows() == printed


def test_new_lot__is_not_sent_while_email_is_stopped(hospital: Hospital) -> None:
    for document in hospital.emailed()[:3]:
        put_mail(hospital, f"{document}.eml", bounce_message(hospital, document, status="5.7.1"))
    track(hospital, code=3)
    emailed = hospital.emailed()
    run = ("run", "ob-notice", "--cycle", "2026-11", "--as-of", "2026-11-07", "--release", "--json")
    result = hospital.statements(*run, code=None)
    waiting = "SELECT count(*) FROM document WHERE channel = 'email' AND state = 'rendered'"
    assert hospital.emailed() == emailed
    assert hospital.ledger(waiting) != [(0,)]
    assert result.code == 1
    assert "because of the sender" in result.err


def sns(
    hospital: Hospital,
    document: str,
    signer: SnsSigner,
    *,
    token: str | None = None,
    ses_id: str = "0100",
    **changes: Any,
) -> bytes:
    """A bounce from SES for this document, as SNS publishes it, with the tags that we send with each e-mail."""
    own_token = own_id(hospital, document).rpartition(".")[2]
    event = {
        "eventType": "Bounce",
        "mail": {
            "messageId": ses_id,
            "tags": {"document": [document], "attempt": ["1"], "token": [own_token if token is None else token]},
        },
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [{"emailAddress": sent_headers(hospital, document)["To"], "status": "5.1.1"}],
        },
    }
    return signer.notification(json.dumps(event), **changes)


def track_with(hospital: Hospital, signer: SnsSigner) -> TrackingResult:
    settings = load_settings(hospital.environment, hospital.home)
    now = datetime.fromisoformat(hospital.environment["STATEMENTS_CLOCK"])
    with open_context(settings, environ=hospital.environment, now=lambda: now, actor="test", workers=1) as context:
        return track_in_process(context, fetch_certificate=signer.fetch)


@pytest.fixture
def with_topic(hospital: Hospital) -> Hospital:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8").replace("[mail]\n", f'[mail]\nsns_topics = ["{TOPIC}"]\n')
    path.write_text(text, encoding="utf-8")
    return hospital


def test_sns_notification__counts_with_signature_and_topic(with_topic: Hospital) -> None:
    document, signer = with_topic.emailed()[0], SnsSigner()
    put_mail(with_topic, "1.json", sns(with_topic, document, signer))
    put_mail(with_topic, "2.json", sns(with_topic, with_topic.emailed()[1], signer))
    track_with(with_topic, signer)
    assert states(with_topic, document) == ["bounced", "sent"]
    assert len(signer.fetched) == 1, "one certificate is fetched once"


@pytest.mark.parametrize("token", ["", "aaaabbbbccccdddd"])
def test_sns_notification__about_another_systems_email_moves_nothing(with_topic: Hospital, token: str) -> None:
    """SES signs what another system of the hospital sends, and a sender can write tags into its headers."""
    signer, before = SnsSigner(), state_of_everything(with_topic)
    put_mail(with_topic, "1.json", sns(with_topic, with_topic.emailed()[0], signer, token=token))
    (file,) = track_with(with_topic, signer).files
    assert file.folder == "unclear"
    assert state_of_everything(with_topic) == before


@pytest.mark.parametrize("is_signed", [True, False])
def test_sns_notification__with_the_id_that_ses_gave_our_email(with_topic: Hospital, is_signed: bool) -> None:
    document, signer = with_topic.emailed()[0], SnsSigner()
    ((reference,),) = with_topic.ledger(
        "SELECT json_extract(receipt, '$.reference') FROM delivery WHERE document_id = ?", document
    )
    changes = {} if is_signed else {"Type": "News"}
    put_mail(with_topic, "1.json", sns(with_topic, document, signer, token="", ses_id=reference, **changes))
    track_with(with_topic, signer)
    assert states(with_topic, document) == (["bounced", "sent"] if is_signed else ["sent"])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"TopicArn": TOPIC.replace("bounces", "others")}, id="another-topic"),
        pytest.param({"Signature": "c2lnbmVk"}, id="wrong-signature"),
        pytest.param({"Timestamp": "2026-11-08T00:00:00.000Z"}, id="changed-after-signing"),
        pytest.param({"SigningCertURL": "https://evil.example/x.pem"}, id="certificate-from-elsewhere"),
    ],
)
def test_sns_notification__unproven_waits_for_a_person(with_topic: Hospital, changes: dict[str, str]) -> None:
    document, signer = with_topic.emailed()[0], SnsSigner()
    before = state_of_everything(with_topic)
    put_mail(with_topic, "1.json", sns(with_topic, document, signer, **changes))
    (file,) = track_with(with_topic, signer).files
    assert file.folder == "unclear"
    assert state_of_everything(with_topic) == before


def test_sns_certificate_unreachable__the_file_stays_and_the_next_is_read(with_topic: Hospital) -> None:
    first, second = with_topic.emailed()[:2]
    signer = SnsSigner(is_reachable=False)
    put_mail(with_topic, "1.json", sns(with_topic, first, signer))
    put_mail(with_topic, "2.eml", bounce_message(with_topic, second))
    result = track_with(with_topic, signer)
    assert [(alert.code, alert.subject) for alert in result.alerts][:1] == [("UNREACHABLE", "1.json")]
    assert (with_topic.home / "inbox" / "1.json").is_file()
    assert states(with_topic, second) == ["bounced", "sent"]
    track_with(with_topic, SnsSigner(key=signer.key))
    assert states(with_topic, first) == ["bounced", "sent"]


def test_sns_certificate_unreachable__is_tried_once_in_a_run(with_topic: Hospital) -> None:
    signer = SnsSigner(is_reachable=False)
    for number, document in enumerate(with_topic.emailed()[:3]):
        put_mail(with_topic, f"{number}.json", sns(with_topic, document, signer))
    alerts = track_with(with_topic, signer).alerts
    assert [alert.subject for alert in alerts if alert.code == "UNREACHABLE"] == ["0.json", "1.json", "2.json"]
    assert len(signer.fetched) == 1
    track_with(with_topic, signer)
    assert len(signer.fetched) == 2, "the next run tries again"


def test_sender_that_our_server_found_forged__waits_for_a_person(hospital: Hospital) -> None:
    path: Path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8").replace("[mail]\n", '[mail]\nauthserv_id = "mx.hospital.example"\n')
    path.write_text(text, encoding="utf-8")
    results = b"Authentication-Results: mx.hospital.example; dkim=fail; dmarc=fail header.from=example.org\r\n"
    document = hospital.emailed()[0]
    put_mail(hospital, "1.eml", results + bounce_message(hospital, document))
    track(hospital, code=3)
    assert states(hospital, document) == ["sent"]
    ignored = results.replace(b"mx.hospital", b"mx.attacker")
    put_mail(hospital, "2.eml", ignored + bounce_message(hospital, document))
    track(hospital, code=3)
    assert states(hospital, document) == ["bounced", "sent"]
