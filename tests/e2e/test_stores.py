"""Ledger, archive, outbox and inbox belong together. A store that is not the one that it was stops everything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from statement_builder.ledger import Ledger
from statement_builder.pipeline.hand_off_log import count_hand_off
from tests.commands import BATCH, RUN, RUN_TO_GATES, call, error_message
from tests.e2e.test_purge import PURGE, at, settle_disputes
from tests.e2e.test_roles import set_roles
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, ROOT, Hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.pipeline.shard_worker import open_as_worker

NEXT_RUN = ("run", "statement", "--cycle", "2026-12", "--as-of", AS_OF.isoformat(), "--json")
READS = [
    pytest.param(("batches",), id="batches"),
    pytest.param(("show", BATCH), id="show"),
    pytest.param(("find", BATCH), id="find"),
    pytest.param(("holds", BATCH), id="holds"),
    pytest.param(("exceptions",), id="exceptions"),
    pytest.param(("report", "control", BATCH), id="report"),
    pytest.param((*NEXT_RUN, "--dry-run"), id="dry-run"),
    pytest.param(("rerun", BATCH, "--dry-run"), id="rerun-dry-run"),
    pytest.param(("purge", "--before", "2020-01-01", "--dry-run"), id="purge-dry-run"),
    pytest.param(("legal-hold", "list"), id="legal-hold-list"),
]
STORES = [
    # store, folder, the setting that the message names
    pytest.param("archive", "archive", "archive", id="archive"),
    pytest.param("outbox", "outbox/print", "print", id="print-files"),
    pytest.param("outbox", "outbox/email", "email", id="e-mails"),
    pytest.param("inbox", "inbox", "inbox", id="inbox"),
]


def files_of(home: Path) -> set[str]:
    """Every file of the hospital but SQLite's own logs."""
    return {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.mark.hospital("mailed")
def test_reference__lists_every_object_of_the_archive(hospital: Hospital) -> None:
    ((document, account),) = hospital.ledger(
        "SELECT d.document_id, min(a.account_number) FROM document AS d JOIN document_account AS a USING (document_id)"
        " WHERE d.channel = 'print' AND d.state = 'handed_off' GROUP BY 1 LIMIT 1"
    )
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " SELECT 'EARLIER', guarantor_id, account_number, '2026-10-20', 'card', 1000 FROM encounter"
        " WHERE account_number = ?",
        account,
    )
    call(hospital, "correct", document, "--reason", "insurance paid more")
    page = (ROOT / "docs" / "reference" / "files.md").read_text(encoding="utf-8").partition("## Archive")[2]
    patterns = [
        re.sub(r"[A-Z]{4,}", "[^/]+", re.escape(key)) for key in re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)
    ]
    archive = hospital.home / "archive"
    keys = [path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_file()]
    assert any("/corrections/" in key for key in keys)
    assert any(key.startswith("event-log/") for key in keys)
    assert [key for key in keys if not any(re.fullmatch(each, key) for each in patterns)] == []


