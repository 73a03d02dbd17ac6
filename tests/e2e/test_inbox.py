"""What arrives in the inbox: no file stops the others, no line is lost, and what cannot be true waits for a person."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statement_builder.errors import ArchiveError
from statement_builder.operations.tracking import track as operation
from statement_builder.operations.tracking.email_proof import read_evidence
from tests.commands import call
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.services.sftp import SftpServer

BATCH = f"{CYCLE}-statement"
TOMORROW = (AS_OF + timedelta(days=1)).isoformat()
MAILED_HEADER = "document_id,print_file,mailed_on,job_id"
RETURNED_HEADER = "document_id,returned_on,return_reason"
MOVES_HEADER = "document_id,move_type,effective_on,return_code,new_line_1,new_line_2,new_city,new_state,new_zip"
REPORTED = pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")
pytestmark = REPORTED


def track(hospital: Hospital, *arguments: str, code: int | None = None) -> Any:
    return call(hospital, "track", "--json", *arguments, code=code).json


def drop(hospital: Hospital, name: str, *lines: str) -> Path:
    path = hospital.home / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\r\n".join((*lines, "")), encoding="utf-8")
    return path


def age(path: Path, seconds: int = 3_600) -> None:
    """Let the file be last changed this long ago."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def let_files_settle(hospital: Hospital, seconds: int = 60) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("settle_seconds = 0", f"settle_seconds = {seconds}"), encoding="utf-8")


def pieces(hospital: Hospital) -> list[tuple[str, str]]:
    """Document id and print file of each printed piece."""
    return [(row["document_id"], row["pdf_file"].removesuffix(".pdf")) for row in hospital.manifest_rows()]


def mailed_rows(hospital: Hospital, on: str = TOMORROW) -> list[str]:
    return [f"{document},{file},{on},J-1" for document, file in pieces(hospital)]


def states(hospital: Hospital) -> dict[str, str]:
    """Document id → state of its latest attempt, of the printed pieces."""
    query = "SELECT document_id, state FROM delivery WHERE print_file IS NOT NULL ORDER BY attempt"
    return dict(hospital.ledger(query))


def reasons(hospital: Hospital, name: str, folder: str = "quarantine") -> str:
    return (hospital.home / "inbox" / folder / f"{name}.reason.txt").read_text(encoding="utf-8")


def waiting_names(hospital: Hospital) -> set[str]:
    """Files in the inbox itself, without the mark of the installation."""
    files = {path.name for path in (hospital.home / "inbox").iterdir() if not path.is_dir()}
    return files - {".statements-installation"}


