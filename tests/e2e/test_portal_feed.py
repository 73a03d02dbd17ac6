"""The portal feed: every document that left for its guarantor is published once, and the counts foot."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mail_house.portal import PORTAL_KEY, portal_token
from mail_house.secret import KeyRing
from statement_builder.archive import open_archive
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

BATCH = f"{CYCLE}-statement"
KEY = "0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"
pytestmark = pytest.mark.hospital("waiting", guarantors=40)


def with_portal(hospital: Hospital, *, url: str = "", documents: str = "archive") -> Hospital:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", f'[mail]\nportal_documents = "{documents}"\n')
    settings.write_text(text, encoding="utf-8")
    portal = url or f"file://{hospital.home / 'portal'}"
    return Hospital(hospital.home, {"STATEMENTS_PORTAL": portal, PORTAL_KEY: KEY})


def feed_lines(hospital: Hospital) -> list[dict[str, Any]]:
    """The lines of every feed file with a control file: what the portal takes in."""
    folder, lines = hospital.home / "portal", []
    for control in sorted(folder.glob("*.ctl")):
        facts = json.loads(control.read_text(encoding="utf-8"))
        for file in facts["files"]:
            data = (folder / file["file"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        data = (folder / facts["files"][0]["file"]).read_bytes()
        mine = [json.loads(line) for line in data.splitlines()]
        assert facts["records"] == len(mine)
        assert facts["cents"] == sum(line["amount_cents"] for line in mine if line["action"] == "show")
        lines += mine
    return lines


def handed_off(hospital: Hospital) -> dict[str, tuple[Any, ...]]:
    rows = hospital.ledger(
        "SELECT document_id, guarantor_id, amount_cents, due_on, language, sha256 FROM document"
        " WHERE batch_id = ? AND state = 'handed_off' AND guarantor_id NOT LIKE '%+%'",
        BATCH,
    )
    return {row[0]: row[1:] for row in rows}


def sheet(hospital: Hospital) -> Any:
    return hospital.statements("report", "control", BATCH, "--json").json


def test_feed__has_every_document_that_left_once_and_foots(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    lines = feed_lines(hospital)
    by_document = {line["document"]: line for line in lines}
    assert len(by_document) == len(lines) > 0
    expected = handed_off(hospital)
    assert {
        document: tuple(line[name] for name in ("guarantor", "amount_cents", "due_on", "language", "sha256"))
        for document, line in by_document.items()
    } == expected
    assert all(due_on for _, _, due_on, _, _ in expected.values())
    control = sheet(hospital)
    (gate,) = [each for each in control["gates"] if "portal" in each["name"]]
    assert gate["verdict"] == "foots"
    assert gate["documents_in"] == control["counts"]["handed_off"]
    assert gate["cents_in"] == control["cents"]["handed_off"]
    assert sum(file["documents"] for file in control["portal_files"]) == len(lines)
    assert control["state"] == "closed"


def test_feed__has_no_name_address_or_account(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    text = json.dumps(feed_lines(hospital))
    names = {row[0] for row in hospital.sql("SELECT last_name FROM guarantor WHERE length(last_name) > 5")}
    accounts = {row[0] for row in hospital.sql("SELECT account_number FROM encounter")}
    assert names
    assert accounts
    assert [each for each in names | accounts if each in text] == []


@pytest.mark.hospital("new", guarantors=40)
def test_feed__leaves_out_what_goes_to_another_recipient(hospital: Hospital) -> None:
    """The portal shows a guarantor's documents: one that goes to somebody else instead is not among them."""
    hospital.sql(
        "INSERT INTO contact (contact_id, guarantor_id, kind, name, address_lines, city, state, postal_code, country,"
        " large_print, delivery) SELECT 'K1', guarantor_id, 'attorney', 'Reyes & Cole LLP', 'PO Box 4471', 'Larchmere',"
        " 'MA', '01944', 'US', 0, 'paper' FROM guarantor ORDER BY guarantor_id LIMIT 15"
    )
    hospital = with_portal(hospital)
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    others = hospital.ledger("SELECT document_id FROM document WHERE state = 'handed_off' AND guarantor_id LIKE '%+%'")
    assert others
    published = {line["document"] for line in feed_lines(hospital)}
    assert published == handed_off(hospital).keys()
    assert published.isdisjoint(document for (document,) in others)
    (gate,) = [each for each in sheet(hospital)["gates"] if "portal" in each["name"]]
    assert (gate["verdict"], gate["documents_out"]) == ("foots", len(published) + len(others))


