"""Purge: what is past its retention period is gone, what anybody still needs stays, and the figures still foot."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from mail_house.portal import PORTAL_KEY
from statement_builder.ledger import Ledger
from tests.commands import BATCH, call, error_message
from tests.hospital import Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.hospital("mailed", guarantors=40)

LATER = "2037-06-01T12:00:00+00:00"
"""More than ten years after the mailing."""
FACTS = "SELECT at, actor, batch_id, subject, what, detail, hash FROM event ORDER BY event_id"
TEXTS_ABOUT_DOCUMENTS = (
    "SELECT why FROM event JOIN document ON subject = document_id WHERE why <> '' OR data IS NOT NULL"
)
TEXTS_ABOUT_BATCH = "SELECT why FROM event WHERE subject = batch_id ORDER BY event_id"
PURGE = ("purge", "--before", "2030-01-01", "--json")


def at(hospital: Hospital, clock: str = LATER, **environ: str) -> Hospital:
    """The same hospital at another time."""
    return Hospital(hospital.home, {**hospital.environ, "STATEMENTS_CLOCK": clock, **environ})


def change_ledger(hospital: Hospital, statement: str, *values: object) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def settle_disputes(hospital: Hospital) -> None:
    """As if the last decision about every guarantor had found nothing that is not settled."""
    change_ledger(hospital, "UPDATE candidate_hold SET code = 'MINBAL'")


@pytest.fixture
def old(hospital: Hospital) -> Hospital:
    settle_disputes(hospital)
    return at(hospital)


def mail_files(hospital: Hospital) -> list[Path]:
    """Every file with a patient's mail or data, outside the billing database and the ledger."""
    folders = ("archive/packs", "archive/snapshots", "archive/links", "outbox", "inbox")
    found = (path for each in folders for path in (hospital.home / each).rglob("*") if path.is_file())
    return sorted(path for path in found if path.name != ".statements-installation")


def the_batch(result: Any) -> Any:
    (found,) = (each for each in result["batches"] if each["batch"] == BATCH)
    return found


def reasons(result: Any) -> str:
    return "; ".join(each["reason"] for each in the_batch(result)["kept"])


def test_purge__files_are_gone_and_the_figures_still_foot(old: Hospital) -> None:
    before = call(old, "show", BATCH, "--json").json
    document = old.ledger("SELECT document_id, sha256, amount_cents FROM document WHERE state <> 'error'")[0]
    clocks = old.ledger("SELECT * FROM correspondence ORDER BY 1, 2, 3")
    with Ledger.open(f"sqlite:///{old.home / 'ledger.db'}") as ledger:
        said = "The daughter called: he moved in with her."
        ledger.events.record(
            BATCH, document[0], what="note", why=said, actor="ana", at=datetime(2026, 12, 1, tzinfo=UTC)
        )
    events, about_batch = old.ledger(FACTS), old.ledger(TEXTS_ABOUT_BATCH)
    assert (said,) in old.ledger(TEXTS_ABOUT_DOCUMENTS)
    snapshot = next((old.home / "archive" / "snapshots").rglob("*.gz"))
    shutil.copy(snapshot, snapshot.with_name(f".{snapshot.name}.x1y2.part"))  # as a killed writer leaves it
    assert len(mail_files(old)) > 5
    result = call(old, *PURGE).json
    assert mail_files(old) == []
    assert (the_batch(result)["shards"], the_batch(result)["kept"]) == (1, [])
    assert the_batch(result)["files"] > 4
    after = call(old, "show", BATCH, "--json").json
    assert after["foots"]
    assert (after["counts"], after["cents"], after["state"]) == (before["counts"], before["cents"], "closed")
    assert call(old, "report", "control", BATCH, "--kept", "--json").json["batch"] == BATCH
    found = call(old, "find", document[0], "--json").json[0]
    assert (found["document"], found["sha256"], found["amount_cents"]) == document
    assert clocks
    assert old.ledger("SELECT * FROM correspondence ORDER BY 1, 2, 3") == clocks
    now = old.ledger(FACTS)
    assert now[: len(events)] == events, "who did what to what, and when, never changes"
    assert [row[4] for row in now[len(events) :] if row[4] != "accessed"] == ["purged", "redacted", "purge"]
    assert all(row[1] for row in now[len(events) :]), "who purged"
    assert old.ledger(TEXTS_ABOUT_DOCUMENTS) == []
    assert old.ledger(TEXTS_ABOUT_BATCH)[: len(about_batch)] == about_batch
    (log,) = [row for row in call(old, "doctor", "--json", code=None).json if row["part"] == "event log"]
    assert log["ok"]