def nested(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: hello\r\n\r\nhello\r\n"


HOSTILE = {
    "nested.eml": nested(1_000),
    "nested-upper-case.EML": nested(1_000).upper(),
    "parts.eml": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * 100_000,
    "blanks.eml": b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n" + b" " * 20_000,
    "long-line.eml": b"Subject: x\r\n\r\n" + b"a" * 2_000_000,
    "nested.json": b'{"a":' * 100_000,
    "deep.json": b'{"event_type":' + b"[" * 100_000,
    "bomb.csv.gz": b"\x1f\x8b\x08" + b"\0" * 100,
    "archive.zip": b"PK\x03\x04",
    "binary.csv": bytes(range(256)) * 100,
    "empty.csv": b"",
    "zeros.csv": b"\0" * 100_000,
    "line.csv": f"{RETURNED_HEADER}\r\n".encode() + b"a" * 1_000_000,
    "quotes.csv": f"{RETURNED_HEADER}\r\n".encode() + b'"\r\n' * 20_000,
    "utf-16.csv": RETURNED_HEADER.encode("utf-16"),
    f"{'n' * 240}.csv": b"hello",
    "m" * 255: b"hello",
    "\u00e9" * 120 + ".eml": nested(1_000),
    "\x1b[31mred\nname.csv": b"hello",
    "report.reason.txt": b"hello",
    b"\xff\xfe.csv".decode("utf-8", "surrogateescape"): b"hello",
}


def test_hostile_files__end_in_quarantine_with_words_and_stop_no_other(hospital: Hospital) -> None:
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    for name, data in HOSTILE.items():
        (inbox / name).write_bytes(data)
    rows = mailed_rows(hospital)
    drop(hospital, "zz-mailed.csv", MAILED_HEADER, *rows)
    result = call(hospital, "track", "--json", code=3)
    tracked = result.json
    assert set(states(hospital).values()) == {"mailed"}
    assert waiting_names(hospital) == set()
    assert len(tracked["files"]) == len(HOSTILE) + 1
    for file in tracked["files"]:
        assert file["lines"] == file["news"] + file["unchanged"] + file["quarantined"], file
        assert file["put_in"] in {"done", "quarantine", "unclear"}
        assert file["name"].isprintable()
    assert [file["put_in"] for file in tracked["files"] if file["news"]] == ["done"]
    told = [path.read_text(encoding="utf-8") for path in inbox.glob("*/*.reason.txt")]
    assert len(told) == len(HOSTILE)
    assert not [text for text in told if re.search(r"Error|Traceback|recursion|\\[A-Zds]|\$\.", text)]
    assert len(call(hospital, "exceptions", "--json", code=None).json) >= len(HOSTILE)
    assert track(hospital, code=3)["files"] == []


def test_what_is_no_file__waits_and_stops_no_other(hospital: Hospital, tmp_path: Path) -> None:
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    secret = tmp_path / "secret.csv"
    secret.write_text("not for the inbox", encoding="utf-8")
    (inbox / "a-folder.csv").mkdir()
    (inbox / "a-broken-link.csv").symlink_to(tmp_path / "nowhere")
    (inbox / "a-link.csv").symlink_to(secret)
    os.mkfifo(inbox / "a-pipe.csv")
    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital))
    tracked = track(hospital, code=3)
    assert [file["name"] for file in tracked["files"]] == ["mailed.csv"]
    names = {"a-folder.csv", "a-broken-link.csv", "a-link.csv", "a-pipe.csv"}
    assert {alert["subject"] for alert in tracked["alerts"]} == names
    assert secret.read_text(encoding="utf-8") == "not for the inbox"


def test_damaged_snapshot__lets_its_file_wait_and_stops_no_other(hospital: Hospital) -> None:
    """Returned mail needs the address on the pages, which is in the archive."""
    document, _ = pieces(hospital)[0]
    for snapshot in (hospital.home / "archive").rglob("*.jsonl.gz"):
        snapshot.chmod(0o600)
        snapshot.write_bytes(b"damaged")
    drop(hospital, "a-returned.csv", RETURNED_HEADER, f"{document},{TOMORROW},UTF")
    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital))
    tracked = track(hospital, code=3)
    assert [file["name"] for file in tracked["files"]] == ["mailed.csv"]
    assert waiting_names(hospital) == {"a-returned.csv"}
    assert "a-returned.csv waits in the inbox" in str(tracked["alerts"])


def test_file_being_written__is_taken_when_it_has_not_changed_for_a_while(hospital: Hospital) -> None:
    let_files_settle(hospital)
    rows = mailed_rows(hospital)
    path = drop(hospital, "mailed.csv", MAILED_HEADER, *rows[:1])
    (path.parent / "other.csv.filepart").write_text("begun", encoding="utf-8")
    assert track(hospital)["files"] == []
    assert "mailed.csv changed a moment ago" in " ".join(call(hospital, "track", code=None).out.split())
    drop(hospital, "mailed.csv", MAILED_HEADER, *rows)
    assert track(hospital)["unsettled"] == ["mailed.csv"]
    age(path, 59)
    assert track(hospital)["files"] == []
    age(path, 2)
    (file,) = track(hospital)["files"]
    assert (file["lines"], file["news"], file["put_in"]) == (len(rows), len(rows), "done")


def test_file_written_after_it_was_taken__is_read_again(hospital: Hospital) -> None:
    rows = mailed_rows(hospital)
    path = drop(hospital, "mailed.csv", MAILED_HEADER, *rows[:1])
    with path.open("a", encoding="utf-8") as writer:
        assert [file["news"] for file in track(hospital)["files"]] == [1]
        writer.write("\r\n".join((*rows[1:], "")))
    (file,) = track(hospital)["files"]
    assert (file["lines"], file["news"], file["unchanged"]) == (len(rows), len(rows) - 1, 1)
    assert set(states(hospital).values()) == {"mailed"}
    assert track(hospital)["files"] == []


