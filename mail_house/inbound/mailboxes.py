"""Bounce mailboxes: a Maildir on disk, or a folder on an IMAP server.

Messages are marked as seen after they are stored, and stay in the mailbox.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from imap_tools import AND, ImapToolsError, MailBox, MailboxFolderSelectError, MailboxLoginError, MailMessageFlags

from mail_house.errors import HandOffError, Misconfigured, Retryable
from mail_house.inbound.storing import TRIED_AGAIN, Problems, StoreFile, require_size, store_file
from mail_house.limits import MESSAGE_BYTES_MAX
from mail_house.urls import BackendUrl

TIMEOUT_S = 60.0
_SEEN = "S"
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


def is_maildir(folder: Path) -> bool:
    return (folder / "new").is_dir() and (folder / "cur").is_dir()


def fetch_maildir(folder: Path, store: StoreFile) -> int:
    """Fetch new messages, and messages that a mail program moved out of `new` but nobody has read."""
    unseen = [path for part in ("new", "cur") for path in sorted((folder / part).iterdir()) if _is_unseen(path)]
    fetched, problems = 0, Problems()
    for path in unseen:
        unique, _, flags = path.name.partition(":2,")
        try:
            require_size(str(path), path.stat().st_size, MESSAGE_BYTES_MAX)
            store_file(store, f"{unique}.eml", path.read_bytes())
            path.rename(folder / "cur" / f"{unique}:2,{''.join(sorted({*flags, _SEEN}))}")
        except FileNotFoundError:
            continue  # moved by a mail program in the meantime
        except OSError as exc:
            problems.add(Misconfigured(f"{path}: cannot be read or moved ({exc.strerror}): fix its permissions"))
        except Misconfigured as exc:
            problems.add(exc)
        else:
            fetched += 1
    problems.raise_first()
    return fetched


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
    fetched, problems = 0, Problems()
    for uid in mailbox.uids(AND(seen=False)):
        name, what = f"{folder.replace('/', '-')}-{uid}.eml", f"message {uid} in {folder}"
        try:
            require_size(what, _read_size(mailbox, uid), MESSAGE_BYTES_MAX)
            data = next((part[1] for part in _fetch(mailbox, uid, "BODY.PEEK[]") if isinstance(part, tuple)), None)
            if data is None:  # deleted by another mail program in the meantime
                continue
            store_file(store, name, data)
            mailbox.flag([uid], [MailMessageFlags.SEEN], True)
        except Misconfigured as exc:
            problems.add(exc)
        except imaplib.IMAP4.abort:
            raise  # the connection is lost: it concerns every message
        except (imaplib.IMAP4.error, ImapToolsError) as exc:
            problems.add(Retryable(f"{what}: the server refused to hand it over ({type(exc).__name__}); {TRIED_AGAIN}"))
        else:
            fetched += 1
    problems.raise_first()
    return fetched


def _fetch(mailbox: MailBox, uid: str, what: str) -> list[Any]:
    status, parts = mailbox.client.uid("fetch", uid, f"({what})")
    if status != "OK":
        raise imaplib.IMAP4.error("FETCH refused")
    return list(parts)


def _read_size(mailbox: MailBox, uid: str) -> int:
    """The message's size in bytes; 0 if another mail program has deleted it."""
    answer = b" ".join(part for part in _fetch(mailbox, uid, "RFC822.SIZE") if isinstance(part, bytes))
    found = _SIZE.search(answer)
    return int(found[1]) if found else 0


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
