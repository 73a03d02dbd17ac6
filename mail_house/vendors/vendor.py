"""The interface of every print vendor, and the vendor that receives print files in a folder, local or remote.

The control file decides. Until it exists, nothing has been handed over and every step may be repeated; once it exists
under its own name, the vendor owns the print file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from mail_house.errors import Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile, Receipt
from mail_house.print_files.control import Control, FileFacts, file_facts, read_control, write_control
from security_kit.openpgp import PgpEncryptor


def print_file_parts(name: str) -> tuple[str, ...]:
    """The files of a print file in a folder. The control file is last: until it is deleted, it names the others."""
    return (f"{name}.pdf", f"{name}.csv", f"{name}.ctl")


class PrintVendor(Protocol):
    """Every method may be called again. It raises Retryable if nothing was accepted, or Misconfigured (a Retryable) if
    the setup must be fixed first."""

    collects: bool
    """The vendor removes files after pickup, so a missing file after an attempt to commit proves nothing."""

    can_cancel: bool
    """The vendor can cancel a print file for a limited time after the hand-off."""

    @property
    def pieces_max(self) -> int | None:
        """Pieces in one print file, at most; None means no limit."""

    def find_refusal(self, file: PrintFile) -> str:
        """Why the vendor would refuse this print file whatever is done, such as an address abroad; empty if nothing is
        known. Asks nobody."""

    def prepare(self, file: PrintFile) -> None:
        """Upload everything but the control file, and read it back. Replaces leftovers of an earlier attempt.

        Raises Permanent if another print file was committed under the name.
        """

    def commit(self, file: PrintFile) -> Receipt:
        """Upload the control file; from then on the vendor owns the print file. If the same file was committed before,
        the receipt is the same. Raises UnknownOutcome if the response was lost; call `find` then."""

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        """Return the receipt of the print file that was committed under this name, or None.

        `sha256` is the print file's. Raises Permanent if another print file has the name, UnknownOutcome if the files
        at the vendor are no longer the committed ones.
        """

    def cancel(self, reference: str) -> bool:
        """Cancel the print file of this receipt before it is printed. True also if it was cancelled before; False if
        it is too late."""

    def check(self) -> None:
        """Raise unless the vendor can be reached and written to."""

    def close(self) -> None:
        """Close the connection, if one is kept between print files."""


class Directory(Protocol):
    """An open folder, local or remote. Names have no path. Every method raises Retryable if it fails."""

    def read(self, name: str) -> bytes | None:
        """Return the file's bytes, or None if there is no such file."""

    def size(self, name: str) -> int | None: ...

    def stage(self, name: str, data: bytes) -> datetime:
        """Write `<name>.part`, read it back, and return its modification time (UTC)."""

    def publish(self, name: str) -> None:
        """Rename `<name>.part` to `name`, replacing it. Raises UnknownOutcome if the response was lost."""

    def discard(self, name: str) -> None:
        """Remove `<name>.part`."""

    def written_at(self, name: str) -> datetime | None:
        """Return the file's modification time (UTC), or None if there is no such file."""


