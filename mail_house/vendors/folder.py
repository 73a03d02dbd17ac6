"""A folder on this machine: the embedded default, and what a vendor's own transfer program may watch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mail_house.errors import HandOffError, Misconfigured, Retryable


class LocalDirectory:
    """The `Directory` of `vendors.vendor`, on disk. Files and names are forced to disk before they count."""

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
            with open(part, "wb", opener=_open_unread_by_others) as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            if part.read_bytes() != data:
                raise Retryable(f"{name} was not written as it should have been: check the disk")
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
    """The folder, made where it is missing: for its owner alone. Who shares it with a transfer program says so by
    making it beforehand, with a group that may read."""
    with _outcomes(str(folder)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield LocalDirectory(folder)


def _open_unread_by_others(path: str, flags: int) -> int:
    """These are patients' names, addresses and amounts."""
    return os.open(path, flags, 0o640)


def sync_folder(folder: Path) -> None:
    """Forces names in the folder to disk: a rename that a power cut undoes would be a hand-off that is forgotten."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _outcomes(what: str) -> Iterator[None]:
    """The outcome of a disk's refusal: a missing right or a file in the way stays until mended, a full disk may not."""
    try:
        yield
    except HandOffError:
        raise
    except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as exc:
        raise Misconfigured(f"{what}: {exc.strerror}; mend the folder or its rights") from exc
    except OSError as exc:
        raise Retryable(f"{what}: {exc.strerror or type(exc).__name__}; nothing was handed over") from exc
