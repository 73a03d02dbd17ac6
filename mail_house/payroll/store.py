"""Where deduction files go: a folder, local or over SFTP.

| setting | scheme and form | option | value |
|---|---|---|---|
| `payroll.url` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |

The login over SFTP is that of `mail_house.vendors.factory`. Payroll leaves the control file where it is: it shows what
was delivered, so that no deduction is sent twice. It may remove the other file after it took it in.
"""

from __future__ import annotations

from collections.abc import Mapping

from mail_house.controlled_folder import (
    OpenDirectory,
    check_folder,
    control_name,
    find_control,
    folder_opener,
    write_once,
)
from mail_house.payroll.deductions import (
    DeductionControl,
    DeductionFile,
    read_deduction_control,
    write_deduction_control,
)
from mail_house.urls import BackendUrl


class PayrollStore:
    """Every method may be called again. It raises Retryable if the folder cannot be reached."""

    def __init__(self, open_directory: OpenDirectory) -> None:
        self._open = open_directory

    def find(self, name: str) -> DeductionControl | None:
        """The control file under this name, or None. Raises Permanent if it is not one of ours."""
        return find_control(self._open, name, read_deduction_control, "payroll")

    def deliver(self, file: DeductionFile) -> None:
        """Write the file unless it is there, and the control file last."""
        with self._open() as directory:
            write_once(directory, file.files, control_name(file.name), write_deduction_control(file.control))

    def check(self) -> None:
        """Require that the folder can be reached and written to."""
        check_folder(self._open)


def open_payroll(url: BackendUrl, *, environ: Mapping[str, str]) -> PayrollStore:
    """Return the store of a `file:` or `sftp:` URL; nothing is connected yet. Raises ValueError that names what is
    wrong."""
    return PayrollStore(folder_opener(url, environ=environ))