def remove_ledger(hospital: Hospital) -> None:
    for path in hospital.home.glob("ledger.db*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def adoptions(hospital: Hospital) -> list[tuple[str, str, str]]:
    return hospital.ledger("SELECT subject, actor, why FROM event WHERE what = 'adopted' ORDER BY event_id")


def test_first_command__marks_all_stores_of_a_new_installation(hospital: Hospital) -> None:
    call(hospital, *RUN_TO_GATES, code=3)
    ((installation,),) = hospital.ledger("SELECT installation_id FROM installation")
    marks = [*hospital.home.rglob(".statements-installation"), hospital.home / "archive" / "installation.json"]
    folders = {str(mark.parent.relative_to(hospital.home)) for mark in marks}
    assert folders == {"archive", "outbox/print", "outbox/email", "inbox"}
    assert {json.loads(mark.read_bytes())["installation"] for mark in marks} == {installation}


@pytest.mark.parametrize("is_mountpoint", [pytest.param(False, id="gone"), pytest.param(True, id="empty-mount-point")])
@pytest.mark.parametrize(("store", "folder", "setting"), STORES)
@pytest.mark.hospital("mailed")
def test_store_moved_away__stops_every_command_and_is_not_made_again(
    hospital: Hospital, store: str, folder: str, setting: str, is_mountpoint: bool
) -> None:
    path, elsewhere = hospital.home / folder, hospital.home / "elsewhere"
    path.rename(elsewhere)
    if is_mountpoint:
        path.mkdir()
    before = files_of(hospital.home)
    for arguments in (NEXT_RUN, ("track",), ("batches",), ("rerun", BATCH)):
        message = error_message(call(hospital, *arguments, code=2))
        assert f"{setting}: " in message
        assert f"statements adopt {store} --reason" in message
    assert files_of(hospital.home) == before
    assert path.exists() == is_mountpoint
    if is_mountpoint:
        path.rmdir()
    elsewhere.rename(path)
    call(hospital, *NEXT_RUN, code=3)


@pytest.mark.parametrize(("store", "folder", "setting"), STORES)
@pytest.mark.hospital("mailed")
def test_store_of_another_installation__stops_every_command(
    hospital: Hospital, sample_hospitals: SampleHospitals, tmp_path: Path, store: str, folder: str, setting: str
) -> None:
    stranger = sample_hospitals.copy_to(tmp_path / "stranger")
    call(stranger, *RUN_TO_GATES, "--until", "pull")
    shutil.rmtree(hospital.home / folder)
    (stranger.home / folder).rename(hospital.home / folder)
    message = error_message(call(hospital, *NEXT_RUN, code=2))
    assert f"{setting}: " in message
    assert "another installation" in message
    assert f"statements adopt {store}" in message


@pytest.mark.parametrize(("store", "folder", "setting"), STORES)
@pytest.mark.hospital("mailed")
def test_file_in_the_place_of_a_store__stops_every_command(
    hospital: Hospital, store: str, folder: str, setting: str
) -> None:
    shutil.rmtree(hospital.home / folder)
    (hospital.home / folder).touch()
    message = error_message(call(hospital, *NEXT_RUN, code=2))
    assert f"{setting}: " in message
    assert ("is a file, not a folder" if store == "inbox" else f"statements adopt {store}") in message


@pytest.mark.hospital("mailed")
def test_damaged_mark__stops_every_command(hospital: Hospital) -> None:
    (hospital.home / "inbox" / ".statements-installation").write_bytes(b"\xff{")
    assert "cannot be read" in error_message(call(hospital, "track", code=2))


@pytest.mark.hospital("mailed")
def test_lost_ledger__nothing_is_handed_off_again(hospital: Hospital) -> None:
    remove_ledger(hospital)
    before = files_of(hospital.home)
    for arguments in (RUN, ("batches",), ("track",), ("ledger", "upgrade")):
        message = error_message(call(hospital, *arguments, code=2))
        assert "is new, but these were used before: archive" in message
        assert "statements adopt ledger --reason" in message
    assert files_of(hospital.home) == before


@pytest.mark.hospital("mailed")
def test_lost_ledger_and_archive__the_outbox_shows_it(hospital: Hospital) -> None:
    remove_ledger(hospital)
    shutil.rmtree(hospital.home / "archive")
    assert "print (" in error_message(call(hospital, *RUN, code=2))


@pytest.mark.parametrize(("store", "folder", "setting"), STORES)
@pytest.mark.hospital("mailed")
def test_adopt__a_person_says_that_the_move_was_meant(
    hospital: Hospital, store: str, folder: str, setting: str
) -> None:
    shutil.rmtree(hospital.home / folder)
    assert setting in call(hospital, "adopt", store, "--reason", "disk replaced").out
    ((subject, actor, why),) = adoptions(hospital)
    assert (subject, why) == (store, "disk replaced")
    assert "@" in actor
    call(hospital, *NEXT_RUN, code=3)


@pytest.mark.hospital("mailed")
def test_adopt_archive__says_which_batches_are_not_in_it(hospital: Hospital) -> None:
    shutil.rmtree(hospital.home / "archive")
    said = " ".join(call(hospital, "adopt", "archive", "--reason", "the archive burned").out.split())
    assert f"does not have the documents of {BATCH}" in said


@pytest.mark.hospital("mailed", guarantors=40)
def test_adopt_archive__does_not_miss_what_was_purged(hospital: Hospital) -> None:
    settle_disputes(hospital)
    old = at(hospital)
    call(old, *PURGE)
    (hospital.home / "archive" / "installation.json").unlink()
    assert "does not have" not in call(old, "adopt", "archive", "--reason", "moved").out


@pytest.mark.hospital("mailed")
def test_adopt_ledger__refused_to_a_person_without_the_role_makes_no_ledger(hospital: Hospital) -> None:
    """The new ledger would be taken for the one that the marks belong to."""
    remove_ledger(hospital)
    set_roles(hospital, adopt='["group:nobody-is-in-it"]')
    assert "may not do this" in error_message(call(hospital, "adopt", "ledger", "--reason", "why not", code=2))
    assert not hospital.ledger_exists()


@pytest.mark.hospital("mailed")
def test_ledger_restored_beside_an_adopted_archive__is_recognized(hospital: Hospital, tmp_path: Path) -> None:
    """The adopted archive has the newest number only, so those after the restored one are missing in it."""
    older = tmp_path / "older"
    shutil.copytree(hospital.home, older)
    with open_as_worker(hospital.environment) as context:
        for _ in range(3):
            count_hand_off(context.ledger, context.archive)
    shutil.rmtree(hospital.home / "archive" / "hand-offs")
    call(hospital, "adopt", "archive", "--reason", "no newer backup")
    remove_ledger(hospital)
    for path in older.glob("ledger.db*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, hospital.home / path.name)
    assert "statements adopt ledger" in error_message(call(hospital, *NEXT_RUN, code=2))
    call(hospital, "adopt", "ledger", "--reason", "compared")
    assert hospital.ledger("SELECT hand_offs FROM installation") == [(4,)]


@pytest.mark.parametrize("store", ["archive", "outbox", "inbox", "ledger"])
@pytest.mark.hospital("mailed")
def test_adopt__what_is_ours_already_is_refused_and_no_event(hospital: Hospital, store: str) -> None:
    assert "nothing to adopt" in error_message(call(hospital, "adopt", store, "--reason", "why not", code=2))
    assert adoptions(hospital) == []


@pytest.mark.parametrize("reason", ["", "   "])
@pytest.mark.hospital("mailed")
def test_adopt__requires_a_reason(hospital: Hospital, reason: str) -> None:
    shutil.rmtree(hospital.home / "inbox")
    assert "reason" in call(hospital, "adopt", "inbox", "--reason", reason, code=2).err
    assert not (hospital.home / "inbox").exists()


@pytest.mark.hospital("mailed")
def test_adopt_ledger__a_new_ledger_takes_the_installation_of_the_stores(hospital: Hospital) -> None:
    before = hospital.ledger("SELECT installation_id FROM installation")
    remove_ledger(hospital)
    said = call(hospital, "adopt", "ledger", "--reason", "we begin again").out
    assert "would be mailed again" in " ".join(said.split())
    assert hospital.ledger("SELECT installation_id FROM installation") == before
    assert [each[0] for each in adoptions(hospital)] == ["ledger"]
    assert call(hospital, "batches", "--json").json == []
    call(hospital, *NEXT_RUN, code=3)


@pytest.mark.hospital("waiting")
def test_ledger_restored_from_before_the_hand_off__hands_nothing_off_again(hospital: Hospital, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(hospital.home, older)
    call(hospital, "release", BATCH)
    sent = files_of(hospital.home / "outbox")
    remove_ledger(hospital)
    for path in older.glob("ledger.db*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, hospital.home / path.name)
    for arguments in (("release", BATCH), NEXT_RUN, ("track",)):
        message = error_message(call(hospital, *arguments, code=2))
        assert "older backup" in message
        assert "statements adopt ledger --reason" in message
    assert files_of(hospital.home / "outbox") == sent
    assert call(hospital, "batches", "--json").json[0]["state"] == "waiting", "a person must be able to compare"
    (finding,) = [each for each in call(hospital, "doctor", "--json", code=2).json if not each["ok"]]
    assert (finding["part"], "older backup" in finding["message"]) == ("ledger", True)
    call(hospital, "adopt", "ledger", "--reason", "compared with the vendor's list")
    call(hospital, "release", BATCH)
    assert_closed_and_sent_once(hospital)


@pytest.mark.hospital("mailed")
def test_archive_restored_from_an_older_backup__stops_before_more_is_mailed(hospital: Hospital, tmp_path: Path) -> None:
    archive = hospital.home / "archive"
    shutil.copytree(archive, tmp_path / "older")
    with open_as_worker(hospital.environment) as context:
        for _ in range(2):
            count_hand_off(context.ledger, context.archive)
    assert hospital.ledger("SELECT hand_offs FROM installation") == [(3,)]
    shutil.rmtree(archive)
    (tmp_path / "older").rename(archive)
    assert "statements adopt archive" in error_message(call(hospital, *NEXT_RUN, code=2))
    (finding,) = [each for each in call(hospital, "doctor", "--json", code=2).json if not each["ok"]]
    assert (finding["part"], "older backup" in finding["message"]) == ("archive", True)
    call(hospital, "adopt", "archive", "--reason", "no newer backup")
    call(hospital, *NEXT_RUN, code=3)


@pytest.mark.hospital("mailed")
def test_adopt_ledger__makes_no_demonstration_of_a_real_installation(hospital: Hospital) -> None:
    """With a demonstration, anybody could set the time of events."""
    remove_ledger(hospital)
    marks = [*hospital.home.rglob(".statements-installation"), hospital.home / "archive" / "installation.json"]
    for mark in marks:
        mark.write_bytes(mark.read_bytes().replace(b'"demonstration":true', b'"demonstration":false'))
    message = error_message(call(hospital, "adopt", "ledger", "--reason", "begin again", code=2))
    assert "STATEMENTS_CLOCK" in message
    assert not hospital.ledger_exists()
    real_time = Hospital(hospital.home, {"STATEMENTS_CLOCK": ""})
    call(real_time, "adopt", "ledger", "--reason", "begin again")
    assert "STATEMENTS_CLOCK" in error_message(call(hospital, "batches", code=2))


@pytest.mark.hospital("mailed")
def test_doctor__names_the_lost_store_and_makes_nothing(hospital: Hospital) -> None:
    for folder in ("archive", "outbox", "inbox"):
        shutil.rmtree(hospital.home / folder)
    found = {each["part"]: each for each in call(hospital, "doctor", "--json", code=2).json if not each["ok"]}
    assert set(found) == {"archive", "print vendor", "e-mail", "agencies", "inbox"}
    assert all("does not have the mark" in each["message"] for each in found.values())
    assert not any((hospital.home / folder).exists() for folder in ("archive", "outbox", "inbox"))


def test_killed_between_ledger_and_marks__the_next_run_completes_them(hospital: Hospital) -> None:
    with Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}") as ledger:
        ledger.upgrade()
    real_time = Hospital(hospital.home, {"STATEMENTS_CLOCK": ""})
    call(real_time, "track")
    assert (hospital.home / "archive" / "installation.json").is_file()
    assert len(hospital.ledger("SELECT place FROM marked_store")) == 4


def test_folder_that_cannot_be_made__is_marked_when_it_can(hospital: Hospital) -> None:
    outbox = hospital.home / "outbox"
    outbox.write_text("a file where the folder should be")
    call(hospital, *RUN_TO_GATES, code=3)
    outbox.unlink()
    call(hospital, "release", BATCH)
    shutil.rmtree(outbox)
    assert "statements adopt outbox" in error_message(call(hospital, "track", code=2))


def test_two_first_commands_at_once__make_one_installation(hospital: Hospital) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "statement_builder.cli", "ledger", "upgrade"],
            env=hospital.environment,
            cwd=hospital.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    errors = [process.communicate()[1] for process in processes]
    assert [(process.returncode, error) for process, error in zip(processes, errors, strict=True)] == [(0, b"")] * 3
    assert hospital.ledger("SELECT count(*) FROM installation") == [(1,)]
    call(hospital, *RUN_TO_GATES, code=3)


def test_archive_on_s3__another_prefix_stops_everything(hospital: Hospital, s3_url: str) -> None:
    on_s3 = Hospital(hospital.home, {"STATEMENTS_ARCHIVE": s3_url})
    call(on_s3, "doctor", code=None)  # writes its probe before the first run
    call(on_s3, *RUN_TO_GATES, code=3)
    elsewhere = Hospital(hospital.home, {"STATEMENTS_ARCHIVE": s3_url.replace("/archive?", "/archives?")})
    assert "statements adopt archive" in error_message(call(elsewhere, "release", BATCH, code=2))
    assert_nothing_sent(hospital)
    call(elsewhere, "adopt", "archive", "--reason", "moved to another bucket")
    call(elsewhere, "batches")
    call(on_s3, "release", BATCH)
    remove_ledger(hospital)
    assert "is new, but" in error_message(call(on_s3, *RUN, code=2))


@pytest.mark.hospital("waiting")
def test_vendor_on_another_server__has_no_mark(hospital: Hospital) -> None:
    """Not our disk: an unknown file could be taken for a print file."""
    sftp = Hospital(
        hospital.home,
        {"STATEMENTS_PRINT": "sftp://h@127.0.0.1:1/in?host_key=SHA256:none", "STATEMENTS_SFTP_PASSWORD": "x"},
    )
    assert call(sftp, "show", BATCH, "--json").json["state"] == "waiting"
