"""Fetching what came in: a vendor's folder or a mailbox, on disk, behind SFTP or IMAP.

Each file is handed to `keep`, which has it on disk when it returns, and only then taken away. Whoever dies in between
fetches it again; that it was taken already is for the ledger to know.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from mail_house.errors import Misconfigured, Retryable
from mail_house.urls import BackEndUrl, folder_of, parse_url

Keep = Callable[[str, bytes], None]
"""Given a name without a path, and the bytes."""


def collect_answers(url: str, *, environ: Mapping[str, str], keep: Keep) -> int:
    """Fetch every file of the vendor's answer folder (`file:` or `sftp:`, as the `print` setting has it); how many.

    Raises ValueError for a URL that is none, and the errors of the mail house.
    """
    parsed = parse_url(url, setting="mail.answers")
    if parsed.scheme == "file":
        parsed.expect_options()
        return _collect_folder(folder_of(parsed), keep, suffix="")
    if parsed.scheme == "sftp":
        return _collect_sftp(parsed, environ, keep)
    raise ValueError(f"mail.answers: {parsed.scheme!r} is not known here; use file: or sftp:")


def collect_bounces(url: str, *, environ: Mapping[str, str], keep: Keep) -> int:
    """Fetch every new message of a mailbox: a Maildir or a folder of `.eml` (`file:`), or `imaps://host/FOLDER`, whose
    login is `STATEMENTS_IMAP_USER` and `STATEMENTS_IMAP_PASSWORD`; how many.

    Raises ValueError for a URL that is none, and the errors of the mail house.
    """
    parsed = parse_url(url, setting="mail.bounces")
    if parsed.scheme == "file":
        parsed.expect_options()
        folder = folder_of(parsed)
        if (folder / "new").is_dir() and (folder / "cur").is_dir():
            return _collect_maildir(folder, keep)
        return _collect_folder(folder, keep, suffix=".eml")
    if parsed.scheme == "imaps":
        return _collect_imap(parsed, environ, keep)
    raise ValueError(f"mail.bounces: {parsed.scheme!r} is not known here; use file: or imaps:")


def _collect_folder(folder: Path, keep: Keep, *, suffix: str) -> int:
    found = [path for path in _list(folder) if path.name.endswith(suffix)]
    for path in found:
        keep(path.name, path.read_bytes())
        path.unlink()
    return len(found)


def _collect_maildir(folder: Path, keep: Keep) -> int:
    """Messages are marked as seen, and stay."""
    found = _list(folder / "new")
    for path in found:
        keep(f"{path.name}.eml", path.read_bytes())
        path.rename(folder / "cur" / f"{path.name}:2,S")
    return len(found)


def _list(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise Misconfigured(f"{folder} is not there: make it, or mend the setting")
    return sorted(path for path in folder.iterdir() if path.is_file() and _is_whole(path.name))


def _is_whole(name: str) -> bool:
    """Files that are still being written have names like these."""
    return not name.startswith(".") and not name.endswith((".part", ".tmp", ".filepart"))


def _collect_sftp(url: BackEndUrl, environ: Mapping[str, str], keep: Keep) -> int:
    from mail_house.vendors.opening import sftp_account  # noqa: PLC0415 - paramiko takes a tenth of a second
    from mail_house.vendors.sftp import open_sftp_client  # noqa: PLC0415

    url.expect_options("host_key")
    account = sftp_account(url, environ)
    with open_sftp_client(account) as (client, _):
        folder = account.folder or "."
        try:
            entries = [each for each in client.listdir_attr(folder) if stat.S_ISREG(each.st_mode or 0)]
            names = sorted(each.filename for each in entries if _is_whole(each.filename))
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with client.open(path, "rb") as remote:
                    data = remote.read()
                keep(Path(name).name, data)
                client.remove(path)
        except (OSError, EOFError) as exc:
            raise Retryable(f"{account.where}: the answers cannot be fetched ({type(exc).__name__})") from exc
    return len(names)


def _collect_imap(url: BackEndUrl, environ: Mapping[str, str], keep: Keep) -> int:
    """Messages not seen yet, marked as seen once they are kept; none is deleted."""
    from imap_tools import AND, MailBox, MailboxLoginError, MailMessageFlags  # noqa: PLC0415

    url.expect_options()
    user, password = environ.get("STATEMENTS_IMAP_USER", ""), environ.get("STATEMENTS_IMAP_PASSWORD", "")
    if not url.host or not user or not password:
        raise ValueError("mail.bounces: imaps://host/INBOX, with STATEMENTS_IMAP_USER and STATEMENTS_IMAP_PASSWORD set")
    folder = url.path.strip("/") or "INBOX"
    try:
        with MailBox(url.host, port=url.port or 993, timeout=60).login(user, password, folder) as mailbox:
            uids = mailbox.uids(AND(seen=False))
            for uid in uids:
                parts = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")[1]
                data = next((part[1] for part in parts if isinstance(part, tuple)), b"")
                keep(f"{folder.replace('/', '-')}-{uid}.eml", data)
                mailbox.flag([uid], [MailMessageFlags.SEEN], True)
    except MailboxLoginError as exc:
        raise Misconfigured(f"{url.host}: the login was refused: check STATEMENTS_IMAP_USER and _PASSWORD") from exc
    except OSError as exc:
        raise Retryable(f"{url.host}: the mailbox cannot be read ({exc.strerror or type(exc).__name__})") from exc
    return len(uids)