def test_file_with_the_same_name_and_more_lines__is_read_again(hospital: Hospital) -> None:
    rows = mailed_rows(hospital)
    drop(hospital, "mailed.csv", MAILED_HEADER, *rows[:3])
    assert [file["news"] for file in track(hospital)["files"]] == [3]
    drop(hospital, "mailed.csv", MAILED_HEADER, *rows)
    assert [(file["news"], file["unchanged"]) for file in track(hospital)["files"]] == [(len(rows) - 3, 3)]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_vendors_folder__file_being_written_stays_there(
    hospital: Hospital, kind: str, sftp_server: SftpServer, tmp_path: Path
) -> None:
    let_files_settle(hospital)
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    url = sftp_server.url(vendor) if kind == "sftp" else f"file://{vendor}"
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[mail]\n", f'[mail]\nvendor_reports_url = "{url}"\n'), encoding="utf-8")
    hospital = Hospital(hospital.home, sftp_server.environ)
    rows = mailed_rows(hospital)
    path = vendor / "mailed.csv"
    path.write_text("\n".join((MAILED_HEADER, rows[0], "")), encoding="utf-8")
    assert track(hospital)["files"] == []
    path.write_text("\n".join((MAILED_HEADER, *rows, "")), encoding="utf-8")
    age(path)
    (file,) = track(hospital)["files"]
    assert (file["news"], list(vendor.iterdir())) == (len(rows), [])


def test_counts__are_shown_and_foot(hospital: Hospital) -> None:
    document, file = pieces(hospital)[0]
    rows = [*mailed_rows(hospital)[:3], mailed_rows(hospital)[0], f"{document},{file},soon,J-1", ",,,", ""]
    drop(hospital, "mailed.csv", MAILED_HEADER, *rows)
    out = call(hospital, "track", code=3).out
    assert "5 lines: 3 booked, 1 known, 1 held back" in " ".join(out.split())


MOVED = "2026-10-01,A,99 New Street,,Boston,MA,02110"


def test_address_changes__good_line_is_a_task_at_once_and_when_the_file_comes_again(hospital: Hospital) -> None:
    (good, _), (bad, _) = pieces(hospital)[:2]
    wrong = f"{bad},I,10/01/2026,A,1 Old Street,,Boston,MA,02110"
    drop(hospital, "ncoa.csv", MOVES_HEADER, f"{good},I,{MOVED}", wrong)
    (file,) = track(hospital, code=3)["files"]
    assert (file["news"], file["quarantined"], file["put_in"]) == (1, 1, "quarantine")
    tasks = hospital.home / "inbox" / "address-changes"
    assert good in (tasks / "ncoa.csv").read_text(encoding="utf-8")
    assert "line 3" in reasons(hospital, "ncoa.csv", "address-changes")
    for path in tasks.iterdir():
        path.unlink()

    quarantine = hospital.home / "inbox" / "quarantine"
    text = (quarantine / "ncoa.csv").read_text(encoding="utf-8").replace("10/01/2026", "2026-10-01")
    (quarantine / "ncoa.csv").unlink()
    (quarantine / "ncoa.csv.reason.txt").rename(hospital.home / "inbox" / "ncoa.csv.reason.txt")
    drop(hospital, "ncoa.csv", text.strip())
    (file,) = track(hospital, code=3)["files"]
    assert (file["news"], file["unchanged"], file["put_in"]) == (1, 1, "address-changes")
    shown = (tasks / "ncoa.csv").read_text(encoding="utf-8")
    assert good in shown
    assert bad in shown


def test_address_changes__file_put_back_unread_is_a_task_again(hospital: Hospital) -> None:
    drop(hospital, "ncoa.csv", MOVES_HEADER, f"{pieces(hospital)[0][0]},I,{MOVED}")
    track(hospital, code=3)
    task = hospital.home / "inbox" / "address-changes" / "ncoa.csv"
    (hospital.home / "inbox" / "again.csv").write_bytes(task.read_bytes())
    assert [file["put_in"] for file in track(hospital, code=3)["files"]] == ["done"], "the task is there already"
    task.rename(hospital.home / "inbox" / "ncoa.csv")
    assert [file["put_in"] for file in track(hospital, code=3)["files"]] == ["address-changes"]


