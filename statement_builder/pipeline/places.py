"""The places that carry the mark of an installation: its archive, and its folders for mail and for reports.

The server of a vendor, a mail server and a mailbox are not ours and carry no mark (ADR 37).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mail_house.print_files.names import PRINT_FILE_PREFIX
from mail_house.urls import folder_path, parse_url
from statement_builder.archive import Archive
from statement_builder.errors import ConfigError, StoreError
from statement_builder.settings import Settings

FOLDER_MARK = ".statements-installation"
"""The mark in a folder. Hidden, so that transfer programs leave it alone."""


class Store(StrEnum):
    """What an installation consists of."""

    LEDGER = "ledger"
    ARCHIVE = "archive"
    OUTBOX = "outbox"
    INBOX = "inbox"


class Place(Protocol):
    """An archive or a folder that carries a mark."""

    @property
    def name(self) -> str:
        """`archive`, `print`, `email` or `inbox`, as in the settings."""

    @property
    def store(self) -> Store: ...

    @property
    def location(self) -> str: ...

    def read_mark(self) -> bytes | None:
        """The mark; None if there is none, or no such place. Raises ArchiveError or StoreError if it cannot be read."""

    def write_mark(self, mark: bytes) -> None:
        """Write or replace the mark, and create the place if it does not exist."""

    def is_used(self) -> bool:
        """Whether it has anything that an earlier batch or report left there."""


class ArchivePlace:
    """The archive. See `Place`."""

    name = "archive"
    store = Store.ARCHIVE

    def __init__(self, archive: Archive, location: str) -> None:
        self.location = location
        self.read_mark = archive.read_mark
        self.write_mark = archive.write_mark
        self.is_used = archive.is_used


class FolderPlace:
    """A folder on this machine. See `Place`."""

    def __init__(self, name: str, store: Store, folder: Path, find_traces: Callable[[Path], Iterable[Path]]) -> None:
        """`find_traces` lists what an earlier batch or report left in the folder."""
        self.name = name
        self.store = store
        self.location = str(folder)
        self._folder = folder
        self._find_traces = find_traces

    def read_mark(self) -> bytes | None:
        try:
            return (self._folder / FOLDER_MARK).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise self._failure("read", exc) from exc

    def write_mark(self, mark: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=".part", delete=False) as file:
                file.write(mark)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, self._folder / FOLDER_MARK)
        except OSError as exc:
            raise self._failure("write to", exc) from exc

    def is_used(self) -> bool:
        return any(True for _ in self._find_traces(self._folder))

    def _failure(self, action: str, exc: OSError) -> StoreError:
        return StoreError(
            f"{self.store}: cannot {action} {self.location}: {exc.strerror}. Fix the folder or its permissions."
        )


def list_places(settings: Settings, archive: Archive) -> tuple[Place, ...]:
    """The places that carry a mark. ConfigError for an invalid URL."""
    places: list[Place] = [ArchivePlace(archive, settings.archive.partition("?")[0])]
    try:
        for name, url, traces in (
            ("print", settings.print, lambda folder: folder.glob(f"{PRINT_FILE_PREFIX}*.ctl")),
            ("email", settings.email, lambda folder: folder.glob("*.eml")),
        ):
            parsed = parse_url(url, setting=name)
            if parsed.scheme == "file":
                places.append(FolderPlace(name, Store.OUTBOX, folder_path(parsed), traces))
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    inbox = Path(settings.mail.inbox)
    places.append(FolderPlace("inbox", Store.INBOX, inbox, lambda folder: folder.glob("*/[!.]*")))
    return tuple(places)
