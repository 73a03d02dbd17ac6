"""An archive in a folder. A file appears under its name only whole, on the platter, and never changes again."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from statement_builder.archive.keys import require_hash, require_key
from statement_builder.errors import ArchiveError

_READ_ONLY = 0o400
_FOLDER = 0o700


class DiskArchive:
    """See `Archive`. The folder is made on first use, for its owner alone."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        require_hash(key, data, sha256)
        path = self._path(key)
        with self._explained(key):
            if _is_same(path, data, key):
                return
            _make_folder(path.parent)
            _write_once(path, data, key)

    def get(self, key: str) -> bytes:
        with self._explained(key, reading=True):
            return self._path(key).read_bytes()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        with self._explained(key, reading=True), self._path(key).open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise ArchiveError(f"{key} ends too early: it was damaged. Restore it from a backup of the archive.")
        return data

    def exists(self, key: str) -> bool:
        with self._explained(key):
            return self._path(key).is_file()

    def link(self, key: str, *, expires_s: int) -> str:
        raise ArchiveError(f"{key} is in a folder, which cannot be linked to for {expires_s} seconds: use S3.")

    def check(self) -> None:
        with self._explained("a probe"):
            _make_folder(self._root)
            with tempfile.TemporaryFile(dir=self._root) as probe:
                probe.write(b"probe")
                os.fsync(probe.fileno())

    def close(self) -> None:
        """Nothing is kept open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _path(self, key: str) -> Path:
        require_key(key)
        return self._root / key

    @contextmanager
    def _explained(self, key: str, *, reading: bool = False) -> Iterator[None]:
        """Turn what the operating system says into words that help."""
        try:
            yield
        except OSError as exc:
            if reading and isinstance(exc, FileNotFoundError):
                raise ArchiveError(
                    f"{key} is not in the archive {self._root}. Is the archive of the settings the right one?"
                ) from exc
            what = "cannot be read from" if reading else "cannot be kept in"
            full = exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            hint = "Make room" if full else "Mend the folder or its rights, or name another one as `archive`"
            raise ArchiveError(
                f"{key} {what} the archive {self._root}: {exc.strerror}. {hint}, then run this again."
            ) from exc


def _write_once(path: Path, data: bytes, key: str) -> None:
    """A hard link gives the finished file its name: unlike a rename it cannot replace what is there."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _READ_ONLY)
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            _is_same(path, data, key)  # somebody was faster: fine if it is the same, refused if not
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    _sync_folder(path.parent)


def _is_same(path: Path, data: bytes, key: str) -> bool:
    """Whether the file is there with this content; ArchiveError when it is there with other content."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return False
    if found != data:
        raise ArchiveError(f"{key} is in the archive already with other content, and is never overwritten.")
    return True


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, each on the platter before anything goes into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=_FOLDER, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
