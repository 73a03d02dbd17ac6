"""A database, archive, disk or server is missing, damaged, full or stale: the operator gets one message, and the batch
completes after the repair."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import BATCH, RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.faults.disks import enlarge
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, CYCLE, SERVER_DOWN, CommandResult, Hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of

UNREACHABLE_HOST = "127.0.0.1:1"
PULL = (*RUN_TO_GATES, "--until", "pull")


UNREACHABLE = [
    # variable, its value, part of the message
    pytest.param(
        "STATEMENTS_LEDGER", f"postgresql+psycopg://u@{UNREACHABLE_HOST}/l", "ledger", id="ledger-server-down"
    ),
    pytest.param(
        "STATEMENTS_SOURCE_URL", f"postgresql+psycopg://u@{UNREACHABLE_HOST}/b", "billing database", id="source"
    ),
    pytest.param("STATEMENTS_SOURCE_URL", "sqlite:////nowhere/h.db", "/nowhere/h.db does not exist", id="source-file"),
    pytest.param(
        "STATEMENTS_ARCHIVE", f"s3://bkt/p?endpoint=http://{UNREACHABLE_HOST}", UNREACHABLE_HOST, id="s3-down"
    ),
    pytest.param("STATEMENTS_ARCHIVE", "file:///proc/archive", "/proc/archive", id="archive-folder-cannot-be-made"),
]


@pytest.mark.parametrize(("variable", "value", "part"), UNREACHABLE)
def test_unreachable__stops_before_the_first_document(hospital: Hospital, variable: str, value: str, part: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    broken = Hospital(hospital.home, {variable: value, **keys})
    assert part in error_message(call(broken, *RUN, code=1))
    assert_nothing_sent(hospital)
    assert call(hospital, *PULL).json["state"] == "pulled", "the batch should start after the repair"


def _damage_ledger(hospital: Hospital) -> None:
    (hospital.home / "ledger.db").write_bytes(b"not a database, but as long as one could be. " * 40)


def _change_source(statement: str) -> Callable[[Hospital], object]:
    return lambda hospital: hospital.sql(statement)


DAMAGED = [
    # what happens, then parts of the message
    pytest.param(_damage_ledger, ("ledger.db", "not a database"), id="ledger-damaged"),
    pytest.param(lambda each: each.database.write_bytes(b"x" * 3000), ("not a database",), id="source-damaged"),
    pytest.param(
        lambda each: (each.home / "archive").touch(), ("archive", "`archive`"), id="file-where-the-archive-is"
    ),
    pytest.param(
        _change_source("UPDATE feed SET loaded_at = '2026-11-06T02:59:00Z' WHERE feed = 'billing'"),
        ("`billing`", "36 hours 1 minute old", "limit is 36 hours", "Load it, then run"),
        id="billing-data-a-minute-too-old",
    ),
    pytest.param(_change_source("DELETE FROM feed"), ("`billing`", "no load time"), id="load-time-missing"),
    pytest.param(
        _change_source("UPDATE feed SET loaded_at = '2027-01-01T00:00:00Z'"), ("future",), id="load-time-ahead"
    ),
    pytest.param(
        _change_source("UPDATE feed SET loaded_at = 'today'"), ("freshness", "loaded_at"), id="load-time-is-a-word"
    ),
    pytest.param(
        _change_source("ALTER TABLE charge DROP COLUMN quantity"),
        ("charges.sql", "quantity", "source check"),
        id="no-column",
    ),
    pytest.param(_change_source("DROP TABLE ob_deposit"), ("ob_deposits.sql", "ob_deposit"), id="no-table"),
]


@pytest.mark.parametrize(("damage", "parts"), DAMAGED)
def test_damaged__stops_before_the_first_document(
    sample_hospitals: SampleHospitals,
    hospital: Hospital,
    tmp_path: Path,
    damage: Callable[[Hospital], object],
    parts: tuple[str, ...],
) -> None:
    damage(hospital)
    message = error_message(call(hospital, *RUN, code=1))
    assert all(part in message for part in parts), message
    assert_nothing_sent(hospital)
    _repair(hospital, sample_hospitals.copy_to(tmp_path / "intact"))
    assert call(hospital, *PULL).json["state"] == "pulled", "the batch should start after the repair"


def _repair(hospital: Hospital, intact: Hospital) -> None:
    """Restore the billing database from an intact hospital, and remove obstacles."""
    shutil.copy(intact.database, hospital.database)
    if (hospital.home / "archive").is_file():
        (hospital.home / "archive").unlink()
    try:
        hospital.ledger("SELECT 1 FROM sqlite_master")
    except sqlite3.DatabaseError:
        (hospital.home / "ledger.db").unlink()


@pytest.mark.parametrize(
    ("loaded_at", "code"),
    [
        pytest.param("2026-11-06T14:00:00Z", 1, id="25-hours-old"),
        pytest.param("2026-11-06T15:00:00Z", 0, id="24-hours-old"),
    ],
)
def test_obstetric_feed__may_be_24_hours_old(hospital: Hospital, loaded_at: str, code: int) -> None:
    hospital.sql("UPDATE feed SET loaded_at = ? WHERE feed = 'obstetric'", loaded_at)
    run = ("run", "ob-notice", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--until", "pull")
    result = call(hospital, *run, code=code)
    assert ("`obstetric` is 25 hours old; the limit is 24 hours" in result.err) == bool(code)


@pytest.mark.parametrize(("blocked", "other"), [("print", "email"), ("email", "print")])
@pytest.mark.hospital("waiting")
def test_server_down__the_other_channel_is_sent_and_a_rerun_sends_the_rest_once(
    hospital: Hospital, blocked: str, other: str
) -> None:
    broken = Hospital(hospital.home, SERVER_DOWN[blocked])
    message = error_message(call(broken, "release", BATCH, "--json", code=1))
    assert UNREACHABLE_HOST in message
    assert "statements rerun" in message
    counts = call(hospital, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts[other] > 0
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))


@pytest.mark.hospital("waiting")
def test_damaged_archive__prints_nothing(hospital: Hospital) -> None:
    (pack,) = (hospital.home / "archive" / "packs").rglob("*.zip")
    intact = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(intact[:2000] + bytes(40_000) + intact[42_000:])
    message = error_message(call(hospital, "release", BATCH, "--json", code=1))
    assert pack.name in message
    assert hospital.manifest_rows() == []
    pack.write_bytes(intact)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))


@pytest.mark.parametrize(
    ("variable", "url", "part"),
    [
        pytest.param("STATEMENTS_ARCHIVE", "file://{}/archive", "on device. Free disk space", id="archive"),
        pytest.param("STATEMENTS_LEDGER", "sqlite:///{}/ledger.db", "ledger.db: database or disk is full", id="ledger"),
        pytest.param("STATEMENTS_PRINT", "file://{}/print", "No space left on device", id="outbox"),
    ],
)
def test_full_disk__gives_one_message_and_a_rerun_completes_the_batch(
    hospital: Hospital, small_disk: Path, variable: str, url: str, part: str
) -> None:
    on_small_disk = Hospital(hospital.home, {variable: url.format(small_disk)})
    run = (*RUN, "--limit", "8")
    message = error_message(call(on_small_disk, *run, code=1))
    assert part in message
    assert not list(small_disk.rglob("*.ctl"))
    enlarge(small_disk)
    assert call(on_small_disk, *run).json["state"] == "closed"
    counts = call(on_small_disk, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts["rendered"] > 0
    assert len(list(small_disk.rglob("*.part"))) == 0


@pytest.mark.parametrize(
    ("bytes_max", "part"),
    [
        pytest.param(320_000, "archive: File too large. Free disk space", id="pack-does-not-fit"),
        pytest.param(200_000, "File too large", id="temporary-files-do-not-fit"),
    ],
)
def test_file_size_limit__gives_one_message_and_a_rerun_completes_the_batch(
    hospital: Hospital, bytes_max: int, part: str
) -> None:
    """Like a disk quota, and needs no permission to mount. The ledger fits; the fonts (294 KB) or the pack do not.

    A notice of language assistance needs fonts that are larger than the pack.
    """
    hospital.sql("UPDATE guarantor SET language = 'en'")
    call(hospital, *PULL)
    limited = subprocess.run(
        hospital.command(*RERUN),
        env=hospital.environment,
        cwd=hospital.home,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max)),
    )
    message = error_message(CommandResult(limited.returncode, limited.stdout, limited.stderr))
    assert limited.returncode == 1
    assert part in message
    assert not list((hospital.home / "archive").rglob("*.zip*"))
    assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
