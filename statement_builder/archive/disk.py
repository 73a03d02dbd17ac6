"""An archive in a folder. A file gets its name only when it is complete and synced to disk, and never changes."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from statement_builder.archive.keys import MARK, StoredObject, check_hash, check_key
from statement_builder.closing import Closing
from statement_builder.errors import ArchiveError

_READ_ONLY = 0o400
_OWNER_ONLY = 0o700
_OF_A_NEW_DISK = ("lost+found",)
_UNFINISHED = ".part"
"""How the name of a file ends that is still being written. It begins with a dot."""


class DiskArchive(Closing):
    """See `Archive`. The folder is created on first use, accessible only by its owner."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._is_marked = False

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        check_hash(key, data, sha256)
        path = self._path(key)
        with self._translate_errors(key):
            if self._is_marked and not (self._root / MARK).is_file():
                raise ArchiveError(
                    f"{key} was not written: the archive {self._root} has lost its mark while it was in use, so a disk "
                    "may have been unmounted. Mount it, then run this again."
                )
            if _has_content(path, data, key):
                return
            _make_folder(path.parent)
            _write_once(path, data, key)

    def get(self, key: str) -> bytes:
        with self._translate_errors(key, reading=True):
            return self._path(key).read_bytes()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        with self._translate_errors(key, reading=True), self._path(key).open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise ArchiveError(f"{key} is damaged: it is too short. Restore it from a backup of the archive.")
        return data

    def exists(self, key: str) -> bool:
        with self._translate_errors(key):
            return self._path(key).is_file()

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        folder = self._path(prefix.removesuffix("/"))
        with self._translate_errors(prefix, reading=True):
            paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
            for path in paths:
                written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield StoredObject(path.relative_to(self._root).as_posix(), written_at)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._translate_errors(key):
            path.unlink(missing_ok=True)
            for folder in list(path.parents)[:-1]:
                if folder == self._root or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()

    def find_lock(self, key: str) -> str:
        """Empty: a folder locks nothing."""
        check_key(key)
        return ""

    def delete_unfinished(self, prefix: str) -> int:
        folder = self._path(prefix.removesuffix("/"))
        with self._translate_errors(prefix):
            paths = [path for path in folder.rglob(f".*{_UNFINISHED}") if path.is_file()]
            for path in paths:
                path.unlink(missing_ok=True)
        return len(paths)

    def is_intact(self, key: str, sha256: str) -> bool:
        with self._translate_errors(key, reading=True):
            try:
                with self._path(key).open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest() == sha256
            except (FileNotFoundError, NotADirectoryError):
                return False

    def read_mark(self) -> bytes | None:
        with self._translate_errors(MARK):
            try:
                mark = (self._root / MARK).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        self._is_marked = True
        return mark

    def write_mark(self, mark: bytes) -> None:
        with self._translate_errors(MARK):
            _make_folder(self._root)
            descriptor, name = tempfile.mkstemp(dir=self._root, prefix=f".{MARK}.", suffix=_UNFINISHED)
            with os.fdopen(descriptor, "wb") as file:
                file.write(mark)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._root / MARK)
            _sync_folder(self._root)
        self._is_marked = True

    def is_used(self) -> bool:
        with self._translate_errors("the folder", reading=True):
            try:
                names = {entry.name for entry in os.scandir(self._root)}
            except (FileNotFoundError, NotADirectoryError):
                return False
        return any(not name.startswith(".") for name in names - {MARK, *_OF_A_NEW_DISK})

    def link(self, key: str, *, expires_s: int) -> str:
        raise ArchiveError(
            f"{key} is in a folder archive, which has no links. Use an S3 archive for links of {expires_s} seconds."
        )

    def check(self) -> None:
        with self._translate_errors("the test file"):
            _make_folder(self._root)
            with tempfile.TemporaryFile(dir=self._root) as probe:
                probe.write(b"probe")
                os.fsync(probe.fileno())

    def describe_encryption(self) -> str:
        """Empty: whether the disk is encrypted cannot be seen from here."""
        return ""

    def close(self) -> None:
        """Nothing to close."""

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key

    @contextmanager
    def _translate_errors(self, key: str, *, reading: bool = False) -> Iterator[None]:
        """Raise OSError as an ArchiveError that says what to do."""
        try:
            yield
        except OSError as exc:
            if reading and isinstance(exc, FileNotFoundError):
                raise ArchiveError(
                    f"{key} is not in the archive {self._root}. Check `archive` in the settings."
                ) from exc
            action = f"read {key} from" if reading else f"write {key} to"
            is_full = exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            hint = (
                "Free disk space"
                if is_full
                else "Fix the folder or its permissions, or change `archive` in the settings"
            )
            raise ArchiveError(
                f"Cannot {action} the archive {self._root}: {exc.strerror}. {hint}, then run this again."
            ) from exc


def _write_once(path: Path, data: bytes, key: str) -> None:
    """Write to a temporary file and hard-link it to `path`. Unlike a rename, a link never replaces a file."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _READ_ONLY)
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            _has_content(path, data, key)  # another process was faster; raises if its content differs
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    _sync_folder(path.parent)


def _has_content(path: Path, data: bytes, key: str) -> bool:
    """Whether the file exists with this content. ArchiveError if it exists with different content."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return False
    if found != data:
        raise ArchiveError(
            f"{key} is already in the archive with different content and is never overwritten. If only this service "
            "writes to the archive, the file is damaged: restore it from a backup."
        )
    return True


def _make_folder(folder: Path) -> None:
    """Create the folder and its parents, each synced to disk before anything is written to it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