@pytest.mark.hospital("new", guarantors=40)
def test_email__what_the_portal_does_not_show_to_its_reader_is_printed(hospital: Hospital) -> None:
    hospital.sql(
        "INSERT INTO contact (contact_id, guarantor_id, kind, name, address_lines, city, state, postal_code, country,"
        " large_print, delivery, email, email_consent_at) SELECT 'K1', guarantor_id, 'attorney', 'Reyes & Cole LLP',"
        " 'PO Box 4471', 'Larchmere', 'MA', '01944', 'US', 0, 'email', 'office@reyescole.example',"
        " '2026-01-05T15:00:00+00:00' FROM guarantor ORDER BY guarantor_id LIMIT 15"
    )
    hospital = with_portal(hospital)
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    others = hospital.ledger("SELECT document_id FROM document WHERE state = 'handed_off' AND guarantor_id LIKE '%+%'")
    printed = [row["document_id"] for row in hospital.manifest_rows()]
    assert others
    assert [printed.count(document) for (document,) in others] == [1] * len(others)
    assert hospital.emailed()
    assert set(hospital.emailed()) <= {line["document"] for line in feed_lines(hospital)}
    whys = hospital.ledger("SELECT DISTINCT why FROM event WHERE what = 'channel print'")
    assert ("the portal does not show it",) in whys


