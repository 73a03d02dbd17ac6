"""One worker on a batch: a lock that ends with its holder, however that dies.

PostgreSQL: an advisory lock of a session, so the ledger has to be reached without a pooler that shares sessions.
SQLite: an advisory lock on a file beside the database, so the folder has to be on a local disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from statement_builder.errors import BatchBusy, LedgerError
from statement_builder.ledger.database import Database
from statement_builder.ledger.tables import batch


@contextmanager
def lock_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[None]:
    """Hold the batch. BatchBusy says who holds it and since when; it never waits."""
    hold = _hold_file if database.is_sqlite else _hold_session
    with hold(database, batch_id):
        _sign(database, batch_id, owner, at)
        try:
            yield
        finally:
            with suppress(LedgerError):  # only a note; the work's own error, if there is one, says more
                _sign(database, batch_id, None, None)


@contextmanager
def _hold_file(database: Database, batch_id: str) -> Iterator[None]:
    path = _lock_path(database.path(), batch_id)
    try:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise LedgerError(f"the lock {path} cannot be made: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise _busy(database, batch_id) from exc
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _hold_session(database: Database, batch_id: str) -> Iterator[None]:
    try:
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DBAPIError as exc:
        raise LedgerError(f"ledger {database} cannot be reached") from exc
    try:
        key = {"key": _lock_key(batch_id)}
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
            raise _busy(database, batch_id)
        yield
    finally:
        # Closing the session, not returning it to the pool, is what surely frees the lock.
        connection.invalidate()
        connection.close()


def _sign(database: Database, batch_id: str, owner: str | None, at: datetime | None) -> None:
    """Tell others who is at work. Left behind by a crash it does no harm: the lock decides."""
    with database.write() as connection:
        values = {"locked_by": owner, "locked_at": at}
        connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(values))


def _busy(database: Database, batch_id: str) -> BatchBusy:
    with database.read() as connection:
        query = select(batch.c.locked_by, batch.c.locked_at).where(batch.c.batch_id == batch_id)
        row = connection.execute(query).one_or_none()
    holder = f"{row.locked_by} since {row.locked_at:%Y-%m-%d %H:%M} UTC" if row and row.locked_by else "another process"
    return BatchBusy(f"batch {batch_id} is being worked on by {holder}. Wait for it to end, then run this again.")


def _lock_path(ledger: Path, batch_id: str) -> Path:
    return ledger.parent / f"{ledger.name}.locks" / f"{_lock_key(batch_id):x}.lock"


def _lock_key(batch_id: str) -> int:
    """63 bits of the batch id's hash: what PostgreSQL takes, and a file name that no batch id can spoil."""
    digest = hashlib.sha256(f"statements\x1f{batch_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