@pytest.mark.hospital("waiting", guarantors=40)
def test_purge__deletes_our_feed_files_and_keeps_their_control_files(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", '[mail]\nportal_documents = "zip"\n')
    settings.write_text(text, encoding="utf-8")
    portal = hospital.home / "portal"
    environ = {"STATEMENTS_PORTAL": f"file://{portal}", PORTAL_KEY: "0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"}
    hospital = Hospital(hospital.home, hospital.environ | environ)
    hospital.statements("release", BATCH)
    (portal / "NOT_OURS.jsonl").write_bytes(b"")
    settle_disputes(hospital)
    assert {path.suffix for path in portal.iterdir()} == {".ctl", ".jsonl", ".zip"}
    result = call(at(hospital), *PURGE).json
    assert the_batch(result)["kept"] == []
    left = [path.name for path in portal.iterdir() if path.suffix != ".ctl" and not path.name.startswith(".")]
    assert left == ["NOT_OURS.jsonl"]
    assert list(portal.glob("*.ctl"))


def test_purge__deletes_our_copies_of_the_write_back(hospital: Hospital) -> None:
    folder, settings = hospital.home / "billing-inbox", hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[source]\n", f'[source]\nwrite_back = "file://{folder}"\n')
    settings.write_text(text, encoding="utf-8")
    folder.mkdir()
    call(hospital, "track")
    (folder / "NOT_OURS.csv").write_bytes(b"")
    settle_disputes(hospital)
    assert {path.suffix for path in folder.iterdir()} == {".ctl", ".csv"}
    result = call(at(hospital), *PURGE).json
    assert the_batch(result)["kept"] == []
    assert [path.name for path in folder.glob("*.csv")] == ["NOT_OURS.csv"]
    assert list(folder.glob("*.ctl"))


@pytest.mark.hospital("mailed", guarantors=90)
def test_purge__ledger_keeps_no_address_reason_or_receipt(old: Hospital) -> None:
    assert old.ledger("SELECT 1 FROM document WHERE postal_key <> ''")
    assert old.ledger("SELECT 1 FROM candidate WHERE faults LIKE '%message%'")
    call(old, *PURGE)
    for query in (
        "SELECT 1 FROM document WHERE postal_key || language || error_message || error_fix <> ''",
        "SELECT 1 FROM candidate WHERE faults <> '[]'",
        "SELECT 1 FROM candidate_hold",
        "SELECT 1 FROM delivery WHERE receipt IS NOT NULL OR readdressed_to <> ''",
        "SELECT 1 FROM print_file WHERE receipt IS NOT NULL",
        "SELECT 1 FROM shard WHERE postal_first || postal_last <> ''",
    ):
        assert old.ledger(query) == [], query
    assert old.ledger("SELECT DISTINCT purged_on FROM shard") == [("2037-06-01",)]


def test_purge__says_so_where_a_purged_document_is_asked_for(old: Hospital, tmp_path: Path) -> None:
    (document,) = old.ledger("SELECT document_id FROM document WHERE state = 'handed_off' LIMIT 1")[0]
    call(old, *PURGE)
    for verb in (("get", document, "-o", str(tmp_path / "x.pdf")), ("resend", document, "--reason", "x")):
        message = error_message(call(old, *verb, code=2))
        assert "was purged on 2037-06-01 after its retention period" in message
    assert call(old, "exceptions", BATCH, "--json").json == []
    assert call(old, "holds", BATCH, "--json").json == []


@pytest.mark.parametrize(
    ("header", "row"),
    [
        pytest.param("document_id,returned_on,return_reason", "2037-05-20,UTF", id="returned"),
        pytest.param("document_id,returned_on,return_reason", "2037-05-20,DEC", id="deceased"),
    ],
)
def test_report_about_a_purged_document__is_quarantined_in_words(old: Hospital, header: str, row: str) -> None:
    (document,) = old.ledger("SELECT document_id FROM delivery WHERE channel = 'print' LIMIT 1")[0]
    call(old, *PURGE)
    before = old.ledger("SELECT * FROM delivery ORDER BY 1, 2"), old.ledger("SELECT * FROM redelivery")
    inbox = old.home / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / "nixies.csv").write_text(f"{header}\r\n{document},{row}\r\n", encoding="utf-8")
    call(old, "track", code=None)
    (reason,) = (inbox / "quarantine").glob("nixies.csv.reason.txt")
    assert "was purged on 2037-06-01 after its retention period" in reason.read_text(encoding="utf-8")
    assert (old.ledger("SELECT * FROM delivery ORDER BY 1, 2"), old.ledger("SELECT * FROM redelivery")) == before


