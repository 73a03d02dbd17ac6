"""What the service stands on is gone, full, stale or in the way: one clear message, nothing half done, and once it is
mended the same batch goes through."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.faults.disks import enlarge
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital, build_hospital
from tests.outcomes import assert_nothing_sent, assert_sent_once, outcome_of

NOBODY_THERE = "127.0.0.1:1"
PULL = (*RUN[:-1], "--until", "pull", "--json")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital in which nothing has been run."""
    return build_hospital(tmp_path_factory.mktemp("new") / "home", guarantors=20, workers=1)


@pytest.fixture(scope="module")
def rendered(new: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The same hospital with a rendered batch that waits for its release."""
    hospital = new.copy_to(tmp_path_factory.mktemp("rendered") / "home")
    call(hospital, *RUN[:-2], "--json", code=3)
    return hospital


@pytest.fixture
def hospital(new: Hospital, tmp_path: Path) -> Hospital:
    return new.copy_to(tmp_path / "home")


@pytest.fixture
def waiting(rendered: Hospital, tmp_path: Path) -> Hospital:
    return rendered.copy_to(tmp_path / "home")


UNREACHABLE = [
    # variable, its value, words of the message
    pytest.param("STATEMENTS_LEDGER", f"postgresql+psycopg://u@{NOBODY_THERE}/l", "ledger", id="ledger-server-down"),
    pytest.param("STATEMENTS_SOURCE_URL", f"postgresql+psycopg://u@{NOBODY_THERE}/b", "billing database", id="source"),
    pytest.param("STATEMENTS_SOURCE_URL", "sqlite:////nowhere/h.db", "/nowhere/h.db does not exist", id="source-file"),
    pytest.param("STATEMENTS_ARCHIVE", f"s3://bkt/p?endpoint=http://{NOBODY_THERE}", NOBODY_THERE, id="s3-down"),
    pytest.param("STATEMENTS_ARCHIVE", "file:///proc/archive", "/proc/archive", id="archive-folder-cannot-be-made"),
]


@pytest.mark.parametrize(("variable", "value", "says"), UNREACHABLE)
def test_unreachable__stops_before_the_first_document(hospital: Hospital, variable: str, value: str, says: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    broken = Hospital(hospital.home, {variable: value, **keys})
    assert says in error_message(call(broken, *RUN, code=1))
    assert_nothing_sent(hospital)
    assert call(hospital, *PULL).json["state"] == "pulled", "mended, the batch should start"


def _damage_ledger(hospital: Hospital) -> None:
    (hospital.home / "ledger.db").write_bytes(b"no database, but long enough to be taken for one. " * 40)


def _write_newer_ledger(hospital: Hospital) -> None:
    call(hospital, "batches")
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute("UPDATE statements_version SET version_num = '9999'")
    connection.close()


def _spoil_source(statement: str) -> Callable[[Hospital], None]:
    return lambda hospital: hospital.sql(statement) and None


SPOILT = [
    # what happens to it, then words of the message
    pytest.param(_damage_ledger, ("ledger.db", "not a database"), id="ledger-damaged"),
    pytest.param(_write_newer_ledger, ("newer release", "Install"), id="ledger-of-a-newer-release"),
    pytest.param(lambda each: each.database.write_bytes(b"x" * 3000), ("not a database",), id="source-damaged"),
    pytest.param(
        lambda each: (each.home / "archive").touch(), ("archive", "`archive`"), id="file-where-the-archive-is"
    ),
    pytest.param(
        _spoil_source("UPDATE feed SET loaded_at = '2026-11-06T02:59:00Z' WHERE feed = 'billing'"),
        ("`billing`", "36.0 hours", "limit is 36 hours", "Load it again"),
        id="billing-data-a-minute-too-old",
    ),
    pytest.param(_spoil_source("DELETE FROM feed"), ("`billing`", "no load time"), id="load-time-missing"),
    pytest.param(
        _spoil_source("UPDATE feed SET loaded_at = '2027-01-01T00:00:00Z'"), ("future",), id="load-time-ahead"
    ),
    pytest.param(
        _spoil_source("UPDATE feed SET loaded_at = 'today'"), ("freshness", "loaded_at"), id="load-time-words"
    ),
    pytest.param(
        _spoil_source("ALTER TABLE charge DROP COLUMN quantity"),
        ("charges.sql", "quantity", "source check"),
        id="no-column",
    ),
    pytest.param(_spoil_source("DROP TABLE ob_deposit"), ("ob_deposits.sql", "ob_deposit"), id="no-table"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILT)
def test_spoilt__stops_before_the_first_document(
    new: Hospital, hospital: Hospital, spoil: Callable[[Hospital], object], says: tuple[str, ...]
) -> None:
    spoil(hospital)
    message = error_message(call(hospital, *RUN, code=1))
    assert all(words in message for words in says), message
    assert_nothing_sent(hospital)
    _restore(new, hospital)
    assert call(hospital, *PULL).json["state"] == "pulled", "mended, the batch should start"


def _restore(new: Hospital, hospital: Hospital) -> None:
    """What the hospital's staff do about it: a good billing database, and what was in the way is gone."""
    shutil.copy(new.database, hospital.database)
    if (hospital.home / "archive").is_file():
        (hospital.home / "archive").unlink()
    try:
        hospital.ledger("SELECT 1 FROM statements_version WHERE version_num != '9999'")
    except sqlite3.DatabaseError:
        (hospital.home / "ledger.db").unlink()
    else:
        if hospital.ledger("SELECT 1 FROM statements_version WHERE version_num = '9999'"):
            for path in hospital.home.glob("ledger.db*"):
                path.unlink() if path.is_file() else shutil.rmtree(path)


@pytest.mark.parametrize(
    ("loaded_at", "code"),
    [
        pytest.param("2026-11-06T14:00:00Z", 1, id="25-hours-old"),
        pytest.param("2026-11-06T15:00:00Z", 0, id="24-hours-old"),
    ],
)
def test_obstetric_feed__has_a_limit_of_24_hours(hospital: Hospital, loaded_at: str, code: int) -> None:
    hospital.sql("UPDATE feed SET loaded_at = ? WHERE feed = 'obstetric'", loaded_at)
    run = ("run", "ob-notice", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--until", "pull")
    answer = call(hospital, *run, code=code)
    assert ("`obstetric` is 25.0 hours old; the limit is 24 hours" in answer.err) == bool(code)


def _block(*names: str) -> Callable[[Hospital], Hospital]:
    """A file where a folder should be."""

    def act(hospital: Hospital) -> Hospital:
        path = hospital.home.joinpath(*names)
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return hospital

    return act


def _send_to(**environ: str) -> Callable[[Hospital], Hospital]:
    return lambda hospital: Hospital(hospital.home, environ)


SFTP = f"sftp://hospital@{NOBODY_THERE}/in?host_key=SHA256:unknown"
HAND_OFFS = [
    # what is wrong with a way out, words of the message, who still gets mail
    pytest.param(_block("outbox", "print"), "outbox/print", "email", id="file-where-print-files-go"),
    pytest.param(_block("outbox", "email"), "outbox/email", "print", id="file-where-e-mails-go"),
    pytest.param(
        _send_to(STATEMENTS_PRINT=SFTP, STATEMENTS_SFTP_PASSWORD="x"), NOBODY_THERE, "email", id="print-vendor-down"
    ),
    pytest.param(
        _send_to(STATEMENTS_EMAIL=f"smtp://{NOBODY_THERE}?from=a@b.example"),
        NOBODY_THERE,
        "print",
        id="mail-server-down",
    ),
]


@pytest.mark.parametrize(("break_way_out", "says", "still"), HAND_OFFS)
def test_way_out_blocked__the_other_way_stays_open_and_a_rerun_sends_the_rest_once(
    waiting: Hospital, break_way_out: Callable[[Hospital], Hospital], says: str, still: str
) -> None:
    message = error_message(call(break_way_out(waiting), "release", BATCH, "--json", code=1))
    assert says in message
    assert "statements rerun" in message
    counts = call(waiting, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts[still] > 0
    for path in (waiting.home / "outbox").iterdir():
        if path.is_file():
            path.unlink()
    assert call(waiting, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(waiting, BATCH))


def test_damaged_archive__sends_nothing(waiting: Hospital) -> None:
    (pack,) = (waiting.home / "archive" / "packs").rglob("*.zip")
    whole = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(whole[:2000] + bytes(40_000) + whole[42_000:])
    message = error_message(call(waiting, "release", BATCH, "--json", code=1))
    assert pack.name in message
    assert_nothing_left_in_print(waiting)
    pack.write_bytes(whole)
    assert call(waiting, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(waiting, BATCH))


def assert_nothing_left_in_print(hospital: Hospital) -> None:
    assert hospital.manifest_rows() == []


@pytest.mark.parametrize(
    ("variable", "url", "says"),
    [
        pytest.param("STATEMENTS_ARCHIVE", "file://{}/archive", "on device. Free disk space", id="archive"),
        pytest.param("STATEMENTS_LEDGER", "sqlite:///{}/ledger.db", "ledger.db: database or disk is full", id="ledger"),
        pytest.param("STATEMENTS_PRINT", "file://{}/print", "No space left on device", id="outbox"),
    ],
)
def test_full_disk__is_one_message_and_is_finished_once_there_is_room(
    hospital: Hospital, small_disk: Path, variable: str, url: str, says: str
) -> None:
    tight = Hospital(hospital.home, {variable: url.format(small_disk)})
    run = (*RUN, "--limit", "8")
    message = error_message(call(tight, *run, code=1))
    assert says in message
    assert not list(small_disk.rglob("*.ctl"))
    enlarge(small_disk)
    assert call(tight, *run).json["state"] == "closed"
    counts = call(tight, "show", BATCH, "--json").json["counts"]
    assert counts["handed_off"] == counts["rendered"] > 0
    assert len(list(small_disk.rglob("*.part"))) == 0


@pytest.mark.parametrize(
    ("bytes_max", "says"),
    [
        pytest.param(320_000, "archive: File too large. Free disk space", id="pack-does-not-fit"),
        pytest.param(200_000, "File too large", id="temporary-files-do-not-fit"),
    ],
)
def test_file_size_limit__is_one_message_and_is_finished_without_it(
    hospital: Hospital, bytes_max: int, says: str
) -> None:
    """What a quota does, and needs no right to mount. The ledger fits, the fonts (294 KB) or the pack do not."""
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
    assert says in message
    assert not list((hospital.home / "archive").rglob("*.zip*"))
    assert_nothing_sent(hospital)
    assert call(hospital, *RERUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
