"""What every print vendor can do, and how one that takes files in a folder does it, wherever that folder is.

The control file decides: before it is there nothing has been handed over and everything may be done again; once it
is there under its own name, the print file is the vendor's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from mail_house.errors import Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile, Receipt
from mail_house.print_files.control import Control, FileFacts, file_facts, read_control, write_control
from mail_house.vendors.pgp import PgpEncryptor


class PrintVendor(Protocol):
    """Every method raises Retryable where nothing was accepted (Misconfigured, which is one, where the set-up must be
    mended first), and may be called again."""

    collects: bool
    """The vendor takes files away after pick-up: then absence after an attempt to commit proves nothing."""

    can_cancel: bool
    """For some time the vendor cancels what was handed over."""

    @property
    def pieces_max(self) -> int | None:
        """Pieces in one print file; None: as many as there are."""

    def prepare(self, file: PrintFile) -> None:
        """Brings everything but the control file, read back and verified. Replaces what an earlier try left behind.

        Raises Permanent when another print file was committed under the name.
        """

    def commit(self, file: PrintFile) -> Receipt:
        """Brings the control file: from here the vendor owns the print file. When it was there already, unchanged, the
        receipt is the same again. Raises UnknownOutcome when the answer got lost: then `find` knows."""

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        """The receipt of the print file that was committed under this name, or None when none was.

        `sha256` is the print file's. Raises Permanent when another print file has the name, UnknownOutcome when what
        is there is no longer what was committed.
        """

    def cancel(self, reference: str) -> bool:
        """Cancels the print file of this receipt, of which nothing is then printed; True also where it was cancelled
        before, False where it is too late."""

    def check(self) -> None:
        """Raises unless the vendor can be reached and written to."""

    def close(self) -> None:
        """Lets go of a connection, where one is kept between print files."""


class Directory(Protocol):
    """An open folder, here or far away. Names have no path. Raises Retryable."""

    def read(self, name: str) -> bytes | None:
        """The file's bytes, None where there is none."""

    def size(self, name: str) -> int | None: ...

    def stage(self, name: str, data: bytes) -> datetime:
        """Writes `<name>.part` anew, reads it back, and gives its time of writing (UTC)."""

    def publish(self, name: str) -> None:
        """Renames `<name>.part` to `name`, replacing it. Raises UnknownOutcome when the answer got lost."""

    def discard(self, name: str) -> None:
        """Removes `<name>.part`."""

    def written_at(self, name: str) -> datetime | None:
        """When the file was written (UTC), None where there is none."""


class FolderVendor:
    """A vendor that takes print files in a folder. One session an operation, so that none is stale when needed."""

    pieces_max: int | None = None
    can_cancel = False

    def __init__(
        self,
        open_directory: Callable[[], AbstractContextManager[Directory]],
        *,
        location: str,
        collects: bool,
        seal: PgpEncryptor | None = None,
    ) -> None:
        """With a `seal` PDF and manifest are brought encrypted; the control file, which names nobody, never is."""
        self.collects = collects
        self._open = open_directory
        self._location = location
        self._seal = seal
        self._sealed: dict[str, tuple[FileFacts, ...]] = {}

    def prepare(self, file: PrintFile) -> None:
        with self._open() as directory:
            if self._committed(directory, file.name, file.sha256):
                return
            for name, data in self._to_bring(file):
                if directory.size(name) == len(data) and directory.read(name) == data:
                    continue
                directory.stage(name, data)
                try:
                    directory.publish(name)
                except UnknownOutcome as exc:  # without a control file nothing has been handed over
                    raise Retryable(str(exc)) from exc

    def commit(self, file: PrintFile) -> Receipt:
        with self._open() as directory:
            control = self._committed(directory, file.name, file.sha256)
            if control:
                return self._receipt(control, self._control_written_at(directory, file.name))
            control = msgspec.structs.replace(read_control(file.control), sealed=self._sealed.get(file.name, ()))
            for facts in self._brought(control):
                if directory.size(facts.file) != facts.bytes:
                    raise Retryable(
                        f"{facts.file} is not complete at {self._location}: bring it again before its control file"
                    )
            written_at = directory.stage(f"{file.name}.ctl", write_control(control))
            directory.publish(f"{file.name}.ctl")
        return self._receipt(control, written_at)

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        with self._open() as directory:
            control = self._committed(directory, name, sha256)
            if control is None:
                return None
            for facts in self._brought(control):
                data = directory.read(facts.file)
                if data is None and self.collects:
                    continue  # being picked up; the control file said what it was
                if data is None or hashlib.sha256(data).hexdigest() != facts.sha256:
                    raise UnknownOutcome(
                        f"{facts.file} at {self._location} is missing or no longer what was handed over: "
                        "ask the vendor what was received"
                    )
            return self._receipt(control, self._control_written_at(directory, name))

    def cancel(self, reference: str) -> bool:
        """What is in the folder is the vendor's."""
        return False

    def check(self) -> None:
        name = "statements-doctor"
        with self._open() as directory:
            directory.stage(name, b"May be deleted.\n")
            directory.discard(name)

    def close(self) -> None:
        """Nothing is kept open."""

    def _to_bring(self, file: PrintFile) -> tuple[tuple[str, bytes], ...]:
        """Names and bytes of what goes before the control file."""
        plain = ((f"{file.name}.pdf", file.pdf), (f"{file.name}.csv", file.manifest))
        if self._seal is None:
            return plain
        sealed = tuple((name + self._seal.suffix, self._seal(data)) for name, data in plain)
        self._sealed[file.name] = tuple(file_facts(name, data) for name, data in sealed)
        return sealed

    def _brought(self, control: Control) -> tuple[FileFacts, ...]:
        """What has to be at the vendor beside this control file."""
        if control.sealed or self._seal is None:
            return control.sealed or (control.pdf, control.manifest)
        raise Retryable(f"{control.name} was not brought by this process: bring it again before its control file")

    def _committed(self, directory: Directory, name: str, sha256: str) -> Control | None:
        """The control file under this name, None where there is none. Raises Permanent when it is another's."""
        data = directory.read(f"{name}.ctl")
        if data is None:
            return None
        try:
            control = read_control(data)
        except ValueError as exc:
            raise Permanent(f"{name}.ctl at {self._location} is not a control file of ours: see who wrote it") from exc
        if control.pdf.sha256 != sha256 or control.pdf.file != f"{name}.pdf" or control.manifest.file != f"{name}.csv":
            raise Permanent(
                f"another print file was handed over as {name} at {self._location}: "
                "see what it holds before anything else is sent under this name"
            )
        return control

    def _control_written_at(self, directory: Directory, name: str) -> datetime:
        at = directory.written_at(f"{name}.ctl")
        if at is None:
            raise UnknownOutcome(f"{name}.ctl has just been taken from {self._location}: ask again, or the vendor")
        return at

    def _receipt(self, control: Control, at: datetime) -> Receipt:
        detail = {
            "location": self._location,
            "sha256": control.pdf.sha256,
            "manifest_sha256": control.manifest.sha256,
            "records": str(control.records),
            "pages": str(control.pages),
        }
        return Receipt(reference=control.name, at=at, detail=detail)
