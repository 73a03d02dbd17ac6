"""Where feed files go: a folder, local or over SFTP. Other stores implement `PortalStore`.

| setting | scheme and form | option | value |
|---|---|---|---|
| `portal` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |

The login over SFTP is that of `mail_house.vendors.factory`. The portal leaves the control file where it is: it shows
what was delivered, so that a feed file is never delivered twice. It may remove the other files after it took them in.
"""

from __future__ import annotations

import functools
import glob
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from mail_house.errors import Permanent
from mail_house.portal.feed import FeedControl, FeedFile, read_feed_control, write_feed_control
from mail_house.urls import BackendUrl, folder_path
from mail_house.vendors.factory import sftp_account
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.vendor import Directory

PROBE = "statements-doctor"


class PortalStore(Protocol):
    """Every method may be called again. It raises Retryable if the store cannot be reached."""

    def find(self, name: str) -> FeedControl | None:
        """The control file under this name, or None. Raises Permanent if it is not one of ours."""

    def deliver(self, feed: FeedFile) -> None:
        """Write the files that are not there yet, and the control file last."""

    def check(self) -> None:
        """Require that the store can be reached and written to."""


def control_name(name: str) -> str:
    return f"{name}.ctl"


def read_control_of(name: str, data: bytes) -> FeedControl:
    """The control file of this feed file. Raises Permanent if it is not one."""
    try:
        control = read_feed_control(data)
    except ValueError as exc:
        raise Permanent(f"{control_name(name)} at the portal is {exc}: check which program wrote it") from exc
    if control.name != name:
        raise Permanent(f"{control_name(name)} at the portal is the control file of {control.name}: rename it")
    return control


def find_feed_files(folder: Path, name: str) -> list[Path]:
    """The files of this feed file in a folder on disk, which have patients' data or pages, without the control file."""
    return sorted(path for suffix in ("jsonl", "zip", "csv") for path in folder.glob(f"{glob.escape(name)}.*.{suffix}"))


class FolderPortal:
    """A portal that takes feed files from a folder. Each operation opens its own session."""

    def __init__(self, open_directory: Callable[[], AbstractContextManager[Directory]]) -> None:
        self._open = open_directory

    def find(self, name: str) -> FeedControl | None:
        with self._open() as directory:
            data = directory.read(control_name(name))
        return None if data is None else read_control_of(name, data)

    def deliver(self, feed: FeedFile) -> None:
        with self._open() as directory:
            write_once(directory, feed.files, control_name(feed.name), write_feed_control(feed.control))

    def check(self) -> None:
        with self._open() as directory:
            check_folder(directory)


def write_once(directory: Directory, files: Sequence[tuple[str, bytes]], control: str, data: bytes) -> None:
    """Write the files that are not there yet, and the control file last. A name stands for its content, and appears
    when it is complete."""
    for name, content in files:
        if directory.size(name) is None:
            directory.stage(name, content)
            directory.publish(name)
    directory.stage(control, data)
    directory.publish(control)


def check_folder(directory: Directory) -> None:
    """Require that the folder can be written to."""
    directory.stage(PROBE, b"May be deleted.\n")
    directory.discard(PROBE)


def open_folder_portal(url: BackendUrl, *, environ: Mapping[str, str]) -> FolderPortal:
    """Return the store of a `file:` or `sftp:` URL; nothing is connected yet. Raises ValueError that names what is
    wrong."""
    return FolderPortal(folder_opener(url, environ=environ, supported="file:, sftp: or s3:"))


def folder_opener(
    url: BackendUrl, *, environ: Mapping[str, str], supported: str = "file: or sftp:"
) -> Callable[[], AbstractContextManager[Directory]]:
    """What opens a session with the folder of a `file:` or `sftp:` URL. ValueError as of `open_folder_portal`."""
    if url.scheme == "file":
        url.require_known_options()
        return functools.partial(open_local_directory, folder_path(url))
    if url.scheme != "sftp":
        raise ValueError(f"{url.setting}: {url.scheme!r} is not supported; use {supported}")
    url.require_known_options("host_key")
    # paramiko takes a tenth of a second to import; only SFTP needs it.
    from mail_house.vendors.sftp import open_sftp_directory  # noqa: PLC0415

    return functools.partial(open_sftp_directory, sftp_account(url, environ))
