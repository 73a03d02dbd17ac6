"""Mailboxes that bounces come to: a Maildir on disk, or a folder of an IMAP server.

Messages are marked as seen once they are kept, and stay where they are.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from imap_tools import AND, ImapToolsError, MailBox, MailboxFolderSelectError, MailboxLoginError, MailMessageFlags

from mail_house.errors import HandOffError, Misconfigured, Retryable
from mail_house.inbound.storing import StoreFile, store_file
from mail_house.urls import BackendUrl

TIMEOUT_S = 60.0
_SEEN = "S"


def is_maildir(folder: Path) -> bool:
    return (folder / "new").is_dir() and (folder / "cur").is_dir()


def fetch_maildir(folder: Path, store: StoreFile) -> int:
    """What is new, and what a mail program has moved out of `new` without showing it to anybody."""
    unseen = [path for part in ("new", "cur") for path in sorted((folder / part).iterdir()) if _is_unseen(path)]
    for path in unseen:
        unique, _, flags = path.name.partition(":2,")
        store_file(store, f"{unique}.eml", path.read_bytes())
        path.rename(folder / "cur" / f"{unique}:2,{''.join(sorted({*flags, _SEEN}))}")
    return len(unseen)


def _is_unseen(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and _SEEN not in path.name.partition(":2,")[2]


def fetch_imap(url: BackendUrl, environ: Mapping[str, str], store: StoreFile) -> int:
    """`imaps://host/FOLDER`, by default INBOX. The server has to prove who it is: it is told a password.

    Raises ValueError for a URL or a login that is none, Misconfigured and Retryable as for every other way.
    """
    url.require_known_options()
    user, password = environ.get("STATEMENTS_IMAP_USER", ""), environ.get("STATEMENTS_IMAP_PASSWORD", "")
    if not url.host or not user or not password:
        raise ValueError("mail.bounces: imaps://host/INBOX, with STATEMENTS_IMAP_USER and STATEMENTS_IMAP_PASSWORD set")
    folder = url.path.strip("/") or "INBOX"
    where = f"imaps://{url.host}/{folder}"
    context = ssl.create_default_context()
    try:
        with _connected(MailBox(url.host, port=url.port or 993, timeout=TIMEOUT_S, ssl_context=context)) as mailbox:
            mailbox.login(user, password, initial_folder=folder)
            return _collect_unseen(mailbox, folder, store)
    except HandOffError:
        raise
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as exc:
        raise _refusal(exc, url.host, where) from exc


@contextmanager
def _connected(mailbox: MailBox) -> Iterator[MailBox]:
    """Ends the connection, also one that never came as far as a login, or is gone."""
    try:
        yield mailbox
    finally:
        try:
            mailbox.client.logout()
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):
                mailbox.client.shutdown()


def _collect_unseen(mailbox: MailBox, folder: str, store: StoreFile) -> int:
    collected = 0
    for uid in mailbox.uids(AND(seen=False)):
        kind, parts = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
        if kind != "OK":
            raise imaplib.IMAP4.error("FETCH refused")
        data = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if data is None:  # somebody has deleted it meanwhile
            continue
        store_file(store, f"{folder.replace('/', '-')}-{uid}.eml", data)
        mailbox.flag([uid], [MailMessageFlags.SEEN], True)
        collected += 1
    return collected


def _refusal(exc: Exception, host: str, where: str) -> HandOffError:
    """Of the server's words none is repeated: they may quote a message."""
    if isinstance(exc, MailboxLoginError):
        return Misconfigured(f"{host}: the login was refused: check STATEMENTS_IMAP_USER and _PASSWORD")
    if isinstance(exc, MailboxFolderSelectError):
        return Misconfigured(f"{where}: there is no such folder, or this login may not open it")
    if isinstance(exc, ssl.SSLCertVerificationError):
        return Misconfigured(f"{host}: its certificate does not prove that it is {host}; no password was sent")
    why = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
    return Retryable(f"{where}: the mailbox cannot be read ({why})")
