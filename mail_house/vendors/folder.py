"""A folder on this machine: the embedded default, or a folder that a vendor's transfer program watches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mail_house.errors import HandOffError, Misconfigured, Retryable


class LocalDirectory:
    """A `Directory` on the local disk. Files and names are synced to disk before they count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        with _outcomes(name):
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        with _outcomes(name):
            try:
                return (self._folder / name).stat().st_size
            except FileNotFoundError:
                return None

    def written_at(self, name: str) -> datetime | None:
        with _outcomes(name):
            try:
                return datetime.fromtimestamp((self._folder / name).stat().st_mtime, tz=UTC)
            except FileNotFoundError:
                return None

    def stage(self, name: str, data: bytes) -> datetime:
        part = self._folder / f"{name}.part"
        with _outcomes(name):
            with open(part, "wb", opener=_open_private) as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            if part.read_bytes() != data:
                raise Retryable(f"{name} reads back differently than it was written: check the disk")
            return datetime.fromtimestamp(part.stat().st_mtime, tz=UTC)

    def publish(self, name: str) -> None:
        with _outcomes(name):
            os.replace(self._folder / f"{name}.part", self._folder / name)
            sync_folder(self._folder)

    def discard(self, name: str) -> None:
        with _outcomes(name):
            (self._folder / f"{name}.part").unlink(missing_ok=True)


@contextmanager
def open_local_directory(folder: Path) -> Iterator[LocalDirectory]:
    """Open the folder. A missing folder is created for its owner only; to share it with a transfer program, create it
    beforehand with a group that may read it."""
    with _outcomes(str(folder)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield LocalDirectory(folder)


def _open_private(path: str, flags: int) -> int:
    """Not readable by other users: the files contain patients' names, addresses and amounts."""
    return os.open(path, flags, 0o640)


def sync_folder(folder: Path) -> None:
    """Sync the folder's names to disk: if a power failure undid a rename, the hand-off would be lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _outcomes(what: str) -> Iterator[None]:
    """Map disk errors to outcomes: a missing permission or a conflicting file must be fixed; a full disk may clear."""
    try:
        yield
    except HandOffError:
        raise
    except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as exc:
        raise Misconfigured(f"{what}: {exc.strerror}; fix the folder or its permissions") from exc
    except OSError as exc:
        raise Retryable(f"{what}: {exc.strerror or type(exc).__name__}; nothing was handed over") from exc