@pytest.mark.parametrize(
    ("on", "message"),
    [
        pytest.param(
            "1999-11-08", "was handed off on 2026-11-07, so it cannot have been mailed on 1999-11-08", id="1999"
        ),
        pytest.param("2099-11-08", "cannot have been mailed on 2099-11-08: that is in the future", id="2099"),
        pytest.param("2026-11-05", "was handed off on 2026-11-07", id="two-days-before"),
        pytest.param("2026-11-06", "", id="day-before-in-another-time-zone"),
        pytest.param("2026-11-09", "in the future", id="day-after-tomorrow"),
        pytest.param("0001-01-01", "was handed off", id="first-day"),
        pytest.param("9999-12-31", "in the future", id="last-day"),
        pytest.param("2026-11-07", "", id="same-day"),
        pytest.param("2026-11-08", "", id="tomorrow"),
    ],
)
def test_dates__lie_between_hand_off_and_tomorrow(hospital: Hospital, on: str, message: str) -> None:
    (document, file), *_ = pieces(hospital)
    (_, count) = hospital.ledger("SELECT sha256, json_array_length(documents) FROM print_file WHERE name = ?", file)[0]
    sha256 = hospital.ledger("SELECT sha256 FROM print_file WHERE name = ?", file)[0][0]
    drop(
        hospital,
        "1.csv",
        "print_file,status,records,pdf_sha256,received_on,reason",
        f"{file},accepted,{count},{sha256},{on},",
    )
    drop(hospital, "2.csv", MAILED_HEADER, f"{document},{file},{on},J")
    drop(hospital, "3.csv", "print_file,pieces,mailed_on,job_id", f"{file},{count},{on},J")
    drop(hospital, "4.csv", RETURNED_HEADER, f"{document},{on},UTF")
    tracked = track(hospital)
    assert {item["put_in"] for item in tracked["files"]} == {"quarantine" if message else "done"}
    assert states(hospital)[document] == ("sent" if message else "returned")
    if message:
        assert message in reasons(hospital, "2.csv")
        assert not hospital.ledger("SELECT 1 FROM correspondence WHERE last_on = ? OR first_on = ?", on, on)


def test_returned_mail__not_before_it_was_mailed(hospital: Hospital) -> None:
    document, file = pieces(hospital)[0]
    drop(hospital, "1.csv", MAILED_HEADER, f"{document},{file},2026-11-08,J")
    drop(hospital, "2.csv", RETURNED_HEADER, f"{document},2026-11-07,UTF")
    track(hospital, code=3)
    assert states(hospital)[document] == "mailed"
    assert "was mailed on 2026-11-08, so it cannot have been returned on 2026-11-07" in reasons(hospital, "2.csv")


def test_date_of_the_day_before_the_hand_off__clocks_start_with_the_hand_off(hospital: Hospital) -> None:
    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital, on="2026-11-06"))
    assert [file["put_in"] for file in track(hospital)["files"]] == ["done"]
    mailed = "SELECT DISTINCT mailed_on FROM document WHERE channel = 'print' AND state = 'handed_off'"
    assert hospital.ledger(mailed) == [("2026-11-07",)]
    assert hospital.ledger("SELECT 1 FROM correspondence WHERE first_on < '2026-11-07'") == []


def test_address_change__about_a_document_that_was_never_printed(hospital: Hospital) -> None:
    rows = [f"{document},I,{MOVED}" for document in (hospital.emailed()[0], pieces(hospital)[0][0])]
    drop(hospital, "ncoa.csv", MOVES_HEADER, *rows)
    (file,) = track(hospital, code=3)["files"]
    assert (file["news"], file["quarantined"], file["put_in"]) == (1, 1, "quarantine")
    assert "line 2" in reasons(hospital, "ncoa.csv")
    assert "never handed off on paper" in reasons(hospital, "ncoa.csv")
    assert (
        hospital.ledger("SELECT 1 FROM event WHERE subject = ? AND what = 'address change'", hospital.emailed()[0])
        == []
    )


