"""The billing system is told once of every mailing, return, and hold, also when the service is killed in between."""

from __future__ import annotations

import csv
import hashlib
import json
import signal
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from statement_builder.archive import open_archive
from tests.commands import BATCH, call
from tests.e2e.test_tracking import return_mail
from tests.hospital import Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

pytestmark = pytest.mark.hospital("mailed", guarantors=40)


def with_write_back(hospital: Hospital, url: str = "") -> Hospital:
    settings = hospital.home / "statements.toml"
    url = url or f"file://{folder_of(hospital)}"
    text = settings.read_text(encoding="utf-8").replace("[source]\n", f'[source]\nwrite_back = "{url}"\n')
    settings.write_text(text, encoding="utf-8")
    folder_of(hospital).mkdir(exist_ok=True)
    return hospital


def folder_of(hospital: Hospital) -> Path:
    return hospital.home / "billing-inbox"


def lines_of(hospital: Hospital) -> list[dict[str, str]]:
    """The lines of every file with a control file: what the billing system takes in."""
    found = []
    for control in sorted(folder_of(hospital).glob("*.ctl")):
        facts = json.loads(control.read_text(encoding="utf-8"))
        (file,) = facts["files"]
        data = (folder_of(hospital) / file["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        mine = list(csv.DictReader(data.decode().splitlines()))
        assert facts["records"] == len(mine)
        mailed = {line["document"]: int(line["amount_cents"]) for line in mine if line["event"] == "mailed"}
        assert facts["cents"] == sum(mailed.values())
        found += mine
    return found


def expected_mailed(hospital: Hospital) -> Counter[tuple[str, str, str]]:
    rows = hospital.ledger(
        "SELECT d.document_id, a.account_number, d.mailed_on FROM document AS d JOIN document_account AS a"
        " USING (document_id) WHERE d.mailed_on IS NOT NULL"
    )
    return Counter(rows)


def mailed(hospital: Hospital) -> Counter[tuple[str, str, str]]:
    return Counter(
        (each["document"], each["account"], each["on"]) for each in lines_of(hospital) if each["event"] == "mailed"
    )


def test_write_back__has_every_mailing_and_hold_once(hospital: Hospital) -> None:
    with_write_back(hospital)
    for _ in range(2):
        call(hospital, "track")
        assert mailed(hospital) == expected_mailed(hospital)
        held = [
            (each["guarantor"], each["account"], each["hold"]) for each in lines_of(hospital) if each["event"] == "held"
        ]
        assert Counter(held) == Counter(hospital.ledger("SELECT subject, account_number, code FROM candidate_hold"))
    assert len(mailed(hospital)) > 10
    assert len(list(folder_of(hospital).glob("*.ctl"))) == 1


def test_write_back__says_where_the_pdf_is(hospital: Hospital) -> None:
    with_write_back(hospital)
    call(hospital, "track")
    line = next(each for each in lines_of(hospital) if each["event"] == "mailed")
    root, _, key = line["archive_object"].partition("/packs/")
    with open_archive(root) as archive:
        pack = archive.get(f"packs/{key}")
    start = int(line["archive_offset"])
    pdf = pack[start : start + int(line["archive_length"])]
    assert hashlib.sha256(pdf).hexdigest() == line["sha256"]
    assert (line["batch"], line["kind"], line["level"] in {"0", "1"}) == (BATCH, "statement", True)


def test_write_back__a_return_follows_in_a_file_of_its_own(hospital: Hospital) -> None:
    with_write_back(hospital)
    call(hospital, "track")
    before = lines_of(hospital)
    document = hospital.manifest_rows()[0]["document_id"]
    return_mail(hospital, document)
    call(hospital, "track", code=None)
    call(hospital, "track", code=None)
    new = lines_of(hospital)[len(before) :]
    ((accounts,),) = hospital.ledger("SELECT count(*) FROM document_account WHERE document_id = ?", document)
    assert [(each["event"], each["document"]) for each in new if each["event"] == "returned"] == [
        ("returned", document)
    ] * accounts
    assert {each["event"] for each in new} <= {"returned", "held"}


def test_write_back__killed_at_any_moment_is_written_once(hospital: Hospital, tmp_path: Path) -> None:
    def copy(name: str) -> Hospital:
        return with_write_back(hospital.copy_to(tmp_path / name))

    whole = copy("whole")
    assert run_killed_at(whole, 0, "track") == 0
    moments = len(passed_moments(whole))
    assert moments >= 6
    for moment in moments_to_kill_at(moments - 1):
        killed = copy(f"killed-{moment}")
        assert run_killed_at(killed, moment, "track") == -signal.SIGKILL
        killed.statements("track")
        assert mailed(killed) == expected_mailed(killed), moment
        assert len(lines_of(killed)) == len(lines_of(whole)), moment
        assert list(folder_of(killed).glob("*.part")) == [], moment


def test_write_back__folder_that_is_gone_is_an_alert_and_the_next_run_writes(hospital: Hospital) -> None:
    with_write_back(hospital)
    folder = folder_of(hospital)
    folder.rmdir()
    folder.write_text("in the way")
    result = call(hospital, "track", "--json", code=None).json
    assert [each["code"] for each in result["alerts"]] == ["UNREACHABLE"]
    folder.unlink()
    folder.mkdir()
    call(hospital, "track")
    assert mailed(hospital) == expected_mailed(hospital)


def test_write_back__another_file_of_the_name_is_not_taken_for_ours(hospital: Hospital) -> None:
    with_write_back(hospital)
    call(hospital, "track")
    (control,) = folder_of(hospital).glob("*.ctl")
    text = control.read_text(encoding="utf-8")
    database = hospital.home / "ledger.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE write_back_file SET state = 'claimed'")
    connection.close()
    control.write_text(text.replace('"records": ', '"records": 9'), encoding="utf-8")
    result = call(hospital, "track", "--json", code=None).json
    assert "another file" in result["alerts"][0]["message"]


def test_doctor__writes_to_the_folder(hospital: Hospital) -> None:
    findings = {each["part"]: each for each in call(hospital, "doctor", "--json", code=None).json}
    assert "nothing is written back" in findings["write-back"]["message"]
    with_write_back(hospital)
    findings = {each["part"]: each for each in call(hospital, "doctor", "--json", code=None).json}
    assert findings["write-back"]["message"] == "file: can be written to"


@pytest.mark.hospital("waiting", guarantors=40)
def test_write_back__says_nothing_before_the_hand_off(hospital: Hospital) -> None:
    with_write_back(hospital)
    call(hospital, "track")
    assert list(folder_of(hospital).iterdir()) == []
