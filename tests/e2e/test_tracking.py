"""Tracking: vendor reports close batches; bounced e-mail is printed; returned mail is held, then resent."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest

from statement_builder.pipeline.print import print_plan
from tests.commands import call
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at
from tests.services.fake_ses import FakeSes
from tests.services.http_fake import ACCEPT_AND_HANG_UP
from tests.services.imap import ImapServer
from tests.services.sftp import SftpServer

BATCH = f"{CYCLE}-statement"
MAILED = (AS_OF + timedelta(days=1)).isoformat()
RETURNED = MAILED
"""The post office returned it at once: the clock of the tests stands at `AS_OF`."""
pytestmark = pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")


def summary(hospital: Hospital) -> Any:
    return hospital.statements("show", BATCH, "--json").json


def drop(hospital: Hospital, name: str, header: str, *rows: str) -> None:
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / name).write_text("\r\n".join((header, *rows, "")), encoding="utf-8")


def acknowledge(hospital: Hospital, name: str = "ack.csv") -> None:
    rows = [
        f"{file['name']},accepted,{file['documents']},{file['sha256']},{AS_OF},"
        for file in hospital.statements("show", BATCH, "--json").json["print_files"]
    ]
    drop(hospital, name, "print_file,status,records,pdf_sha256,received_on,reason", *rows)


def report_mailed(hospital: Hospital, *omitted: str) -> None:
    rows = [
        f"{row['document_id']},{row['pdf_file'].removesuffix('.pdf')},{MAILED},J-1"
        for row in hospital.manifest_rows()
        if row["document_id"] not in omitted
    ]
    drop(hospital, "mailed.csv", "document_id,print_file,mailed_on,job_id", *rows)


def reject(hospital: Hospital, document: str) -> None:
    (file,) = [row["pdf_file"] for row in hospital.manifest_rows() if row["document_id"] == document]
    row = f"{document},{file.removesuffix('.pdf')},{MAILED},ADDRESS"
    drop(hospital, "rejects.csv", "document_id,print_file,rejected_on,reason", row)


def return_mail(hospital: Hospital, document: str, on: str = RETURNED) -> None:
    drop(hospital, "nixies.csv", "document_id,returned_on,return_reason", f"{document},{on},UTF")


def printed(hospital: Hospital) -> str:
    return hospital.manifest_rows()[0]["document_id"]


def track(hospital: Hospital, *, code: int | None = None) -> Any:
    return hospital.statements("track", "--json", code=code).json


def states(hospital: Hospital, document: str) -> list[str]:
    (found,) = hospital.statements("find", document, "--json").json
    return [each["state"] for each in found["deliveries"]]


def outbox(hospital: Hospital) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (hospital.home / "outbox").rglob("*.*")
        if path.is_file()
    }


def test_batch__closes_with_the_last_report(hospital: Hospital) -> None:
    assert summary(hospital)["state"] == "handing_off"
    rejected = printed(hospital)
    acknowledge(hospital)
    assert track(hospital)["closed"] == []
    counts = summary(hospital)["counts"]
    assert counts["acknowledged"] == counts["handed_off"] > counts["mailed"]

    reject(hospital, rejected)
    report_mailed(hospital, rejected)
    tracked = track(hospital, code=0)
    assert tracked["closed"] == [BATCH]
    counts = summary(hospital)["counts"]
    assert counts["handed_off"] == counts["acknowledged"] == counts["mailed"] + counts["rejected"]
    assert counts["rejected"] == 1
    assert sorted(path.name for path in (hospital.home / "inbox" / "done").iterdir()) == [
        "ack.csv",
        "mailed.csv",
        "rejects.csv",
    ]


def test_clocks__start_with_the_mailed_report(hospital: Hospital) -> None:
    acknowledge(hospital)
    track(hospital)
    emailed = len(hospital.emailed())
    documents = "SELECT count(*) FROM document WHERE mailed_on IS NOT NULL"
    assert hospital.ledger(documents) == [(emailed,)]
    report_mailed(hospital)
    track(hospital)
    assert hospital.ledger(documents) == [(emailed + len(hospital.manifest_rows()),)]
    mailed = "SELECT DISTINCT mailed_on FROM document WHERE channel = 'print' AND state = 'handed_off'"
    assert hospital.ledger(mailed) == [(MAILED,)]


def test_late_acknowledgement__names_the_file_and_a_runbook(hospital: Hospital) -> None:
    later = Hospital(hospital.home, environ={"STATEMENTS_CLOCK": "2026-11-07T16:30:00+00:00"})
    answer = later.statements("track", code=3)
    (file,) = later.statements("show", BATCH, "--json").json["print_files"]
    assert file["name"] in answer.out
    runbook = re.search(r"docs/runbooks/[a-z-]+\.md", answer.out)
    assert runbook
    assert (Path(__file__).resolve().parents[2] / runbook[0]).is_file()
    acknowledge(later)
    assert track(later)["alerts"] == []
    next_days = Hospital(hospital.home, environ={"STATEMENTS_CLOCK": "2026-11-11T16:30:00+00:00"})
    assert [alert["code"] for alert in track(next_days, code=3)["alerts"]] == ["MAIL_LATE"]


def test_track__repeated_reports_change_nothing(hospital: Hospital) -> None:
    acknowledge(hospital)
    report_mailed(hospital)
    track(hospital)
    before = (summary(hospital)["counts"], hospital.ledger("SELECT count(*) FROM event"), outbox(hospital))
    for name in ("ack.csv", "mailed.csv"):
        data = (hospital.home / "inbox" / "done" / name).read_bytes()
        (hospital.home / "inbox" / f"again-{name}").write_bytes(data)
    (hospital.home / "inbox" / "other-bytes.csv").write_bytes(data + b"\r\n")
    assert {file["news"] for file in track(hospital)["files"]} == {0}
    assert (summary(hospital)["counts"], hospital.ledger("SELECT count(*) FROM event"), outbox(hospital)) == before


def test_bad_lines__are_quarantined_and_valid_lines_count(hospital: Hospital) -> None:
    document = printed(hospital)
    unknown = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
    header = "document_id,returned_on,return_reason"
    rows = (f"{document},{RETURNED},UTF", f"{unknown},{RETURNED},UTF", f"{document},{RETURNED},GONE")
    drop(hospital, "mixed.csv", header, *rows)
    drop(hospital, "poem.txt", "Shall I compare thee")
    tracked = track(hospital, code=3)
    assert {file["name"]: (file["news"], file["problems"]) for file in tracked["files"]} == {
        "mixed.csv": (1, 2),
        "poem.txt": (0, 1),
    }
    quarantine = hospital.home / "inbox" / "quarantine"
    assert (quarantine / "mixed.csv").read_text(encoding="utf-8").count(RETURNED) == 3
    reasons = (quarantine / "mixed.csv.reason.txt").read_text(encoding="utf-8")
    assert re.search(rf"line 3: .*{unknown}.*\nline 4: .*GONE", reasons)
    assert states(hospital, document) == ["returned"]


def bounce_message(
    hospital: Hospital,
    document: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    recipient: str = "",
    message_id: str = "",
) -> bytes:
    """A delivery status notification about the e-mail of a document, to the recipient of that e-mail by default."""
    sent = (hospital.home / "outbox" / "email" / f"{document}.eml").read_text(encoding="utf-8")
    headers = dict(re.findall(r"^(Message-ID|To): (.*)$", sent, re.MULTILINE))
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient or headers['To']}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id or headers['Message-ID']}\r\n\r\n--b--\r\n"
    ).encode()


def put_mail(hospital: Hospital, name: str, data: bytes) -> None:
    (hospital.home / "inbox").mkdir(exist_ok=True)
    (hospital.home / "inbox" / name).write_bytes(data)


def test_hard_bounce__prints_the_document_and_suppresses_email(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    guarantor = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0]
    rows = len(hospital.manifest_rows())
    put_mail(hospital, "bounce.eml", bounce_message(hospital, document))
    track(hospital)
    assert states(hospital, document) == ["bounced", "sent"]
    assert len(hospital.manifest_rows()) == rows + 1
    (row,) = [row for row in hospital.manifest_rows() if row["document_id"] == document]
    assert row["sha256"] == hospital.ledger("SELECT sha256 FROM document WHERE document_id = ?", document)[0][0]
    assert hospital.ledger("SELECT guarantor_id, code FROM suppression") == [(guarantor, "EMAIL")]
    assert summary(hospital)["foots"] is True

    put_mail(hospital, "bounce-again.eml", bounce_message(hospital, document) + b"\r\n")
    track(hospital)
    assert len(hospital.manifest_rows()) == rows + 1

    run = ("run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build", "--json")
    next_month = Hospital(hospital.home, environ={"STATEMENTS_CLOCK": "2026-11-07T15:00:00+00:00"})
    next_month.statements(*run)
    query = "SELECT channel FROM document WHERE batch_id = '2026-12-statement' AND guarantor_id = ?"
    assert {row[0] for row in hospital.ledger(query, guarantor)} <= {"print"}


def test_soft_bounce__is_retried_a_day_later(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "1.eml", bounce_message(hospital, document, status="4.2.2"))
    track(hospital)
    assert states(hospital, document) == ["bounced"]
    next_day = Hospital(hospital.home, environ={"STATEMENTS_CLOCK": "2026-11-08T16:00:00+00:00"})
    track(next_day)
    assert states(hospital, document) == ["bounced", "sent"]
    assert (hospital.home / "outbox" / "email" / f"{document}.2.eml").is_file()


def test_delay_warning_and_unclear_mail__change_nothing(hospital: Hospital) -> None:
    document = hospital.emailed()[0]
    put_mail(hospital, "delayed.eml", bounce_message(hospital, document, status="4.4.1", action="delayed"))
    put_mail(hospital, "reply.eml", b"From: ana@example.org\r\nSubject: Re: bill\r\n\r\nWho are you?\r\n")
    tracked = track(hospital, code=3)
    assert states(hospital, document) == ["sent"]
    assert [file["put_in"] for file in tracked["files"]] == ["done", "unclear"]
    assert "reply.eml" in json.dumps(tracked["alerts"])


def test_mailbox_and_sftp__reports_are_fetched_once(
    hospital: Hospital, imap_server: ImapServer, sftp_server: SftpServer, tmp_path: Path
) -> None:
    acknowledge(hospital)
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (hospital.home / "inbox" / "ack.csv").rename(vendor / "ack.csv")
    (vendor / "torn.csv").write_bytes(b"document_id,returned_on,return_reason\r\n3f2504e0-4f")
    bounced = hospital.emailed()[0]
    imap_server.deliver(bounce_message(hospital, bounced), b"Subject: Re: bill\r\n\r\nWho are you?\r\n")
    fetch_from(hospital, reports=sftp_server.url(vendor), bounces=imap_server.url())
    remote = Hospital(hospital.home, {**sftp_server.environ, **imap_server.environ})
    tracked = track(remote, code=3)
    put_in = {file["name"]: file["put_in"] for file in tracked["files"]}
    assert put_in["ack.csv"] == "done"
    assert put_in["torn.csv"] == "quarantine"
    assert sorted(put_in[name] for name in put_in if name.startswith("INBOX-")) == ["done", "unclear"]
    assert (hospital.home / "inbox" / "quarantine" / "torn.csv").read_bytes().endswith(b"3f2504e0-4f")
    assert states(hospital, bounced) == ["bounced", "sent"]
    assert (list(vendor.iterdir()), imap_server.unseen(), imap_server.total()) == ([], 0, 2)
    assert track(remote, code=3)["files"] == []

    wrong = Hospital(hospital.home, {**remote.environ, "STATEMENTS_IMAP_PASSWORD": "wrong"})
    (alert,) = [each for each in track(wrong, code=3)["alerts"] if each["code"] == "UNREACHABLE"]
    assert "check STATEMENTS_IMAP_USER and _PASSWORD" in alert["message"]


def event(what: str, request: dict[str, Any], number: int, *, tagged: bool = True) -> bytes:
    """The event that SES publishes for the message of that request, as a queue without SNS holds it."""
    tags = {tag["Name"]: [tag["Value"]] for tag in request["EmailTags"]}
    addresses = request["Destination"]["ToAddresses"]
    mail = {"messageId": f"ses-{number}", "destination": addresses, "headers": []}
    payload = {
        "eventType": what,
        "mail": mail | ({"tags": tags} if tagged else {}),
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [{"emailAddress": address, "status": "5.1.1"} for address in addresses],
        },
    }
    return json.dumps(payload).encode()


def test_ses_events__find_documents_by_tag_and_token(tmp_path: Path, fake_ses: FakeSes) -> None:
    hospital = Hospital(build_hospital(tmp_path / "home").home, {**fake_ses.environ, "STATEMENTS_EMAIL": fake_ses.url})
    fake_ses.answers = [(ACCEPT_AND_HANG_UP, "")]
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", code=None)
    accepted = [request["EmailTags"][0]["Value"] for request in fake_ses.requests]
    assert len(accepted) >= 3
    assert [states(hospital, document) for document in accepted[:3]] == [["uncertain"], ["sent"], ["sent"]]
    put_mail(hospital, "1.json", event("Delivery", fake_ses.requests[0], 1))
    put_mail(hospital, "2.json", event("Bounce", fake_ses.requests[1], 2))
    put_mail(hospital, "3.json", event("Bounce", fake_ses.requests[2], 3, tagged=False))
    tracked = track(hospital, code=3)
    assert [states(hospital, document) for document in accepted[:3]] == [["delivered"], ["bounced", "sent"], ["sent"]]
    put_in = {file["name"]: file["put_in"] for file in tracked["files"]}
    assert put_in == {"1.json": "done", "2.json": "done", "3.json": "unclear"}, "an SES id alone proves nothing"
    printed_now = {row["document_id"] for row in hospital.manifest_rows()}
    assert accepted[1] in printed_now
    assert accepted[0] not in printed_now


def move(hospital: Hospital, document: str, street: str = "99 New Street") -> None:
    """Enter a new address in the billing system."""
    guarantor = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0]
    hospital.sql(
        "UPDATE guarantor SET address_lines = ?, city = 'Boston', state = 'MA', postal_code = '02110'"
        " WHERE guarantor_id = ?",
        street,
        guarantor,
    )


def test_returned_mail__held_until_the_new_address_is_entered_and_resent(hospital: Hospital) -> None:
    acknowledge(hospital)
    report_mailed(hospital)
    track(hospital, code=0)
    document = printed(hospital)
    guarantor = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0]
    return_mail(hospital, document)
    track(hospital, code=0)
    assert states(hospital, document) == ["returned"]
    assert hospital.ledger("SELECT mailed_on FROM document WHERE document_id = ?", document) == [(None,)]

    run = ("run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build")
    hospital.statements(*run)
    holds = hospital.statements("holds", "2026-12-statement", "--json").json
    assert "RETMAIL" in {hold["code"] for hold in holds if hold["guarantor"] == guarantor}
    answer = hospital.statements("resend", document, "--reason", "patient called", code=2)
    assert "still has the address" in answer.err

    move(hospital, document)
    hospital.statements("resend", document, "--reason", "new address on file")
    assert states(hospital, document) == ["returned", "sent"]
    rows = [row for row in hospital.manifest_rows() if row["document_id"] == document]
    assert [row["address_2"] for row in rows][-1] == "99 New Street"
    pages = pypdf.PdfReader(hospital.home / "outbox" / "print" / rows[-1]["pdf_file"]).pages
    first = pages[int(rows[-1]["first_page"]) - 1].extract_text()
    assert "99 New Street" in first
    assert int(rows[-1]["pages"]) == int(rows[0]["pages"]) + 2
    assert document in pages[int(rows[-1]["first_page"]) + 1].extract_text()
    assert summary(hospital)["state"] == "closed"
    why = hospital.ledger("SELECT actor, why FROM event WHERE subject = ? AND what = 'resend'", document)
    assert [row[1] for row in why] == ["new address on file"]
    assert why[0][0]


def test_returned_mail__new_address_gone_after_the_recheck_is_not_sent_to_the_old_one(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = printed(hospital)
    return_mail(hospital, document)
    track(hospital)
    move(hospital, document)
    sent = len(hospital.manifest_rows())
    monkeypatch.setattr(print_plan, "find_candidates", lambda *_, **__: [])

    answer = call(hospital, "resend", document, "--reason", "new address on file", code=None)

    assert len(hospital.manifest_rows()) == sent
    assert states(hospital, document) == ["returned"]
    assert "was not sent, because the account has changed" in answer.out


def test_returned_from_two_addresses__both_stay_suppressed(hospital: Hospital) -> None:
    document = printed(hospital)
    for street, on in (("99 New Street", AS_OF.isoformat()), ("100 Newer Street", RETURNED)):
        return_mail(hospital, document, on)
        track(hospital)
        answer = hospital.statements("resend", document, "--reason", "patient called", code=2)
        assert "still has the address" in answer.err
        move(hospital, document, street)
        hospital.statements("resend", document, "--reason", "new address on file")
    drop(hospital, "nixies.csv", "document_id,returned_on,return_reason", f"{document},{RETURNED},ANK")
    track(hospital)
    assert states(hospital, document) == ["returned"] * 3
    for street, code in (("99 New Street", 2), ("100 Newer Street", 2), ("101 Newest Street", 0)):
        move(hospital, document, street)
        hospital.statements("resend", document, "--reason", "once more", code=code)
    assert states(hospital, document) == ["returned"] * 3 + ["sent"]


def test_resend__document_that_may_still_arrive_is_refused(hospital: Hospital) -> None:
    document = printed(hospital)
    answer = hospital.statements("resend", document, "--reason", "just so", code=2)
    assert "a second mailing" in answer.err
    assert states(hospital, document) == ["sent"]


def test_void__before_hand_off_only(hospital: Hospital, tmp_path: Path) -> None:
    answer = hospital.statements("void", printed(hospital), "--reason", "wrong", code=2)
    assert "was handed off, or may have been" in answer.err
    waiting = build_hospital(tmp_path / "waiting", guarantors=40)
    waiting.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    document = waiting.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0]
    waiting.statements("void", document, "--reason", "disputed by phone")
    assert "is already withheld" in waiting.statements("void", document, "--reason", "again", code=2).err
    waiting.statements("release", BATCH)
    counts = waiting.statements("show", BATCH, "--json").json["counts"]
    assert (counts["withheld"], counts["handed_off"]) == (1, counts["rendered"] - 1)
    assert document not in {row["document_id"] for row in waiting.manifest_rows()}
    (event,) = waiting.ledger("SELECT actor, why FROM event WHERE subject = ? AND what = 'withheld'", document)
    assert event[0]
    assert "disputed by phone" in event[1]


def test_address_change__waits_for_a_clerk(hospital: Hospital) -> None:
    document = printed(hospital)
    header = "document_id,move_type,effective_on,return_code,new_line_1,new_line_2,new_city,new_state,new_zip"
    drop(hospital, "ncoa.csv", header, f"{document},I,2026-11-01,A,99 New Street,,Boston,MA,02110")
    tracked = track(hospital, code=3)
    assert [file["put_in"] for file in tracked["files"]] == ["address-changes"]
    events = hospital.ledger("SELECT why FROM event WHERE subject = ? AND what = 'address change'", document)
    assert len(events) == 1
    assert "New Street" not in str(events)


def fetch_from(hospital: Hospital, *, reports: str = "", bounces: str = "") -> Hospital:
    """Set where tracking fetches reports from. Default: the hospital's own folder `vendor`."""
    settings = hospital.home / "statements.toml"
    urls = f'[mail]\nvendor_reports_url = "{reports or f"file://{hospital.home}/vendor"}"\n'
    urls += f'bounce_mailbox_url = "{bounces}"\n' if bounces else ""
    settings.write_text(settings.read_text(encoding="utf-8").replace("[mail]\n", urls), encoding="utf-8")
    return hospital


