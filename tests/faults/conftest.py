"""Fixtures for tests of environment faults."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mail_house.vendors.folder import LocalDirectory
from statement_builder.archive.disk import DiskArchive


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate disk of 48 KB, until `tests.faults.disks.enlarge`."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no permission to mount a disk here; test_file_size_limit covers the same ground")
    yield disk
    # Lazily, because a process that is ending may still have a file open there.
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def after_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], list[str]]:
    """Call a function once, right after a file whose name contains some text is written.

    The returned list then has that file's name.
    """

    def arm(text: str, action: Callable[[], None]) -> list[str]:
        triggered_by: list[str] = []
        put, publish = DiskArchive.put, LocalDirectory.publish

        def check(name: str) -> None:
            if text in name and not triggered_by:
                triggered_by.append(name)
                action()

        def put_and_check(self: DiskArchive, key: str, data: bytes, *, sha256: str) -> None:
            put(self, key, data, sha256=sha256)
            check(key)

        def publish_and_check(self: LocalDirectory, name: str) -> None:
            publish(self, name)
            check(name)

        monkeypatch.setattr(DiskArchive, "put", put_and_check)
        monkeypatch.setattr(LocalDirectory, "publish", publish_and_check)
        return triggered_by

    return arm
