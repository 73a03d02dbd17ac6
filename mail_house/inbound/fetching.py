"""Fetches incoming files and messages: a folder on disk or over SFTP, a Maildir, or an IMAP mailbox.

| setting | scheme and form | option | value |
|---|---|---|---|
| `mail.vendor_reports_url`, `mail.portal_reads_url` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |
| `mail.bounce_mailbox_url` | `file:///folder` (a Maildir, or `.eml` files) | | |
| | `imaps://host[:port]/FOLDER` (default INBOX) | | |

SFTP logins are those of `mail_house.vendors.factory`. The IMAP login is `STATEMENTS_IMAP_USER` and
`STATEMENTS_IMAP_PASSWORD`.

A file is fetched when its name is not a temporary one and `has_settled` says that it is complete.
It is passed to `store` and removed only after `store` has written it to disk, and only if it has not changed meanwhile.
If the process dies in between, the file is fetched again; the ledger recognizes files that were processed before.

A file that cannot be fetched does not affect the others: it stays, and the error is raised after the last one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mail_house.errors import Misconfigured, Retryable
from mail_house.inbound.completeness import HasSettled, always, has_temporary_name
from mail_house.inbound.storing import TRIED_AGAIN, Problems, StoreFile, require_size, store_file
from mail_house.limits import FILE_BYTES_MAX
from mail_house.urls import BackendUrl, folder_path, parse_url

if TYPE_CHECKING:
    from paramiko import SFTPAttributes, SFTPClient


def fetch_vendor_reports(
    url: str,
    *,
    environ: Mapping[str, str],
    store: StoreFile,
    has_settled: HasSettled = always,
    setting: str = "mail.vendor_reports_url",
) -> int:
    """Fetch every complete file of a report folder and return their number. `setting` names the URL in errors.

    Raises ValueError for an invalid URL, Misconfigured and Retryable for a folder or file that cannot be read.
    """
    parsed = parse_url(url, setting=setting)
    if parsed.scheme == "file":
        parsed.require_known_options()
        return _fetch_folder(folder_path(parsed), store, has_settled, suffix="")
    if parsed.scheme == "sftp":
        return _fetch_sftp(parsed, environ, store, has_settled, setting=setting)
    raise ValueError(f"{setting}: {parsed.scheme!r} is not supported; use file: or sftp:")


def fetch_bounces(url: str, *, environ: Mapping[str, str], store: StoreFile, has_settled: HasSettled = always) -> int:
    """Fetch every new message of the bounce mailbox and return their number. Messages in a Maildir and on an IMAP
    server are always complete.

    Raises ValueError for an invalid URL, Misconfigured and Retryable for a mailbox or message that cannot be read.
    """
    from mail_house.inbound.mailboxes import fetch_imap, fetch_maildir, is_maildir  # noqa: PLC0415 - slow to import

    parsed = parse_url(url, setting="mail.bounce_mailbox_url")
    if parsed.scheme == "file":
        parsed.require_known_options()
        folder = folder_path(parsed)
        if is_maildir(folder):
            return fetch_maildir(folder, store)
        return _fetch_folder(folder, store, has_settled, suffix=".eml")
    if parsed.scheme == "imaps":
        return fetch_imap(parsed, environ, store)
    raise ValueError(f"mail.bounce_mailbox_url: {parsed.scheme!r} is not supported; use file: or imaps:")


def _fetch_folder(folder: Path, store: StoreFile, has_settled: HasSettled, *, suffix: str) -> int:
    if not folder.is_dir():
        raise Misconfigured(f"{folder} does not exist: create the folder, or correct the setting")
    fetched, problems = 0, Problems()
    for path in sorted(folder.iterdir()):
        if has_temporary_name(path.name) or not path.name.lower().endswith(suffix):
            continue
        try:
            fetched += _fetch_local(path, store, has_settled)
        except FileNotFoundError:
            continue  # removed by somebody else in the meantime
        except OSError as exc:
            problems.add(
                Misconfigured(
                    f"{path}: cannot be read or removed ({exc.strerror}): fix the permissions of file and folder"
                )
            )
        except Misconfigured as exc:
            problems.add(exc)
    problems.raise_first()
    return fetched


def _fetch_local(path: Path, store: StoreFile, has_settled: HasSettled) -> bool:
    """Fetch and remove the file. False if it is not a regular file, not complete, or has changed meanwhile."""
    before = path.lstat()
    if not stat.S_ISREG(before.st_mode) or not has_settled(path.name, before.st_mtime, before.st_size):
        return False
    require_size(str(path), before.st_size)
    data = path.read_bytes()
    if not _is_unchanged(path, before, len(data)):
        return False
    store_file(store, path.name, data)
    if not _is_unchanged(path, before, len(data)):
        return False
    path.unlink()
    return True


def _is_unchanged(path: Path, before: os.stat_result, length: int) -> bool:
    after = path.lstat()
    return (before.st_mtime_ns, length) == (after.st_mtime_ns, after.st_size)


def _fetch_sftp(
    url: BackendUrl, environ: Mapping[str, str], store: StoreFile, has_settled: HasSettled, *, setting: str
) -> int:
    import paramiko  # noqa: PLC0415 - takes a tenth of a second

    from mail_house.vendors.factory import sftp_account  # noqa: PLC0415
    from mail_house.vendors.sftp import open_sftp_client  # noqa: PLC0415

    url.require_known_options("host_key")
    account = sftp_account(url, environ)
    folder = account.folder or "."
    fetched, problems = 0, Problems()
    with open_sftp_client(account) as (client, _):
        try:
            for entry in _list_remote(client, folder, account.address, setting=setting):
                if not _is_report(entry) or not has_settled(entry.filename, entry.st_mtime or 0, entry.st_size or 0):
                    continue
                try:
                    fetched += _fetch_remote(client, folder, entry, store)
                except FileNotFoundError:
                    continue  # removed by somebody else in the meantime
                except PermissionError:
                    problems.add(
                        Misconfigured(
                            f"{account.address}: files in {folder} cannot be read or removed: ask the vendor for "
                            "permission to read and delete there"
                        )
                    )
                except Misconfigured as exc:
                    problems.add(exc)
                except (OSError, EOFError) as exc:
                    if _is_closed(client):
                        raise
                    reason = f"{account.address}: {entry.filename} cannot be fetched ({type(exc).__name__})"
                    problems.add(Retryable(f"{reason}; {TRIED_AGAIN}"))
        except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as exc:
            raise Retryable(
                f"{account.address}: the delivery reports cannot be fetched ({type(exc).__name__}); run this again"
            ) from exc
    problems.raise_first()
    return fetched


def _is_closed(client: SFTPClient) -> bool:
    """Whether the connection is lost. A server's general failure is about one file, and has no error number either."""
    channel = client.get_channel()
    return channel is None or channel.closed


