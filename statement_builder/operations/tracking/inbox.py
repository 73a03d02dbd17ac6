"""The inbox: the folder that delivery reports arrive in. Every file is moved to a subfolder and none is deleted.

`done`: processed. `quarantine`: some lines were unreadable or contradict the ledger; the valid lines were processed,
and a file next to it lists the lines and reasons. `unclear`: e-mail that a person must read. `address-changes`: new
addresses to enter in the billing system. `waiting`: would reverse so many mailings that a person must accept it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mail_house.inbound import HasSettled, Settling, Sighting, has_temporary_name
from mail_house.limits import FILE_BYTES_MAX, LimitExceeded
from mail_house.vendors.folder import sync_folder
from statement_builder.errors import ConfigError
from statement_builder.operations.tracking.inbox_memory import load_memory, save_memory

DONE, QUARANTINE, UNCLEAR, ADDRESS_CHANGES = "done", "quarantine", "unclear", "address-changes"
WAITING = "waiting"
REVIEW_FOLDERS = (QUARANTINE, UNCLEAR, ADDRESS_CHANGES, WAITING)
"""The subfolders whose files a person must review."""
REASON_SUFFIX = ".reason.txt"
NAME_BYTES_MAX = 150
"""Of a file name. It leaves room for a number and a suffix within the 255 of file systems."""
_SIZES, _SIGHTINGS = ".sizes.json", ".dated-ahead.json"
"""What the inbox remembers: the sizes of the files to review, and the files that are dated in the future."""
REVIEW_BYTES_MAX = 2**20
"""Of a file to review that is read to list it."""


class Inbox:
    """One folder, readable by its owner only, because the files contain addresses."""

    def __init__(self, folder: Path, *, setting: str = "mail.inbox") -> None:
        self._folder = folder
        self._stored: set[str] = set()
        try:
            for each in (folder, *(folder / name for name in (DONE, *REVIEW_FOLDERS))):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"{setting}: {exc.filename} cannot be created: {exc.strerror}") from exc

    def file_time(self) -> float:
        """The clock of this folder's file times, a POSIX timestamp: a network drive has its own."""
        with tempfile.TemporaryFile(dir=self._folder) as probe:
            return os.fstat(probe.fileno()).st_mtime

    def start_settling(self, *, now: float, settle_s: float) -> Settling:
        """Which files are complete at this moment, a POSIX timestamp, given what earlier runs saw."""
        return Settling(now=now, settle_s=settle_s, seen=load_memory(self._folder / _SIGHTINGS, Sighting))

    def save_sightings(self, settling: Settling) -> None:
        """Remember the files that are dated in the future for the next run."""
        save_memory(self._folder / _SIGHTINGS, settling.sightings)

    def names(self, has_settled: HasSettled) -> list[str]:
        """The unprocessed files by name that are complete: stored by this process, or settled, and without a temporary
        name."""
        return sorted(
            entry.name
            for entry, status in self._entries()
            if stat.S_ISREG(status.st_mode)
            and not has_temporary_name(entry.name)
            and (entry.name in self._stored or has_settled(entry.name, status.st_mtime, status.st_size))
        )

    def unsettled_names(self, complete: Collection[str]) -> list[str]:
        """The files that `names` has left out because they may still be written."""
        return sorted(
            entry.name
            for entry, status in self._entries()
            if stat.S_ISREG(status.st_mode) and not has_temporary_name(entry.name) and entry.name not in complete
        )

    def irregular_names(self) -> list[str]:
        """What is not a file but a folder, a link or a device. Nothing of it is read."""
        own = {DONE, *REVIEW_FOLDERS}
        return sorted(
            entry.name
            for entry, status in self._entries()
            if not stat.S_ISREG(status.st_mode) and entry.name not in own and not entry.name.startswith(".")
        )

    def unfinished_names(self, *, unchanged_since: float) -> list[str]:
        """The files with a temporary name that have not changed since then, a POSIX timestamp."""
        return sorted(
            entry.name
            for entry, status in self._entries()
            if has_temporary_name(entry.name)
            and not entry.name.startswith(".")
            and stat.S_ISREG(status.st_mode)
            and status.st_mtime <= unchanged_since
        )

    def _entries(self) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        """What is in the folder. Links are not followed."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    yield entry, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # removed by somebody else in the meantime

    def read(self, name: str) -> bytes:
        """The bytes of a file; `waiting/x.csv` for one in a subfolder. LimitExceeded for one that is too large."""
        path = self._folder / name
        if path.stat().st_size > FILE_BYTES_MAX:
            raise LimitExceeded(f"is larger than {FILE_BYTES_MAX // 2**20} MB: ask the sender for smaller files")
        return path.read_bytes()

    def store(self, name: str, data: bytes) -> None:
        """Write a file into the inbox, synced to disk on return. Numbers the name if it is taken."""
        self.add(name, data)

    def add(self, name: str, data: bytes) -> str:
        """As `store`; returns the name."""
        target = _free_path(self._folder, safe_name(name))
        part = target.with_name(f"{target.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
        sync_folder(self._folder)
        self._stored.add(target.name)
        return target.name

    def move(self, name: str, folder: str, reasons: Sequence[str] = (), *, size: int | None = None) -> Path:
        """Move a file to a subfolder and return its new path. Writes the reasons next to it first. `size`: the bytes
        that were read; None if it was not read."""
        source = self._folder / name
        target = _free_path(self._folder / folder, safe_name(source.name))
        _write_reasons(target, reasons)
        if folder in REVIEW_FOLDERS:
            self._note_size(f"{folder}/{target.name}", source.stat().st_size if size is None else size)
        source.rename(target)
        with suppress(OSError):  # there is none, or the name with the suffix would be too long for one
            source.with_name(source.name + REASON_SUFFIX).unlink()
        sync_folder(self._folder / folder)
        return target

    def copy(self, name: str, folder: str, reasons: Sequence[str]) -> None:
        """Copy a file to a subfolder, so that it waits there too for a person."""
        source = self._folder / name
        target = _free_path(self._folder / folder, safe_name(source.name))
        _write_reasons(target, reasons)
        self._note_size(f"{folder}/{target.name}", None)  # nobody has it open
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        part.rename(target)
        sync_folder(self._folder / folder)

    def has_copy(self, folder: str, sha256: str) -> bool:
        """Whether a file with these bytes is in the subfolder."""
        paths = (path for path in (self._folder / folder).iterdir() if path.is_file())
        return any(hashlib.sha256(path.read_bytes()).hexdigest() == sha256 for path in paths)

    def changed_since_taken(self, *, changed_after: float) -> list[str]:
        """The files in `done`, as `done/x.csv`, that somebody has written to after they were moved there: a program
        that still had the file open. `changed_after` is a POSIX timestamp that limits the search."""
        found = []
        with os.scandir(self._folder / DONE) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                # A move changes the inode's time only. The two are the same if a write was the last change.
                if status.st_mtime > changed_after and status.st_mtime_ns >= status.st_ctime_ns:
                    found.append(f"{DONE}/{entry.name}")
        return sorted(found)

    def grown_names(self) -> list[str]:
        """The files to review, as `quarantine/x.csv`, that have more bytes than when they were read: their transfer had
        stopped in between. Other changes are a person's."""
        sizes = load_memory(self._folder / _SIZES, int)
        return sorted(name for name, size in sizes.items() if _size_of(self._folder / name) > size)

    def _note_size(self, name: str, size: int | None) -> None:
        """Remember how long a file to review was when it was read; None: do not watch it."""
        sizes = load_memory(self._folder / _SIZES, int)
        kept = {known: each for known, each in sizes.items() if known != name and (self._folder / known).exists()}
        save_memory(self._folder / _SIZES, kept if size is None else {**kept, name: size})

    def put_back(self, name: str) -> str:
        """Move a file from a subfolder back into the inbox, to be read again, and return its name there. What it was
        put there for no longer counts."""
        source = self._folder / name
        target = _free_path(self._folder, source.name)
        source.rename(target)
        with suppress(OSError):  # there is none, or the name with the suffix would be too long for one
            source.with_name(source.name + REASON_SUFFIX).unlink()
        sync_folder(self._folder)
        return target.name

    def files_to_review(self) -> dict[str, list[str]]:
        """Subfolder → the files in it that a person must review, and then move or delete."""
        return {folder: [path.name for path in _list_reviews(self._folder / folder)] for folder in REVIEW_FOLDERS}


