"""The folder where answers come in. Each file ends in a folder that says what it is for, and none is thrown away.

`done`: taken. `quarantine`: lines in it were not understood or cannot be so; what is good in it was taken, and a file
beside it says which lines and why. `unclear`: bounces for a person to read. `address-changes`: for the billing system.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mail_house.vendors.folder import sync_folder
from statement_builder.errors import ConfigError

DONE, QUARANTINE, UNCLEAR, MOVED = "done", "quarantine", "unclear", "address-changes"
FOR_A_PERSON = (QUARANTINE, UNCLEAR, MOVED)
REASON = ".reason.txt"


class Inbox:
    """One folder, for its owner alone: there are addresses in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            for each in (folder, *(folder / name for name in (DONE, *FOR_A_PERSON))):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"mail.inbox: {exc.filename} cannot be made: {exc.strerror}") from exc

    def names(self) -> list[str]:
        """The files that wait, in the order of their names; not those still being written."""
        return sorted(
            path.name
            for path in self._folder.iterdir()
            if path.is_file() and not path.name.startswith(".") and not path.name.endswith((".part", ".tmp"))
        )

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def keep(self, name: str, data: bytes) -> None:
        """Put a file into the inbox, on disk when this returns. Another of its name is not replaced."""
        target = _free_name(self._folder, name)
        part = target.with_name(f"{target.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
        sync_folder(self._folder)

    def put_away(self, name: str, where: str, reasons: Sequence[str] = ()) -> Path:
        """Move a file to where it belongs, with the reasons beside it, which are there first. Its path."""
        target = _free_name(self._folder / where, name)
        if reasons:
            reason = target.with_name(target.name + REASON)
            reason.write_text("".join(f"{line}\n" for line in reasons), encoding="utf-8")
        (self._folder / name).rename(target)
        sync_folder(self._folder / where)
        return target

    def waiting_for_a_person(self) -> dict[str, list[str]]:
        """Folder → the files in it that somebody has to look at; who has done so moves or deletes them."""
        return {
            where: sorted(
                path.name
                for path in (self._folder / where).iterdir()
                if path.is_file() and not path.name.endswith(REASON)
            )
            for where in FOR_A_PERSON
        }


class WaitingFile(NamedTuple):
    """A file that a person has to look at."""

    where: str
    """The folder of the inbox."""
    name: str
    reasons: tuple[str, ...]
    """Which lines, and why."""
    text: str
    """All of it, as far as it is text."""


def files_for_a_person(folder: Path) -> Iterator[WaitingFile]:
    """The files of an inbox that somebody has to look at, each with the reasons beside it; none where there is no
    inbox yet."""
    for where in FOR_A_PERSON:
        for path in sorted((folder / where).glob("*")):
            if path.is_file() and not path.name.endswith(REASON):
                reason = path.with_name(path.name + REASON)
                reasons = reason.read_text(encoding="utf-8").splitlines() if reason.is_file() else []
                text = path.read_text(encoding="utf-8", errors="replace")
                yield WaitingFile(where, path.name, tuple(reasons), text)


def _free_name(folder: Path, name: str) -> Path:
    """The name in that folder, numbered where it is taken."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
    return target