class FolderVendor:
    """A vendor that receives print files in a folder. Each operation opens its own session, so none goes stale."""

    pieces_max: int | None = None
    can_cancel = False

    def __init__(
        self,
        open_directory: Callable[[], AbstractContextManager[Directory]],
        *,
        location: str,
        collects: bool,
        encryptor: PgpEncryptor | None = None,
    ) -> None:
        """With an `encryptor`, PDF and manifest are uploaded encrypted. The control file has no personal data and is
        never encrypted."""
        self.collects = collects
        self._open = open_directory
        self._location = location
        self._encryptor = encryptor
        self._encrypted: dict[str, tuple[FileFacts, ...]] = {}

    def find_refusal(self, file: PrintFile) -> str:
        """Always empty: the vendor's own preflight decides."""
        return ""

    def prepare(self, file: PrintFile) -> None:
        with self._open() as directory:
            if self._committed(directory, file.name, file.sha256):
                return
            for name, data in self._files_to_upload(file):
                if directory.size(name) == len(data) and directory.read(name) == data:
                    continue
                directory.stage(name, data)
                try:
                    directory.publish(name)
                except UnknownOutcome as exc:  # nothing is handed over without a control file
                    raise Retryable(str(exc)) from exc

    def commit(self, file: PrintFile) -> Receipt:
        with self._open() as directory:
            control = self._committed(directory, file.name, file.sha256)
            if control:
                return self._receipt(control, self._control_written_at(directory, file.name))
            control = msgspec.structs.replace(read_control(file.control), sealed=self._encrypted.get(file.name, ()))
            for facts in self._expected_files(control):
                if directory.size(facts.file) != facts.bytes:
                    raise Retryable(
                        f"{facts.file} is not complete at {self._location}: upload it again before its control file"
                    )
            written_at = directory.stage(f"{file.name}.ctl", write_control(control))
            directory.publish(f"{file.name}.ctl")
        return self._receipt(control, written_at)

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        with self._open() as directory:
            control = self._committed(directory, name, sha256)
            if control is None:
                return None
            for facts in self._expected_files(control):
                data = directory.read(facts.file)
                if data is None and self.collects:
                    continue  # the vendor is collecting; the control file identifies the print file
                if data is None or hashlib.sha256(data).hexdigest() != facts.sha256:
                    raise UnknownOutcome(
                        f"{facts.file} at {self._location} is missing or differs from the file that was handed over: "
                        "ask the vendor what was received"
                    )
            return self._receipt(control, self._control_written_at(directory, name))

    def cancel(self, reference: str) -> bool:
        """Always False: the vendor owns the files in the folder."""
        return False

    def check(self) -> None:
        name = "statements-doctor"
        with self._open() as directory:
            directory.stage(name, b"May be deleted.\n")
            directory.discard(name)

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    def _files_to_upload(self, file: PrintFile) -> tuple[tuple[str, bytes], ...]:
        """Return names and bytes of the files that precede the control file."""
        plain = ((f"{file.name}.pdf", file.pdf), (f"{file.name}.csv", file.manifest))
        if self._encryptor is None:
            return plain
        try:
            encrypted = tuple((name + self._encryptor.suffix, self._encryptor(data)) for name, data in plain)
        except ValueError as exc:  # the key has expired since it was loaded
            raise Misconfigured(str(exc)) from exc
        self._encrypted[file.name] = tuple(file_facts(name, data) for name, data in encrypted)
        return encrypted

    def _expected_files(self, control: Control) -> tuple[FileFacts, ...]:
        """Return the files that must be at the vendor with this control file."""
        if control.sealed or self._encryptor is None:
            return control.sealed or (control.pdf, control.manifest)
        raise Retryable(f"{control.name} was not uploaded by this process: upload it again before its control file")

    def _committed(self, directory: Directory, name: str, sha256: str) -> Control | None:
        """Return the control file under this name, or None. Raises Permanent if it belongs to another print file."""
        data = directory.read(f"{name}.ctl")
        if data is None:
            return None
        try:
            control = read_control(data)
        except ValueError as exc:
            raise Permanent(
                f"{name}.ctl at {self._location} is not one of our control files: check which program wrote it"
            ) from exc
        if control.pdf.sha256 != sha256 or control.pdf.file != f"{name}.pdf" or control.manifest.file != f"{name}.csv":
            raise Permanent(
                f"another print file was handed over as {name} at {self._location}: "
                "check its contents before you send anything else under this name"
            )
        return control

    def _control_written_at(self, directory: Directory, name: str) -> datetime:
        at = directory.written_at(f"{name}.ctl")
        if at is None:
            raise UnknownOutcome(
                f"{name}.ctl was just removed from {self._location}: run this again, or ask the vendor"
            )
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