class FileToReview(NamedTuple):
    """A file that a person must review."""

    folder: str
    """The subfolder of the inbox."""
    name: str
    reasons: tuple[str, ...]
    """The lines, and what is wrong with each."""
    text: str
    """Its first `REVIEW_BYTES_MAX` bytes; bytes that are not UTF-8 are replaced."""


def read_files_to_review(folder: Path) -> Iterator[FileToReview]:
    """The files of an inbox that a person must review, with their reasons. None if the inbox does not exist yet."""
    for name in REVIEW_FOLDERS:
        for path in _list_reviews(folder / name):
            try:
                text = _read_start(path)
                reasons = _read_start(path.with_name(path.name + REASON_SUFFIX)).splitlines()
            except FileNotFoundError:
                continue  # moved away in the meantime
            except OSError as exc:
                text, reasons = "", [f"It cannot be read ({exc.strerror}): fix its permissions."]
            yield FileToReview(name, safe_name(path.name), tuple(reasons), text)


def _list_reviews(folder: Path) -> list[Path]:
    """The files in a folder by name, without reasons. Empty if there is no such folder."""
    return sorted(
        path
        for path in folder.glob("*")
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(REASON_SUFFIX)
    )


def _read_start(path: Path) -> str:
    """The start of a text file; empty if it is a reason that does not exist."""
    if path.name.endswith(REASON_SUFFIX) and not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(REVIEW_BYTES_MAX).decode("utf-8", "replace")


def _write_reasons(target: Path, reasons: Sequence[str]) -> None:
    if reasons:
        reason = target.with_name(target.name + REASON_SUFFIX)
        reason.write_text("".join(f"{line}\n" for line in reasons), encoding="utf-8")


def safe_name(name: str) -> str:
    """A name that a file system, a terminal and the ledger accept: printable, at most `NAME_BYTES_MAX` bytes.

    An altered name contains a digest of the original, so that different names stay different.
    """
    shown = "".join(each if each.isprintable() and each not in "/\\" else "_" for each in name).strip()
    if shown == name and len(shown.encode()) <= NAME_BYTES_MAX and not shown.endswith(REASON_SUFFIX):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem, dot, suffix = shown.rpartition(".")
    if not dot or len(suffix.encode()) > 16:
        stem, suffix = shown, ""
    kept = stem.encode()[: NAME_BYTES_MAX - 30].decode("utf-8", "ignore")
    return f"{kept}~{digest}{dot if suffix else ''}{suffix}"


def _size_of(path: Path) -> int:
    """The size in bytes; 0 for a file that somebody has moved away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _free_path(folder: Path, name: str) -> Path:
    """The path in that folder, numbered if it is taken."""
    target, number = folder / name, 1
    while os.path.lexists(target):
        number += 1
        target = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
    return target