def track_killed_at(hospital: Hospital, moment: int) -> int:
    """Run `statements track` and kill it at this moment (0: never). Returns how many moments it passed."""
    assert run_killed_at(hospital, moment, "track") == (-signal.SIGKILL if moment else 0)
    return len(passed_moments(hospital))


def test_track__killed_at_any_moment_and_repeated(hospital: Hospital, tmp_path: Path) -> None:
    """One report of each kind waits, one of them at the vendor."""
    document, bounced = printed(hospital), hospital.emailed()[0]
    acknowledge(hospital, "1-ack.csv")
    (hospital.home / "vendor").mkdir()
    (hospital.home / "inbox" / "1-ack.csv").rename(hospital.home / "vendor" / "1-ack.csv")
    return_mail(hospital, document)
    put_mail(hospital, "2-bounce.eml", bounce_message(hospital, bounced))
    moments = track_killed_at(fetch_from(hospital.copy_to(tmp_path / "whole")), 0)
    assert moments > 20
    for moment in moments_to_kill_at(moments - 1):
        killed = fetch_from(hospital.copy_to(tmp_path / f"killed-{moment}"))
        track_killed_at(killed, moment)
        killed.statements("track")
        assert states(killed, document) == ["returned"], moment
        assert [state for state in states(killed, bounced) if state != "failed"] == ["bounced", "sent"], moment
        assert [row["document_id"] for row in killed.manifest_rows()].count(bounced) == 1, moment
        assert [path.name for path in (killed.home / "inbox").glob("[!.]*") if path.is_file()] == []
        done = {path.name for path in (killed.home / "inbox" / "done").iterdir()}
        assert done - {"1-ack.2.csv"} == {"1-ack.csv", "2-bounce.eml", "nixies.csv"}, "a report may be fetched twice"
        assert list((killed.home / "vendor").iterdir()) == []
        assert killed.ledger("SELECT count(*) FROM inbound_file") == [(3,)], moment
        assert killed.statements("track", "--json").json["files"] == []


def test_print_file_of_a_bounce__has_the_usual_order_and_pages(hospital: Hospital) -> None:
    put_mail(hospital, "bounce.eml", bounce_message(hospital, hospital.emailed()[0]))
    track(hospital)
    newest = sorted((hospital.home / "outbox" / "print").glob("*.csv"))[-1]
    rows = list(csv.DictReader(io.StringIO(newest.read_text(encoding="utf-8"))))
    assert [row["sequence"] for row in rows] == sorted((row["sequence"] for row in rows), key=int)
    assert len(pypdf.PdfReader(newest.with_suffix(".pdf")).pages) == sum(
        int(row["pages"]) + int(row["blank_pages"]) for row in rows
    )
