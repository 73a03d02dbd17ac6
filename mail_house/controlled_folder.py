"""A folder, local or over SFTP, into which files are delivered with a control file last.

The recipient leaves the control file where it is: it shows what was delivered, so that nothing is delivered twice. The
login over SFTP is that of `mail_house.vendors.factory`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from mail_house.errors import Permanent
from mail_house.urls import BackendUrl, folder_path
from mail_house.vendors.factory import sftp_account
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.vendor import Directory

PROBE = "statements-doctor"


class _NamedControl(Protocol):
    @property
    def name(self) -> str: ...


_Control = TypeVar("_Control", bound=_NamedControl)
OpenDirectory = Callable[[], AbstractContextManager[Directory]]
"""Opens a session with the folder. Raises Retryable if it cannot be reached."""


def folder_opener(url: BackendUrl, *, environ: Mapping[str, str], supported: str = "file: or sftp:") -> OpenDirectory:
    """What opens a session with the folder of a `file:` or `sftp:` URL; nothing is connected yet. Raises ValueError
    that names what is wrong."""
    if url.scheme == "file":
        url.require_known_options()
        return functools.partial(open_local_directory, folder_path(url))
    if url.scheme != "sftp":
        raise ValueError(f"{url.setting}: {url.scheme!r} is not supported; use {supported}")
    url.require_known_options("host_key")
    # paramiko takes a tenth of a second to import; only SFTP needs it.
    from mail_house.vendors.sftp import open_sftp_directory  # noqa: PLC0415

    return functools.partial(open_sftp_directory, sftp_account(url, environ))


def control_name(name: str) -> str:
    return f"{name}.ctl"


def find_control(
    open_directory: OpenDirectory, name: str, read: Callable[[bytes], _Control], recipient: str
) -> _Control | None:
    """The control file under this name, or None. `read` and `recipient` as in `read_control`."""
    with open_directory() as directory:
        data = directory.read(control_name(name))
    return None if data is None else read_control(name, data, read, recipient)


def read_control(name: str, data: bytes, read: Callable[[bytes], _Control], recipient: str) -> _Control:
    """The control file of this file. `read` raises ValueError for another; `recipient`, such as `the portal`, is for
    messages. Raises Permanent if it is not one of ours."""
    try:
        control = read(data)
    except ValueError as exc:
        raise Permanent(f"{control_name(name)} at {recipient} is {exc}: check which program wrote it") from exc
    if control.name != name:
        raise Permanent(f"{control_name(name)} at {recipient} is the control file of {control.name}: rename it")
    return control


def write_once(directory: Directory, files: Sequence[tuple[str, bytes]], control: str, data: bytes) -> None:
    """Write the files that are not there yet, and the control file last. A name stands for its content, and appears
    when it is complete."""
    for name, content in files:
        if directory.size(name) is None:
            directory.stage(name, content)
            directory.publish(name)
    directory.stage(control, data)
    directory.publish(control)


def check_folder(open_directory: OpenDirectory) -> None:
    """Require that the folder can be reached and written to."""
    with open_directory() as directory:
        directory.stage(PROBE, b"May be deleted.\n")
        directory.discard(PROBE)