def test_dry_run__says_the_same_and_deletes_nothing(old: Hospital) -> None:
    files, ledger = mail_files(old), (old.home / "ledger.db").read_bytes()
    planned = call(old, *PURGE, "--dry-run").json
    assert mail_files(old) == files
    assert old.ledger("SELECT purged_on FROM shard") == [(None,)]
    assert ledger
    done = call(old, *PURGE).json
    assert {**planned, "dry_run": False} == done


def test_purge__twice_does_nothing_more(old: Hospital) -> None:
    call(old, *PURGE)
    events = old.ledger("SELECT count(*) FROM event")
    again = call(old, *PURGE).json
    assert (the_batch(again)["shards"], the_batch(again)["purged_before"], the_batch(again)["files"]) == (0, 1, 0)
    assert old.ledger("SELECT count(*) FROM event") == events


def test_purge__killed_at_any_moment_is_finished_by_the_next_run(old: Hospital, tmp_path: Path) -> None:
    rehearsal = old.copy_to(tmp_path / "rehearsal")
    run_killed_at(rehearsal, 0, *PURGE)
    moments = len(passed_moments(rehearsal))
    assert moments >= 2
    for moment in moments_to_kill_at(moments):
        killed = old.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *PURGE) != 0
        call(killed, *PURGE)
        assert mail_files(killed) == []
        assert killed.ledger("SELECT count(*) FROM event WHERE what = 'purged'") == [(1,)]
        assert call(killed, "show", BATCH, "--json").json["foots"]


def test_purge__leftovers_of_interrupted_pulls_go_too(old: Hospital) -> None:
    leftover = old.home / "archive" / "snapshots" / BATCH / "007" / "00001.jsonl.gz"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(gzip.compress(b"{}"))
    call(old, *PURGE)
    assert mail_files(old) == []


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        pytest.param("2027-06-01T12:00:00+00:00", "legal clocks run until 2027-0", id="legal-clock"),
        pytest.param("2036-11-06T12:00:00+00:00", "the retention period of 10 years ends on 2036-11-07", id="period"),
    ],
)
def test_purge__keeps_what_is_not_old_enough(old: Hospital, clock: str, reason: str) -> None:
    files = mail_files(old)
    result = call(at(old, clock), "purge", "--before", "2030-01-01", "--json").json
    assert reason in reasons(result)
    assert mail_files(old) == files


def test_purge__before_limits_what_is_looked_at(old: Hospital) -> None:
    files = mail_files(old)
    assert call(old, "purge", "--before", "2026-11-07", "--json").json["batches"] == []
    assert mail_files(old) == files


@pytest.mark.parametrize(
    ("setting", "clock", "is_purged"),
    [
        pytest.param("statement_years = 2", "2029-01-01T12:00:00Z", True, id="shorter"),
        pytest.param("statement_years = 20", LATER, False, id="longer"),
        pytest.param("statement_years = 2\nstate_law_years = 21", LATER, False, id="state-law-is-longer"),
        pytest.param("dunning_years = 20", LATER, True, id="another-kind"),
    ],
)
def test_purge__follows_the_setting_of_the_kind(old: Hospital, setting: str, clock: str, is_purged: bool) -> None:
    path = old.home / "statements.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[retention]\n{setting}\n", encoding="utf-8")
    call(at(old, clock), "purge", "--before", "2028-01-01")
    assert (list((old.home / "archive" / "packs").rglob("*.zip")) == []) == is_purged


@pytest.mark.parametrize("setting", ["statement_years = 0", "dunning_years = 101", "state_law_years = -1"])
def test_retention__impossible_period_is_refused(old: Hospital, setting: str) -> None:
    path = old.home / "statements.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[retention]\n{setting}\n", encoding="utf-8")
    assert f"retention.{setting.partition(' ')[0]} must " in error_message(call(old, *PURGE, code=2))


@pytest.mark.hospital("waiting", guarantors=40)
def test_purge__keeps_an_open_batch(hospital: Hospital) -> None:
    settle_disputes(hospital)
    files = mail_files(hospital)
    result = call(at(hospital), *PURGE).json
    assert "the batch is waiting" in reasons(result)
    assert mail_files(hospital) == files


def test_purge__keeps_what_waits_for_a_decision(old: Hospital) -> None:
    (document,) = old.ledger("SELECT document_id FROM document WHERE state = 'handed_off' LIMIT 1")[0]
    change_ledger(old, "UPDATE delivery SET state = 'uncertain' WHERE document_id = ?", document)
    assert "documents wait for a hand-off or a decision" in reasons(call(old, *PURGE).json)


