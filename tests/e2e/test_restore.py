"""Ledger and archive come back from backups of different moments: nothing is mailed twice and nothing is lost.

A ledger that is older than its archive is in `test_stores.py`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.commands import BATCH, call, error_message
from tests.hospital import Hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent


def restore(store: str, backup: Path, home: Path) -> None:
    """Put back a store as it is in the backup."""
    for path in home.glob(f"{store}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in backup.glob(f"{store}*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, home / path.name)


def sent(hospital: Hospital) -> dict[str, int]:
    """File in the outbox → when it was last written, in nanoseconds."""
    outbox = hospital.home / "outbox"
    return {str(path): path.stat().st_mtime_ns for path in outbox.rglob("*") if path.is_file()}


@pytest.mark.hospital("waiting")
def test_archive_older_than_the_ledger__nothing_leaves_until_it_is_complete(hospital: Hospital, tmp_path: Path) -> None:
    """The ledger knows pages that the restored archive does not have."""
    newer = tmp_path / "newer"
    shutil.copytree(hospital.home, newer)
    lost = [path for path in (hospital.home / "archive").rglob("*") if path.is_file() and "pack" in str(path)]
    assert lost, "there is something to lose"
    for path in lost:
        path.unlink()
    message = error_message(call(hospital, "release", BATCH, code=None))
    assert "archive" in message
    assert_nothing_sent(hospital)
    restore("archive", newer, hospital.home)
    call(hospital, "rerun", BATCH)
    assert_closed_and_sent_once(hospital)


@pytest.mark.hospital("waiting")
def test_both_from_before_the_hand_off__print_files_are_recognized(hospital: Hospital, tmp_path: Path) -> None:
    """Both stores agree, so that only the vendor can tell: a print file has the name that it had."""
    backup = tmp_path / "backup"
    shutil.copytree(hospital.home, backup)
    call(hospital, "release", BATCH)
    before = {path: at for path, at in sent(hospital).items() if "/print/" in path}
    assert before
    for store in ("ledger.db", "archive"):
        restore(store, backup, hospital.home)
    call(hospital, "release", BATCH)
    after = {path: at for path, at in sent(hospital).items() if "/print/" in path}
    assert after == before, "no file was written again"
    assert_closed_and_sent_once(hospital)
