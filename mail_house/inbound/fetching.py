"""Fetches incoming files and messages: a folder on disk or over SFTP, a Maildir, or an IMAP mailbox.

| setting | scheme and form | option | value |
|---|---|---|---|
| `mail.vendor_reports_url` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |
| `mail.bounce_mailbox_url` | `file:///folder` (a Maildir, or `.eml` files) | | |
| | `imaps://host[:port]/FOLDER` (default INBOX) | | |

SFTP logins are those of `mail_house.vendors.factory`. The IMAP login is `STATEMENTS_IMAP_USER` and
`STATEMENTS_IMAP_PASSWORD`.

Each file is passed to `store` and removed only after `store` has written it to disk. If the process dies in between,
the file is fetched again; the ledger recognizes files that were processed before. A file that is still being written
is left for the next run.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mail_house.errors import Misconfigured, Retryable
from mail_house.inbound.storing import StoreFile, store_file
from mail_house.urls import BackendUrl, folder_path, parse_url

if TYPE_CHECKING:
    from paramiko import SFTPAttributes, SFTPClient


def fetch_vendor_reports(url: str, *, environ: Mapping[str, str], store: StoreFile) -> int:
    """Fetch every file of the vendor's report folder and return their number.

    Raises ValueError for an invalid URL, Misconfigured and Retryable for a folder that cannot be read.
    """
    parsed = parse_url(url, setting="mail.vendor_reports_url")
    if parsed.scheme == "file":
        parsed.require_known_options()
        return _fetch_folder(folder_path(parsed), store, suffix="")
    if parsed.scheme == "sftp":
        return _fetch_sftp(parsed, environ, store)
    raise ValueError(f"mail.vendor_reports_url: {parsed.scheme!r} is not supported; use file: or sftp:")


def fetch_bounces(url: str, *, environ: Mapping[str, str], store: StoreFile) -> int:
    """Fetch every new message of the bounce mailbox and return their number.

    Raises ValueError for an invalid URL, Misconfigured and Retryable for a mailbox that cannot be read.
    """
    from mail_house.inbound.mailboxes import fetch_imap, fetch_maildir, is_maildir  # noqa: PLC0415 - slow to import

    parsed = parse_url(url, setting="mail.bounce_mailbox_url")
    if parsed.scheme == "file":
        parsed.require_known_options()
        folder = folder_path(parsed)
        return fetch_maildir(folder, store) if is_maildir(folder) else _fetch_folder(folder, store, suffix=".eml")
    if parsed.scheme == "imaps":
        return fetch_imap(parsed, environ, store)
    raise ValueError(f"mail.bounce_mailbox_url: {parsed.scheme!r} is not supported; use file: or imaps:")


def _fetch_folder(folder: Path, store: StoreFile, *, suffix: str) -> int:
    if not folder.is_dir():
        raise Misconfigured(f"{folder} does not exist: create the folder, or correct the setting")
    fetched = 0
    for path in sorted(folder.iterdir()):
        if not path.is_file() or not _is_complete(path.name) or not path.name.lower().endswith(suffix):
            continue
        try:
            before, data, after = path.stat(), path.read_bytes(), path.stat()
            if (before.st_mtime_ns, len(data)) != (after.st_mtime_ns, after.st_size):
                continue
            store_file(store, path.name, data)
            path.unlink()
        except OSError as exc:
            raise Misconfigured(
                f"{path}: cannot be read or removed ({exc.strerror}): fix the permissions of the folder"
            ) from exc
        fetched += 1
    return fetched


def _is_complete(name: str) -> bool:
    """Whether the name is not one that transfer programs give to partial files."""
    return not name.startswith(".") and not name.endswith((".part", ".tmp", ".filepart"))


def _fetch_sftp(url: BackendUrl, environ: Mapping[str, str], store: StoreFile) -> int:
    import paramiko  # noqa: PLC0415 - takes a tenth of a second

    from mail_house.vendors.factory import sftp_account  # noqa: PLC0415
    from mail_house.vendors.sftp import open_sftp_client  # noqa: PLC0415

    url.require_known_options("host_key")
    account = sftp_account(url, environ)
    folder = account.folder or "."
    with open_sftp_client(account) as (client, _):
        try:
            entries = sorted(client.listdir_attr(folder), key=lambda each: each.filename)
            return sum(_fetch_remote(client, folder, each, store) for each in entries if _is_report(each))
        except FileNotFoundError as exc:
            raise Misconfigured(
                f"{account.address}: there is no folder {folder}: check the path in mail.vendor_reports_url"
            ) from exc
        except PermissionError as exc:
            raise Misconfigured(
                f"{account.address}: files in {folder} cannot be read or removed: ask the vendor for permission to "
                "read and delete there"
            ) from exc
        except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as exc:
            raise Retryable(
                f"{account.address}: the delivery reports cannot be fetched ({type(exc).__name__}); run this again"
            ) from exc


def _is_report(entry: SFTPAttributes) -> bool:
    return stat.S_ISREG(entry.st_mode or 0) and _is_complete(entry.filename)


def _fetch_remote(client: SFTPClient, folder: str, entry: SFTPAttributes, store: StoreFile) -> bool:
    """Fetch and remove the file. False if it changed in the meantime."""
    path = f"{folder.rstrip('/')}/{entry.filename}"
    with client.open(path, "rb") as remote:
        data = remote.read()
    now = client.stat(path)
    if (now.st_size, now.st_mtime) != (len(data), entry.st_mtime):
        return False
    store_file(store, Path(entry.filename).name, data)
    client.remove(path)
    return True