def test_purge__keeps_an_unsettled_dispute(hospital: Hospital) -> None:
    settle_disputes(hospital)
    change_ledger(hospital, "UPDATE candidate_hold SET code = 'DISPUTE', until = NULL WHERE rowid = 1")
    files = mail_files(hospital)
    assert "hold DISPUTE is not settled" in reasons(call(at(hospital), *PURGE).json)
    assert mail_files(hospital) == files
    change_ledger(hospital, "UPDATE candidate_hold SET until = '2030-01-01' WHERE code = 'DISPUTE'")
    assert the_batch(call(at(hospital), *PURGE).json)["kept"] == []


def make_link(hospital: Hospital, document: str) -> None:
    """A copy for a link that has expired."""
    links = hospital.home / "archive" / "links"
    links.mkdir()
    (links / f"{document}.pdf").write_bytes(b"%PDF")
    os.utime(links / f"{document}.pdf", (1_780_000_000, 1_780_000_000))


SUBJECTS = [
    pytest.param("SELECT batch_id FROM batch", id="batch"),
    pytest.param("SELECT document_id FROM document WHERE state = 'handed_off'", id="document"),
    pytest.param("SELECT guarantor_id FROM document WHERE state = 'handed_off'", id="guarantor"),
    pytest.param(
        "SELECT account_number FROM document_account JOIN document USING (document_id) WHERE state = 'handed_off'",
        id="account",
    ),
    pytest.param("SELECT guarantor_id FROM candidate WHERE outcome = 'held'", id="guarantor-without-a-document"),
]


@pytest.mark.parametrize("query", SUBJECTS)
def test_legal_hold__keeps_everything_about_its_subject(old: Hospital, query: str) -> None:
    (subject,) = old.ledger(f"{query} LIMIT 1")[0]
    call(old, "legal-hold", "place", subject, "--reason", "Case 26-1187, preservation letter")
    (document,) = old.ledger("SELECT document_id FROM document WHERE state = 'handed_off' LIMIT 1")[0]
    if subject != old.ledger("SELECT guarantor_id FROM candidate WHERE outcome = 'held' LIMIT 1")[0][0]:
        make_link(old, document)
    files = mail_files(old)
    assert f"legal hold on {subject}" in reasons(call(old, *PURGE).json)
    assert mail_files(old) == files
    (shown,) = call(old, "legal-hold", "list", "--json").json
    assert (shown["subject"], shown["reason"]) == (subject, "Case 26-1187, preservation letter")
    call(old, "legal-hold", "lift", subject, "--reason", "Case closed")
    assert call(old, "legal-hold", "list", "--json").json == []
    assert the_batch(call(old, *PURGE).json)["kept"] == []
    query = "SELECT what, why FROM event WHERE what LIKE 'legal%' AND subject = ?"
    recorded = old.ledger(query, subject)
    assert recorded == [("legal_hold", "Case 26-1187, preservation letter"), ("legal_hold_lifted", "Case closed")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("place", "NOBODY", "--reason", "x"), "is not a batch, document, guarantor or account", id="unknown"
        ),
        pytest.param(("place", BATCH, "--reason", "  "), "requires a reason", id="no-reason"),
        pytest.param(("lift", BATCH, "--reason", "x"), "has no legal hold", id="none-to-lift"),
    ],
)
def test_legal_hold__refuses(old: Hospital, arguments: tuple[str, ...], message: str) -> None:
    assert message in error_message(call(old, "legal-hold", *arguments, code=2))
    assert old.ledger("SELECT count(*) FROM event WHERE batch_id = 'retention'") == [(0,)]


def test_legal_hold__twice_is_refused(old: Hospital) -> None:
    call(old, "legal-hold", "place", BATCH, "--reason", "one")
    assert "has a legal hold already" in error_message(call(old, "legal-hold", "place", BATCH, "--reason", "2", code=2))


def test_purge__keeps_the_original_of_a_recent_copy(old: Hospital) -> None:
    """A copy mailed yesterday is evidence of what its original said."""
    (document,) = old.ledger(
        "SELECT document_id FROM document WHERE state = 'handed_off' AND channel = 'print' LIMIT 1"
    )[0]
    call(Hospital(old.home, {"STATEMENTS_CLOCK": "2026-11-08T15:00:00+00:00"}), "reprint", document, "--reason", "lost")
    assert old.ledger("SELECT 1 FROM shard WHERE is_reissue = 1")
    change_ledger(
        old,
        "UPDATE delivery SET changed_at = '2037-01-01 00:00:00' WHERE document_id IN "
        "(SELECT document_id FROM document WHERE is_copy = 1)",
    )
    result = call(old, *PURGE).json
    assert "a copy or correction of one of its documents is kept" in reasons(result)
    assert the_batch(result)["shards"] == 0


