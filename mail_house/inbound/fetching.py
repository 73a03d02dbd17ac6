"""Fetching what came in: a vendor's folder or a mailbox, on disk, behind SFTP or IMAP.

Each file is handed to `store`, which has it on disk when it returns, and only then taken away. Whoever dies in between
fetches it again; that it was taken already is for the ledger to know. A file that somebody is still writing is left for
the next time.
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
    """Fetch every file of the vendor's answer folder (`file:` or `sftp:`, as the `print` setting has it); how many.

    Raises ValueError for a URL that is none, and the errors of the mail house.
    """
    parsed = parse_url(url, setting="mail.answers")
    if parsed.scheme == "file":
        parsed.require_known_options()
        return _collect_folder(folder_path(parsed), store, suffix="")
    if parsed.scheme == "sftp":
        return _collect_sftp(parsed, environ, store)
    raise ValueError(f"mail.answers: {parsed.scheme!r} is not known here; use file: or sftp:")


def fetch_bounces(url: str, *, environ: Mapping[str, str], store: StoreFile) -> int:
    """Fetch every new message of a mailbox: a Maildir or a folder of `.eml` (`file:`), or `imaps://host/FOLDER`, whose
    login is `STATEMENTS_IMAP_USER` and `STATEMENTS_IMAP_PASSWORD`; how many.

    Raises ValueError for a URL that is none, and the errors of the mail house.
    """
    from mail_house.inbound.mailboxes import fetch_imap, fetch_maildir, is_maildir  # noqa: PLC0415 - slow to import

    parsed = parse_url(url, setting="mail.bounces")
    if parsed.scheme == "file":
        parsed.require_known_options()
        folder = folder_path(parsed)
        return fetch_maildir(folder, store) if is_maildir(folder) else _collect_folder(folder, store, suffix=".eml")
    if parsed.scheme == "imaps":
        return fetch_imap(parsed, environ, store)
    raise ValueError(f"mail.bounces: {parsed.scheme!r} is not known here; use file: or imaps:")


def _collect_folder(folder: Path, store: StoreFile, *, suffix: str) -> int:
    if not folder.is_dir():
        raise Misconfigured(f"{folder} is not there: make it, or mend the setting")
    collected = 0
    for path in sorted(folder.iterdir()):
        if not path.is_file() or not _is_whole(path.name) or not path.name.lower().endswith(suffix):
            continue
        try:
            before, data, after = path.stat(), path.read_bytes(), path.stat()
            if (before.st_mtime_ns, len(data)) != (after.st_mtime_ns, after.st_size):
                continue
            store_file(store, path.name, data)
            path.unlink()
        except OSError as exc:
            raise Misconfigured(
                f"{path}: may neither be read nor taken away ({exc.strerror}): mend its rights"
            ) from exc
        collected += 1
    return collected


def _is_whole(name: str) -> bool:
    """Files that are still being written have names like these."""
    return not name.startswith(".") and not name.endswith((".part", ".tmp", ".filepart"))


def _collect_sftp(url: BackendUrl, environ: Mapping[str, str], store: StoreFile) -> int:
    import paramiko  # noqa: PLC0415 - takes a tenth of a second

    from mail_house.vendors.factory import sftp_account  # noqa: PLC0415
    from mail_house.vendors.sftp import open_sftp_client  # noqa: PLC0415

    url.require_known_options("host_key")
    account = sftp_account(url, environ)
    folder = account.folder or "."
    with open_sftp_client(account) as (client, _):
        try:
            entries = sorted(client.listdir_attr(folder), key=lambda each: each.filename)
            return sum(_collect_remote(client, folder, each, store) for each in entries if _is_answer(each))
        except FileNotFoundError as exc:
            raise Misconfigured(
                f"{account.where}: there is no folder {folder}: check the path in mail.answers"
            ) from exc
        except PermissionError as exc:
            raise Misconfigured(
                f"{account.where}: answers may neither be read nor taken away in {folder}: ask the vendor for the "
                "right to read and delete there"
            ) from exc
        except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as exc:
            raise Retryable(f"{account.where}: the answers cannot be fetched ({type(exc).__name__})") from exc


def _is_answer(entry: SFTPAttributes) -> bool:
    return stat.S_ISREG(entry.st_mode or 0) and _is_whole(entry.filename)


def _collect_remote(client: SFTPClient, folder: str, entry: SFTPAttributes, store: StoreFile) -> bool:
    """Whether it was fetched and taken away."""
    path = f"{folder.rstrip('/')}/{entry.filename}"
    with client.open(path, "rb") as remote:
        data = remote.read()
    now = client.stat(path)
    if (now.st_size, now.st_mtime) != (len(data), entry.st_mtime):
        return False
    store_file(store, Path(entry.filename).name, data)
    client.remove(path)
    return True
