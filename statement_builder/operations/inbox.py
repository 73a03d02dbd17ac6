"""The inbox: the folder that delivery reports arrive in. Every file is moved to a subfolder and none is deleted.

`done`: processed. `quarantine`: some lines were unreadable or contradict the ledger; the valid lines were processed,
and a file next to it lists the lines and reasons. `unclear`: e-mail that a person must read. `address-changes`: new
addresses to enter in the billing system.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mail_house.vendors.folder import sync_folder
from statement_builder.errors import ConfigError

DONE, QUARANTINE, UNCLEAR, ADDRESS_CHANGES = "done", "quarantine", "unclear", "address-changes"
REVIEW_FOLDERS = (QUARANTINE, UNCLEAR, ADDRESS_CHANGES)
"""The subfolders whose files a person must review."""
REASON_SUFFIX = ".reason.txt"


class Inbox:
    """One folder, readable by its owner only, because the files contain addresses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            for each in (folder, *(folder / name for name in (DONE, *REVIEW_FOLDERS))):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"mail.inbox: {exc.filename} cannot be created: {exc.strerror}") from exc

    def names(self) -> list[str]:
        """The unprocessed files by name, without files that are still being written."""
        return sorted(
            path.name
            for path in self._folder.iterdir()
            if path.is_file() and not path.name.startswith(".") and not path.name.endswith((".part", ".tmp"))
        )

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def store(self, name: str, data: bytes) -> None:
        """Write a file into the inbox, synced to disk on return. Numbers the name if it is taken."""
        target = _free_path(self._folder, name)
        part = target.with_name(f"{target.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
        sync_folder(self._folder)

    def move(self, name: str, folder: str, reasons: Sequence[str] = ()) -> Path:
        """Move a file to a subfolder and return its new path. Writes the reasons next to it first."""
        target = _free_path(self._folder / folder, name)
        if reasons:
            reason = target.with_name(target.name + REASON_SUFFIX)
            reason.write_text("".join(f"{line}\n" for line in reasons), encoding="utf-8")
        (self._folder / name).rename(target)
        sync_folder(self._folder / folder)
        return target

    def files_to_review(self) -> dict[str, list[str]]:
        """Subfolder → the files in it that a person must review, and then move or delete."""
        return {
            folder: sorted(
                path.name
                for path in (self._folder / folder).iterdir()
                if path.is_file() and not path.name.endswith(REASON_SUFFIX)
            )
            for folder in REVIEW_FOLDERS
        }


class FileToReview(NamedTuple):
    """A file that a person must review."""

    folder: str
    """The subfolder of the inbox."""
    name: str
    reasons: tuple[str, ...]
    """The lines, and what is wrong with each."""
    text: str
    """Its content; bytes that are not UTF-8 are replaced."""


def read_files_to_review(folder: Path) -> Iterator[FileToReview]:
    """The files of an inbox that a person must review, with their reasons. None if the inbox does not exist yet."""
    for name in REVIEW_FOLDERS:
        for path in sorted((folder / name).glob("*")):
            if path.is_file() and not path.name.endswith(REASON_SUFFIX):
                reason = path.with_name(path.name + REASON_SUFFIX)
                reasons = reason.read_text(encoding="utf-8").splitlines() if reason.is_file() else []
                text = path.read_text(encoding="utf-8", errors="replace")
                yield FileToReview(name, path.name, tuple(reasons), text)


def _free_path(folder: Path, name: str) -> Path:
    """The path in that folder, numbered if it is taken."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
    return target