def test_purge__old_processed_reports_are_deleted_and_others_stay(old: Hospital) -> None:
    done = old.home / "inbox" / "done"
    review = old.home / "inbox" / "unclear"
    for folder in (done, review):
        folder.mkdir(parents=True, exist_ok=True)
        for name, year in (("old.csv", 1_780_000_000), ("new.csv", 2_100_000_000)):
            (folder / name).write_text("x", encoding="utf-8")
            os.utime(folder / name, (year, year))
    assert call(old, *PURGE).json["inbox_files"] == 1
    assert [path.name for path in done.iterdir()] == ["new.csv"]
    assert sorted(path.name for path in review.iterdir()) == ["new.csv", "old.csv"], "a person must review these"


def test_purge__expired_links_are_deleted(old: Hospital) -> None:
    links = old.home / "archive" / "links"
    links.mkdir()
    for name, when in (("expired.pdf", 1_780_000_000), ("valid.pdf", 2_127_470_000)):
        (links / name).write_bytes(b"%PDF")
        os.utime(links / name, (when, when))
    result = call(old, "purge", "--before", "2037-06-01", "--json").json
    assert result["links"] == 1
    assert [path.name for path in links.iterdir()] == ["valid.pdf"]


@pytest.fixture
def on_s3(old: Hospital) -> Iterator[tuple[Hospital, S3Client]]:
    """The same hospital with its archive in a bucket with Object Lock."""
    archive = old.home / "archive"
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
        for path in archive.rglob("*"):
            if path.is_file():
                client.put_object(Bucket="kept", Key=path.relative_to(archive).as_posix(), Body=path.read_bytes())
        shutil.rmtree(archive)
        yield at(old, STATEMENTS_ARCHIVE="s3://kept/"), client
        client.close()


def keys(client: S3Client, prefix: str) -> list[str]:
    return [each["Key"] for each in client.list_objects_v2(Bucket="kept", Prefix=prefix).get("Contents", ())]


@pytest.mark.parametrize("prefix", ["packs/", "snapshots/"])
def test_purge__object_lock_keeps_the_whole_shard(on_s3: tuple[Hospital, S3Client], prefix: str) -> None:
    """A shard of which a part is gone could not be read, and the ledger would say that it is there."""
    hospital, client = on_s3
    (locked,) = keys(client, prefix)
    client.put_object_legal_hold(Bucket="kept", Key=locked, LegalHold={"Status": "ON"})
    before = [*keys(client, "packs/"), *keys(client, "snapshots/")]
    for arguments in ((*PURGE, "--dry-run"), PURGE):
        result = call(hospital, *arguments, code=3)
        assert "The store still keeps 1 object" in result.err
        assert result.json["locked"] == [f"{locked} has a legal hold in the S3 store"]
        assert the_batch(result.json)["shards"] == 0
        assert [*keys(client, "packs/"), *keys(client, "snapshots/")] == before
    assert hospital.ledger("SELECT purged_on FROM shard") == [(None,)]
    client.put_object_legal_hold(Bucket="kept", Key=locked, LegalHold={"Status": "OFF"})
    assert the_batch(call(hospital, *PURGE).json)["shards"] == 1
    assert keys(client, "packs/") == keys(client, "snapshots/") == []


def test_purge__locked_version_behind_a_delete_marker_is_not_forgotten(on_s3: tuple[Hospital, S3Client]) -> None:
    hospital, client = on_s3
    (pack,) = keys(client, "packs/")
    client.put_object_legal_hold(Bucket="kept", Key=pack, LegalHold={"Status": "ON"})
    client.delete_object(Bucket="kept", Key=pack)
    for _ in range(2):
        assert len(call(hospital, *PURGE, code=3).json["locked"]) == 1
        assert hospital.ledger("SELECT purged_on FROM shard") == [(None,)]


def test_legal_hold__guarantor_whose_mail_all_goes_to_other_recipients(old: Hospital) -> None:
    guarantor = old.ledger("SELECT guarantor_id FROM document")[0][0]
    for table in ("document", "candidate"):
        change_ledger(old, f"UPDATE {table} SET guarantor_id = ? WHERE guarantor_id = ?", f"{guarantor}+K1", guarantor)
    call(old, "legal-hold", "place", guarantor, "--reason", "preservation letter")
    assert the_batch(call(old, *PURGE).json)["shards"] == 0
