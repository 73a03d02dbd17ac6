"""Where deduction files go: a folder, local or over SFTP.

| setting | scheme and form | option | value |
|---|---|---|---|
| `payroll.url` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |

The login over SFTP is that of `mail_house.vendors.factory`. Payroll leaves the control file where it is: it shows what
was delivered, so that no deduction is sent twice. It may remove the other file after it took it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from mail_house.errors import Permanent
from mail_house.payroll.deductions import (
    DeductionControl,
    DeductionFile,
    read_deduction_control,
    write_deduction_control,
)
from mail_house.portal.store import check_folder, control_name, folder_opener, write_once
from mail_house.urls import BackendUrl
from mail_house.vendors.vendor import Directory


class PayrollStore:
    """Every method may be called again. It raises Retryable if the folder cannot be reached."""

    def __init__(self, open_directory: Callable[[], AbstractContextManager[Directory]]) -> None:
        self._open = open_directory

    def find(self, name: str) -> DeductionControl | None:
        """The control file under this name, or None. Raises Permanent if it is not one of ours."""
        with self._open() as directory:
            data = directory.read(control_name(name))
        if data is None:
            return None
        try:
            control = read_deduction_control(data)
        except ValueError as exc:
            raise Permanent(f"{control_name(name)} at payroll is {exc}: check which program wrote it") from exc
        if control.name != name:
            raise Permanent(f"{control_name(name)} at payroll is the control file of {control.name}: rename it")
        return control

    def deliver(self, file: DeductionFile) -> None:
        """Write the file unless it is there, and the control file last."""
        with self._open() as directory:
            write_once(directory, file.files, control_name(file.name), write_deduction_control(file.control))

    def check(self) -> None:
        """Require that the folder can be reached and written to."""
        with self._open() as directory:
            check_folder(directory)


def open_payroll(url: BackendUrl, *, environ: Mapping[str, str]) -> PayrollStore:
    """Return the store of a `file:` or `sftp:` URL; nothing is connected yet. Raises ValueError that names what is
    wrong."""
    return PayrollStore(folder_opener(url, environ=environ))
