"""What several tests of broken surroundings need."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mail_house.vendors.folder import LocalDirectory
from statement_builder.archive.disk import DiskArchive


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that holds 48 KB until `make_room`."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here; test_file_size_limit stands in for it")
    yield disk
    # Lazily: a process that is about to end may still have a file open there.
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def at_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], list[str]]:
    """Have something happen once, right after a file whose name has these words in it is there; the names so far."""

    def arm(words: str, happen: Callable[[], None]) -> list[str]:
        happened: list[str] = []
        put, publish = DiskArchive.put, LocalDirectory.publish

        def see(name: str) -> None:
            if words in name and not happened:
                happened.append(name)
                happen()

        def put_then(self: DiskArchive, key: str, data: bytes, *, sha256: str) -> None:
            put(self, key, data, sha256=sha256)
            see(key)

        def publish_then(self: LocalDirectory, name: str) -> None:
            publish(self, name)
            see(name)

        monkeypatch.setattr(DiskArchive, "put", put_then)
        monkeypatch.setattr(LocalDirectory, "publish", publish_then)
        return happened

    return arm