def _list_remote(client: SFTPClient, folder: str, address: str, *, setting: str) -> list[SFTPAttributes]:
    try:
        return sorted(client.listdir_attr(folder), key=lambda each: each.filename)
    except FileNotFoundError as exc:
        raise Misconfigured(f"{address}: there is no folder {folder}: check the path in {setting}") from exc
    except PermissionError as exc:
        raise Misconfigured(
            f"{address}: {folder} cannot be listed: ask the vendor for permission to read and delete there"
        ) from exc


def _is_report(entry: SFTPAttributes) -> bool:
    return stat.S_ISREG(entry.st_mode or 0) and not has_temporary_name(entry.filename)


def _fetch_remote(client: SFTPClient, folder: str, entry: SFTPAttributes, store: StoreFile) -> bool:
    """Fetch and remove the file. False if it changed in the meantime."""
    path = os.fsencode(f"{folder.rstrip('/')}/{entry.filename}")
    require_size(entry.filename, entry.st_size or 0)
    with client.open(path, "rb") as remote:
        data = remote.read(FILE_BYTES_MAX)
    before = (len(data), entry.st_mtime)
    if before != _size_and_time(client, path):
        return False
    store_file(store, Path(entry.filename).name, data)
    if before != _size_and_time(client, path):
        return False
    client.remove(path)
    return True


def _size_and_time(client: SFTPClient, path: bytes) -> tuple[int | None, int | None]:
    now = client.stat(path)
    return now.st_size, now.st_mtime