@pytest.mark.parametrize("on", ["1999-01-01", "2099-01-01"])
def test_address_change__of_an_impossible_date(hospital: Hospital, on: str) -> None:
    row = f"{pieces(hospital)[0][0]},I,{on},A,99 New Street,,Boston,MA,02110"
    drop(hospital, "ncoa.csv", MOVES_HEADER, row)
    assert [file["put_in"] for file in track(hospital, code=3)["files"]] == ["quarantine"]
    assert f"a move on {on} is not possible" in reasons(hospital, "ncoa.csv")


def test_vendor__reports_only_on_pieces_that_it_holds(hospital: Hospital) -> None:
    """Lob's event about a letter that another vendor prints."""
    document, _ = pieces(hospital)[0]
    event = (
        '{"id":"evt_1","object":"event","date_created":"2026-11-08T10:00:00Z","event_type":{"id":"letter.failed"},'
        f'"body":{{"metadata":{{"document_id":"{document}"}}}}}}'
    )
    drop(hospital, "lob.json", event)
    assert [file["put_in"] for file in track(hospital, code=3)["files"]] == ["quarantine"]
    assert "was handed to another vendor (file)" in reasons(hospital, "lob.json")
    assert states(hospital)[document] == "sent"


def reject_all(hospital: Hospital, name: str = "rejects.csv") -> int:
    rows = [f"{document},{file},{TOMORROW},FONTS" for document, file in pieces(hospital)]
    drop(hospital, name, "document_id,print_file,rejected_on,reason", *rows)
    return len(rows)


def test_reversals__more_than_a_handful_wait_for_a_person(hospital: Hospital) -> None:
    count = reject_all(hospital)
    assert count > 5
    tracked = track(hospital, code=3)
    assert [(file["put_in"], file["news"], file["quarantined"]) for file in tracked["files"]] == [("waiting", 0, count)]
    assert set(states(hospital).values()) == {"sent"}
    assert f"{count} pieces as rejected or returned" in reasons(hospital, "rejects.csv", "waiting")
    assert "--accept" in str(tracked["alerts"])
    assert "waiting/rejects.csv" in call(hospital, "exceptions", "--json", code=None).out
    assert track(hospital, code=3)["files"] == []

    assert "--reason" in call(hospital, "track", "--accept", "rejects.csv", code=2).err
    assert "Files that wait: rejects.csv" in call(hospital, "track", "--accept", "x", "--reason", "y", code=2).err
    accepted = track(hospital, "--accept", "rejects.csv", "--reason", "vendor confirmed by phone")
    assert [(file["put_in"], file["news"]) for file in accepted["files"]] == [("done", count)]
    assert set(states(hospital).values()) == {"rejected"}
    query = "SELECT actor, why FROM event WHERE what = 'reversals accepted' AND subject = 'rejects.csv'"
    ((actor, why),) = hospital.ledger(query)
    assert actor not in {"", "service"}
    assert re.fullmatch(r"vendor confirmed by phone \(SHA-256 [0-9a-f]{64}\)", why)
    assert list((hospital.home / "inbox" / "waiting").iterdir()) == []


@pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="nothing")
def test_reversals__rejected_print_file_has_the_right_hash_and_waits(hospital: Hospital) -> None:
    (name, sha256), *_ = hospital.ledger("SELECT name, sha256 FROM print_file")
    count = sum(file == name for _, file in pieces(hospital))
    header = "print_file,status,records,pdf_sha256,received_on,reason"
    drop(hospital, "hash.csv", header, f"{name},rejected,{count},{'0' * 64},{TOMORROW},FONTS")
    drop(hospital, "count.csv", header, f"{name},rejected,{count - 1},{sha256},{TOMORROW},FONTS")
    drop(hospital, "right.csv", header, f"{name},rejected,{count},{sha256},{TOMORROW},FONTS")
    tracked = track(hospital, code=3)
    assert {file["name"]: file["put_in"] for file in tracked["files"]} == {
        "count.csv": "quarantine",
        "hash.csv": "quarantine",
        "right.csv": "waiting",
    }
    assert set(states(hospital).values()) == {"sent"}
    assert "different bytes" in reasons(hospital, "hash.csv")
    assert f"the vendor counts {count - 1}" in reasons(hospital, "count.csv")
    assert hospital.ledger("SELECT count(*) FROM document WHERE channel = 'print' AND mailed_on IS NULL") == [(0,)]


