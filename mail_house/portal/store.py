"""Where feed files go: a folder, local or over SFTP. Other stores implement `PortalStore`.

| setting | scheme and form | option | value |
|---|---|---|---|
| `portal` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |

The login over SFTP is that of `mail_house.vendors.factory`. The portal leaves the control file where it is: it shows
what was delivered, so that a feed file is never delivered twice. It may remove the other files after it took them in.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mail_house.controlled_folder import (
    OpenDirectory,
    check_folder,
    control_name,
    find_control,
    folder_opener,
    read_control,
    write_once,
)
from mail_house.portal.feed import FeedControl, FeedFile, read_feed_control, write_feed_control
from mail_house.urls import BackendUrl

_RECIPIENT = "the portal"


class PortalStore(Protocol):
    """Every method may be called again. It raises Retryable if the store cannot be reached."""

    def find(self, name: str) -> FeedControl | None:
        """The control file under this name, or None. Raises Permanent if it is not one of ours."""

    def deliver(self, feed: FeedFile) -> None:
        """Write the files that are not there yet, and the control file last."""

    def check(self) -> None:
        """Require that the store can be reached and written to."""


def read_control_of(name: str, data: bytes) -> FeedControl:
    """The control file of this feed file. Raises Permanent if it is not one."""
    return read_control(name, data, read_feed_control, _RECIPIENT)


def find_feed_files(folder: Path, name: str) -> list[Path]:
    """The files of this feed file in a folder on disk, which have patients' data or pages, without the control file."""
    return sorted(path for suffix in ("jsonl", "zip", "csv") for path in folder.glob(f"{glob.escape(name)}.*.{suffix}"))


class FolderPortal:
    """A portal that takes feed files from a folder. Each operation opens its own session."""

    def __init__(self, open_directory: OpenDirectory) -> None:
        self._open = open_directory

    def find(self, name: str) -> FeedControl | None:
        return find_control(self._open, name, read_feed_control, _RECIPIENT)

    def deliver(self, feed: FeedFile) -> None:
        with self._open() as directory:
            write_once(directory, feed.files, control_name(feed.name), write_feed_control(feed.control))

    def check(self) -> None:
        check_folder(self._open)


def open_folder_portal(url: BackendUrl, *, environ: Mapping[str, str]) -> FolderPortal:
    """Return the store of a `file:` or `sftp:` URL; nothing is connected yet. Raises ValueError that names what is
    wrong."""
    return FolderPortal(folder_opener(url, environ=environ, supported="file:, sftp: or s3:"))
