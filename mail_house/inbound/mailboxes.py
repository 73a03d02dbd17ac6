"""Bounce mailboxes: a Maildir on disk, or a folder on an IMAP server.

Messages are marked as seen after they are stored, and stay in the mailbox.
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
    """Fetch new messages, and messages that a mail program moved out of `new` but nobody has read."""
    unseen = [path for part in ("new", "cur") for path in sorted((folder / part).iterdir()) if _is_unseen(path)]
    for path in unseen:
        unique, _, flags = path.name.partition(":2,")
        store_file(store, f"{unique}.eml", path.read_bytes())
        path.rename(folder / "cur" / f"{unique}:2,{''.join(sorted({*flags, _SEEN}))}")
    return len(unseen)


def _is_unseen(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and _SEEN not in path.name.partition(":2,")[2]


def fetch_imap(url: BackendUrl, environ: Mapping[str, str], store: StoreFile) -> int:
    """Fetch unread messages from `imaps://host/FOLDER` (default INBOX). The server's certificate is verified before
    the password is sent.

    Raises ValueError for an invalid URL or a missing login, Misconfigured and Retryable for a mailbox that cannot be
    read.
    """
    url.require_known_options()
    user, password = environ.get("STATEMENTS_IMAP_USER", ""), environ.get("STATEMENTS_IMAP_PASSWORD", "")
    if not url.host or not user or not password:
        raise ValueError(
            "mail.bounce_mailbox_url: use imaps://host/INBOX, and set STATEMENTS_IMAP_USER and STATEMENTS_IMAP_PASSWORD"
        )
    folder = url.path.strip("/") or "INBOX"
    mailbox_url = f"imaps://{url.host}/{folder}"
    context = ssl.create_default_context()
    try:
        with _closing(MailBox(url.host, port=url.port or 993, timeout=TIMEOUT_S, ssl_context=context)) as mailbox:
            mailbox.login(user, password, initial_folder=folder)
            return _fetch_unseen(mailbox, folder, store)
    except HandOffError:
        raise
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as exc:
        raise _refusal(exc, url.host, mailbox_url) from exc


@contextmanager
def _closing(mailbox: MailBox) -> Iterator[MailBox]:
    """Close the connection, even if it never logged in or was lost."""
    try:
        yield mailbox
    finally:
        try:
            mailbox.client.logout()
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):
                mailbox.client.shutdown()


def _fetch_unseen(mailbox: MailBox, folder: str, store: StoreFile) -> int:
    fetched = 0
    for uid in mailbox.uids(AND(seen=False)):
        status, parts = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
        if status != "OK":
            raise imaplib.IMAP4.error("FETCH refused")
        data = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if data is None:  # deleted by another mail program in the meantime
            continue
        store_file(store, f"{folder.replace('/', '-')}-{uid}.eml", data)
        mailbox.flag([uid], [MailMessageFlags.SEEN], True)
        fetched += 1
    return fetched


def _refusal(exc: Exception, host: str, mailbox_url: str) -> HandOffError:
    """Map an error to an outcome. The server's text is never repeated: it may quote a message."""
    if isinstance(exc, MailboxLoginError):
        return Misconfigured(f"{host}: the login was refused: check STATEMENTS_IMAP_USER and _PASSWORD")
    if isinstance(exc, MailboxFolderSelectError):
        return Misconfigured(
            f"{mailbox_url}: there is no such folder, or this login may not open it; check the setting"
        )
    if isinstance(exc, ssl.SSLCertVerificationError):
        return Misconfigured(f"{host}: its certificate is not valid for {host}; no password was sent")
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
    return Retryable(f"{mailbox_url}: the mailbox cannot be read ({reason}); run this again")