def test_reversals__many_small_files_wait_too(hospital: Hospital) -> None:
    for number, (document, file) in enumerate(pieces(hospital)):
        row = f"{document},{file},{TOMORROW},FONTS"
        drop(hospital, f"{number:02}.csv", "document_id,print_file,rejected_on,reason", row)
    put_in = [file["put_in"] for file in track(hospital, code=3)["files"]]
    assert put_in == ["done"] * 5 + ["waiting"] * (len(pieces(hospital)) - 5)


def test_print_file_name__in_another_letter_case_and_with_its_suffix(hospital: Hospital) -> None:
    rows = [f"{document.upper()},{file.lower()}.pdf,{TOMORROW},J-1" for document, file in pieces(hospital)]
    drop(hospital, "mailed.csv", MAILED_HEADER.upper(), *rows)
    assert [file["put_in"] for file in track(hospital)["files"]] == ["done"]
    assert set(states(hospital).values()) == {"mailed"}


def test_transfer_that_did_not_finish__is_told_after_a_day(hospital: Hospital) -> None:
    path = drop(hospital, "mailed.csv.part", MAILED_HEADER)
    assert track(hospital, code=0)["alerts"] == []
    age(path, 24 * 3_600)
    (alert,) = track(hospital, code=3)["alerts"]
    assert "has had a temporary name for a day" in alert["message"]
    assert path.exists()


@pytest.mark.parametrize("name", ["a.csv", "a.eml"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(MemoryError(), "larger or more deeply nested", id="memory"),
        pytest.param(RecursionError(), "larger or more deeply nested", id="recursion"),
        pytest.param(KeyError("Ana Garcia"), "The program failed while reading a file (KeyError", id="bug"),
        pytest.param(None, "The file takes more than 0.05 seconds to read", id="time"),
    ],
)
def test_parser_that_fails__costs_one_file(
    hospital: Hospital, name: str, error: Exception | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(hospital, name, "poison")
    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital))
    monkeypatch.setattr(operation, "PARSE_SECONDS_MAX", 0.05)
    for parser in ("read_delivery_reports", "read_message"):
        monkeypatch.setattr(operation, parser, _failing_on_poison(getattr(operation, parser), error))
    result = call(hospital, "track", "--json", code=3)
    assert {file["name"]: file["put_in"] for file in result.json["files"]} == {name: "quarantine", "mailed.csv": "done"}
    assert reason in reasons(hospital, name)
    assert "Garcia" not in reasons(hospital, name) + result.out + result.err


def test_evidence_that_takes_too_long__costs_one_message(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(hospital, "a.eml", "poison")
    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital))
    monkeypatch.setattr(operation, "PARSE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(operation, "read_evidence", _failing_on_poison(read_evidence, None))
    put_in = {file["name"]: file["put_in"] for file in track(hospital, code=3)["files"]}
    assert put_in == {"a.eml": "quarantine", "mailed.csv": "done"}


def _failing_on_poison(parse: Callable[..., Any], error: Exception | None) -> Callable[..., Any]:
    """A parser that raises the error, or never ends, for one file."""

    def read(data: bytes, *rest: object) -> Any:
        while data.startswith(b"poison"):
            if error is not None:
                raise error
        return parse(data, *rest)

    return read


def test_archive_that_cannot_be_written__blocks_the_closing_and_stops_no_alert(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ArchiveError("the archive cannot be written")

    drop(hospital, "mailed.csv", MAILED_HEADER, *mailed_rows(hospital))
    drop(hospital, "poem.txt", "Shall I compare thee")
    monkeypatch.setattr(operation, "close_batch", refuse)
    alerts = {alert["code"]: alert["message"] for alert in track(hospital, code=3)["alerts"]}
    assert set(alerts) == {"CLOSE_BLOCKED", "REVIEW_INBOX"}
    assert f"batch {BATCH} is complete and was not closed: the archive cannot be written" in alerts["CLOSE_BLOCKED"]
    monkeypatch.undo()
    assert track(hospital, code=3)["closed"] == [BATCH]
