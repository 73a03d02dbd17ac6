"""The stores of an installation: its ledger, archive, outbox and inbox belong together, and each says so.

The ledger has the installation's id. The archive, the folders that mail is handed off to and the inbox each carry the
id in a mark. All are made when all are new. From then on, a store without its mark is a lost mount, a wrong address or
a restored copy, and nothing is done with it until a person has looked. The server of a vendor, a mail server and a
mailbox are not ours and carry no mark.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from msgspec import field

from mail_house.print_files.names import PRINT_FILE_PREFIX
from mail_house.urls import folder_path, parse_url
from statement_builder.archive import Archive
from statement_builder.billing.model import Record
from statement_builder.clock import is_replaced
from statement_builder.errors import ArchiveError, ClockError, ConfigError, StoreError
from statement_builder.ledger import Installation, Ledger, NewInstallation
from statement_builder.settings import Settings

FOLDER_MARK = ".statements-installation"
"""The mark in a folder. Hidden, so that transfer programs leave it alone."""
_NOTE = "This place belongs to one installation of Statement Builder. Do not copy, move or delete this file."


class Store(StrEnum):
    """What an installation consists of."""

    LEDGER = "ledger"
    ARCHIVE = "archive"
    OUTBOX = "outbox"
    INBOX = "inbox"


class Mark(Record, kw_only=True):
    """The content of a mark."""

    installation: str
    is_demonstration: bool = field(name="demonstration", default=False)
    note: str = _NOTE


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

    def __init__(self, name: str, store: Store, folder: Path, is_trace: Callable[[Path], Iterable[Path]]) -> None:
        """`is_trace` lists what an earlier batch or report left in the folder."""
        self.name = name
        self.store = store
        self.location = str(folder)
        self._folder = folder
        self._traces = is_trace

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
        return any(True for _ in self._traces(self._folder))

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


class Observation(NamedTuple):
    """What was found in a place."""

    place: Place
    mark: bytes | None
    is_used: bool
    """Meaningful only without a mark."""


class StoreProblem(NamedTuple):
    """Why a store is not the one that it was, and what to do."""

    store: Store
    place: str
    message: str


def observe(places: Iterable[Place], *, skip_unreachable: bool) -> list[Observation]:
    """Look at each place. Do this before the ledger is opened: a process that starts at the same time writes the ledger
    first, then the marks. ArchiveError if the archive cannot be reached, unless those are skipped."""
    found = []
    for place in places:
        try:
            mark = place.read_mark()
            found.append(Observation(place, mark, is_used=mark is None and place.is_used()))
        except ArchiveError:
            if not skip_unreachable:
                raise
    return found


def find_problems(observations: Iterable[Observation], known: Installation | None, ledger: str) -> list[StoreProblem]:
    """What does not belong together. `known` is what the ledger says; None for a new ledger, whose URL is `ledger`."""
    if known is None:
        return _find_lost_ledger(observations, ledger)
    problems = []
    for found in observations:
        if message := _describe_problem(found, known):
            problems.append(StoreProblem(found.place.store, found.place.name, message))
    return problems


def _find_lost_ledger(observations: Iterable[Observation], ledger: str) -> list[StoreProblem]:
    used = [found.place for found in observations if found.mark is not None or found.is_used]
    if not used:
        return []
    places = ", ".join(f"{place.name} ({place.location})" for place in used)
    message = (
        f"the ledger {ledger} is new, but these were used before: {places}. A new ledger does not know what was "
        "mailed, so a batch would be mailed again. Restore the ledger from its backup, or correct `ledger` in the "
        'settings. If you mean to begin with a new ledger, run `statements adopt ledger --reason "…"`.'
    )
    return [StoreProblem(Store.LEDGER, "ledger", message)]


def _describe_problem(found: Observation, known: Installation) -> str:
    place = found.place
    what = f"{place.name}: {place.location}"
    if found.mark is not None:
        owner = read_owner(found.mark)
        if owner == known.installation_id:
            return ""
        return (
            f"{what} belongs to another installation ({owner or 'its mark cannot be read'}; this one is "
            f"{known.installation_id}). {_advise(place)}"
        )
    if place.name not in known.marked_places and not found.is_used and not _is_lost_archive(place, known):
        return ""  # it is new, or the process that made it died before it wrote the mark
    if place.read_mark() is not None:  # written by a process that started at the same time
        return ""
    return (
        f"{what} does not have the mark of this installation, {known.installation_id}: a disk may not be mounted, or "
        f"the setting may name another place. {_advise(place)}"
    )


def _is_lost_archive(place: Place, known: Installation) -> bool:
    return place.store is Store.ARCHIVE and known.has_batches


def _advise(place: Place) -> str:
    return (
        f"Mount or restore the {place.store}, or correct the setting, then run the command again. If the move or the "
        f'restore is meant, run `statements adopt {place.store} --reason "…"`.'
    )


def read_owner(mark: bytes) -> str:
    """The id of the installation that wrote the mark; empty if it is damaged."""
    decoded = decode_mark(mark)
    return decoded.installation if decoded else ""


def decode_mark(mark: bytes) -> Mark | None:
    """The mark; None if it is damaged."""
    try:
        return msgspec.json.decode(mark, type=Mark)
    except msgspec.MsgspecError:
        return None


def write_mark(ledger: Ledger, place: Place, known: Installation) -> None:
    """Mark the place, and record that it must carry the mark from now on."""
    mark = Mark(installation=known.installation_id, is_demonstration=known.is_demonstration)
    place.write_mark(msgspec.json.encode(mark) + b"\n")
    ledger.installation.record_mark(place.name)


def open_ledger(
    settings: Settings, places: Iterable[Place], *, environ: Mapping[str, str], reads_only: bool = False
) -> Ledger:
    """Open the ledger of this installation, and require that its stores belong to it.

    Creates a new ledger and marks new stores. With `reads_only`, nothing is created or changed: where there is no
    ledger, the result is an empty one. LedgerVersionError for a ledger of another version, StoreError for a store that
    is not the one that it was, ClockError for a replaced clock.
    """
    found = observe(places, skip_unreachable=reads_only)
    ledger = Ledger.open(settings.ledger)
    try:
        if ledger.version is None:
            require_none(find_problems(found, None, str(ledger)))
            new = new_installation(environ)
            if reads_only:
                ledger.close()
                return Ledger.open_empty(new)
            ledger.upgrade(new)
        ledger.require_current()
        known = ledger.installation.get()
        require_allowed_clock(known, environ, str(ledger))
        require_none(find_problems(found, known, str(ledger)))
        for each in found:
            if not reads_only and each.place.name not in known.marked_places:
                with suppress(StoreError):  # the stage that needs this folder says why it cannot be written
                    write_mark(ledger, each.place, known)
    except BaseException:
        ledger.close()
        raise
    return ledger


def require_allowed_clock(known: Installation | NewInstallation, environ: Mapping[str, str], ledger: str) -> None:
    """ClockError if the clock is replaced and the ledger is not a demonstration."""
    if is_replaced(environ) and not known.is_demonstration:
        raise ClockError(
            f"STATEMENTS_CLOCK is set, but the ledger {ledger} is not a demonstration: its times must be the "
            "machine's. Unset STATEMENTS_CLOCK, or use another STATEMENTS_HOME for a rehearsal."
        )


def new_installation(environ: Mapping[str, str]) -> NewInstallation:
    """A new installation. It is a demonstration for good if the clock is replaced when it is made."""
    return NewInstallation(is_demonstration=is_replaced(environ))


def require_none(problems: Iterable[StoreProblem]) -> None:
    """StoreError with all messages, if there are problems."""
    if messages := [problem.message for problem in problems]:
        raise StoreError(" ".join(messages))