def test_email__of_a_kind_that_is_not_on_the_portal_is_printed(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", '[mail]\nportal_kinds = ["dunning"]\n')
    settings.write_text(text, encoding="utf-8")
    hospital.statements("release", BATCH)
    assert hospital.emailed() == []
    assert len(hospital.manifest_rows()) == len(handed_off(hospital)) > 0


def test_feed__says_where_the_archive_has_the_pdf(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    line = feed_lines(hospital)[0]
    data = Path(line["archive"]["object"].removeprefix("file://")).read_bytes()
    start = line["archive"]["offset"]
    pdf = data[start : start + line["archive"]["length"]]
    assert hashlib.sha256(pdf).hexdigest() == line["sha256"]
    assert line["pdf"] == ""
    assert line["token"] == portal_token(KeyRing([KEY]), line["document"])


def test_feed__brings_the_pdfs_where_the_portal_cannot_reach_the_archive(hospital: Hospital) -> None:
    hospital = with_portal(hospital, documents="zip")
    hospital.statements("release", BATCH)
    (archive,) = (hospital.home / "portal").glob("*.zip")
    lines = feed_lines(hospital)
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as pdfs:
        assert sorted(pdfs.namelist()) == sorted(line["pdf"] for line in lines)
        for line in lines:
            assert hashlib.sha256(pdfs.read(line["pdf"])).hexdigest() == line["sha256"]
            assert line["archive"] is None


def test_feed__in_a_bucket(hospital: Hospital, s3_url: str) -> None:
    hospital = with_portal(hospital, url=s3_url)
    hospital.statements("release", BATCH)
    with open_archive(s3_url) as bucket:
        (file,) = sheet(hospital)["portal_files"]
        control = json.loads(bucket.get(f"{file['name']}.ctl"))
        lines = bucket.get(control["files"][0]["file"]).splitlines()
    assert len(lines) == len(handed_off(hospital))


def test_feed__follows_a_correction_and_ignores_a_copy(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    first = feed_lines(hospital)
    document = first[0]["document"]
    hospital.statements("reprint", first[1]["document"], "--reason", "lost")
    assert feed_lines(hospital) == first
    account = hospital.ledger("SELECT min(account_number) FROM document_account WHERE document_id = ?", document)[0][0]
    guarantor = first[0]["guarantor"]
    hospital.sql("UPDATE guarantor SET last_name = 'Corrected' WHERE guarantor_id = ?", guarantor)
    assert account
    hospital.statements("correct", document, "--reason", "wrong name", code=None)
    (added,) = feed_lines(hospital)[len(first) :]
    assert (added["replaces"], added["guarantor"], added["action"]) == (document, guarantor, "show")


def withdrawn(hospital: Hospital) -> list[str]:
    return [line["document"] for line in feed_lines(hospital) if line["action"] == "withdraw"]


def make_due_again(hospital: Hospital, document: str) -> None:
    """As an e-mail that bounced: the document was handed off, and waits for its redelivery."""
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute("UPDATE delivery SET state = 'bounced' WHERE document_id = ?", (document,))
        connection.execute(
            "INSERT INTO redelivery (document_id, since, readdressed) VALUES (?, '2026-11-07T16:00:00+00:00', 0)",
            (document,),
        )
    connection.close()


def test_void__of_a_redelivery_withdraws_the_document(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    document = hospital.emailed()[0]
    make_due_again(hospital, document)
    hospital.statements("void", document, "--reason", "wrong person")
    assert withdrawn(hospital) == [document]
    hospital.statements("track", code=None)
    assert withdrawn(hospital) == [document]


def test_void__while_the_portal_is_down_is_withdrawn_by_the_next_track(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.statements("release", BATCH)
    document = hospital.emailed()[0]
    make_due_again(hospital, document)
    folder, aside = hospital.home / "portal", hospital.home / "aside"
    folder.rename(aside)
    folder.write_text("a file where the folder should be", encoding="utf-8")
    assert "still shows it" in hospital.statements("void", document, "--reason", "wrong person").out
    folder.unlink()
    aside.rename(folder)
    # As after a crash between the cancellation and the claim of the feed file.
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        (name,) = connection.execute("SELECT portal_file FROM portal_document WHERE action = 'withdraw'").fetchone()
        connection.execute("DELETE FROM portal_document WHERE portal_file = ?", (name,))
        connection.execute("DELETE FROM portal_file WHERE name = ?", (name,))
    connection.close()
    hospital.statements("track", code=None)
    assert withdrawn(hospital) == [document]


def test_feed__portal_down_leaves_the_mail_sent_and_a_rerun_publishes(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    blocker = hospital.home / "portal"
    blocker.write_text("a file where the folder should be", encoding="utf-8")
    hospital.statements("release", BATCH, code=1)
    sent = len(hospital.manifest_rows()), hospital.emailed()
    assert sent[0]
    assert hospital.statements("show", BATCH, "--json").json["state"] == "handing_off"
    assert hospital.statements("track", "--json", code=3).json["alerts"][0]["code"] == "UNREACHABLE"
    blocker.unlink()
    assert hospital.statements("track", "--json", code=0).json["closed"] == [BATCH]
    assert {line["document"] for line in feed_lines(hospital)} == handed_off(hospital).keys()
    assert (len(hospital.manifest_rows()), hospital.emailed()) == sent


@pytest.mark.hospital("mailed", guarantors=40)
def test_feed__a_batch_that_closed_before_stays_unpublished(hospital: Hospital) -> None:
    document = hospital.manifest_rows()[0]["document_id"]
    hospital = with_portal(hospital)
    hospital.statements("reprint", document, "--reason", "lost")
    hospital.statements("track")
    assert feed_lines(hospital) == []


def test_doctor__writes_to_the_portal_and_leaves_nothing(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    findings = {each["part"]: each for each in hospital.statements("doctor", "--json", code=None).json}
    assert findings["portal"]["ok"]
    assert list((hospital.home / "portal").iterdir()) == []
    hospital.environ[PORTAL_KEY] = "short"
    findings = {each["part"]: each for each in hospital.statements("doctor", "--json", code=1).json}
    assert not findings["portal"]["ok"]
    assert PORTAL_KEY in findings["portal"]["message"]


def test_feed__requires_a_key(hospital: Hospital) -> None:
    hospital = with_portal(hospital)
    hospital.environ[PORTAL_KEY] = ""
    assert PORTAL_KEY in hospital.statements("release", BATCH, code=2).err
    assert hospital.manifest_rows() == []


def test_feed__killed_at_any_moment_is_published_once(hospital: Hospital, tmp_path: Path) -> None:
    def release_killed_at(killed: Hospital, moment: int) -> int:
        run_killed_at(killed, moment, "release", BATCH)
        return len(passed_moments(killed))

    def copy(name: str) -> Hospital:
        copied = hospital.copy_to(tmp_path / name)
        return with_portal(copied, documents="zip")

    moments = release_killed_at(copy("whole"), 0)
    assert moments > 20
    late = moments // 2  # the feed follows the mail, which tests/faults kills at every moment
    for moment in moments_to_kill_at(moments - 1, first=late):
        killed = copy(f"killed-{moment}")
        release_killed_at(killed, moment)
        killed.statements("rerun", BATCH)
        published = [line["document"] for line in feed_lines(killed)]
        assert sorted(published) == sorted(handed_off(killed)), moment
        assert {gate["verdict"] for gate in sheet(killed)["gates"]} == {"foots"}, moment
        assert list((killed.home / "portal").glob("*.part")) == [], moment
