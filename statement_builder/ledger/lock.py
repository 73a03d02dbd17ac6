"""Who may work on a batch: one process on all of it, or several on parts of it, each part in one process's hands.

A lock ends with its holder, however that dies; so what a lock's new holder finds half done was left by the dead.
PostgreSQL: advisory locks of a session, so the ledger has to be reached without a pooler that shares sessions.
SQLite: advisory locks on files beside the database, so the folder has to be on a local disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from statement_builder.errors import BatchBusy, LedgerError
from statement_builder.ledger.database import Database
from statement_builder.ledger.records import Shard
from statement_builder.ledger.tables import batch

LockPart = Callable[[str], AbstractContextManager[None]]
"""Takes one part of a shared batch, by its name (`shard 3`). BatchBusy where another process has it."""


def part_of(shard: Shard) -> str:
    """The name of the part that a shard is: whatever is done to it, one process does it at a time."""
    return f"shard {shard.sequence}"


def held_already(_part: str) -> AbstractContextManager[None]:
    """The `LockPart` of who holds the whole batch."""
    return nullcontext()


@contextmanager
def lock_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[None]:
    """Hold the batch alone. BatchBusy says who holds it and since when; it never waits."""
    with _hold(database, batch_id, shared=False), _signed(database, batch_id, owner, at):
        yield


@contextmanager
def share_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[LockPart]:
    """Hold the batch together with others who share it, and take parts of it. BatchBusy while somebody has all of it.

    LedgerError at the end of a part whose lock was lost on the way, with the connection that it hung on.
    """
    with _hold(database, batch_id, shared=True) as lock_part, _signed(database, batch_id, owner, at):
        yield lock_part


def _hold(database: Database, batch_id: str, *, shared: bool) -> AbstractContextManager[LockPart]:
    hold = _hold_file if database.is_sqlite else _hold_session
    return hold(database, batch_id, shared)


@contextmanager
def _signed(database: Database, batch_id: str, owner: str, at: datetime) -> Iterator[None]:
    """Tell others who is at work; of several, the last to come. Left behind by a crash it does no harm: the lock
    decides."""
    with database.write() as connection:
        signed = {"locked_by": owner, "locked_at": at}
        connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(signed))
    try:
        yield
    finally:
        # Only a note: the work's own error, if there is one, says more.
        with suppress(LedgerError), database.write() as connection:
            ours = (batch.c.batch_id == batch_id) & (batch.c.locked_by == owner) & (batch.c.locked_at == at)
            connection.execute(update(batch).where(ours).values(locked_by=None, locked_at=None))


@contextmanager
def _hold_file(database: Database, batch_id: str, shared: bool) -> Iterator[LockPart]:
    @contextmanager
    def lock_part(part: str) -> Iterator[None]:
        with _lock_file(_lock_path(database.path(), batch_id, part), shared=False) as is_ours:
            if not is_ours:
                raise _busy(database, batch_id, part)
            yield

    with _lock_file(_lock_path(database.path(), batch_id), shared=shared) as is_ours:
        if not is_ours:
            raise _busy(database, batch_id)
        yield lock_part


@contextmanager
def _lock_file(path: Path, *, shared: bool) -> Iterator[bool]:
    """Whether the lock is ours; it is for as long as the file is open."""
    try:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise LedgerError(f"the lock {path} cannot be made: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def _hold_session(database: Database, batch_id: str, shared: bool) -> Iterator[LockPart]:
    try:
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DBAPIError as exc:
        raise LedgerError(f"ledger {database} cannot be reached") from exc

    @contextmanager
    def lock_part(part: str) -> Iterator[None]:
        key = _lock_key(batch_id, part)
        if not _ask(database, connection, "pg_try_advisory_lock", key):
            raise _busy(database, batch_id, part)
        try:
            yield
        except BaseException:
            with suppress(LedgerError):  # the work's own error says more
                _ask(database, connection, "pg_advisory_unlock", key)
            raise
        if not _ask(database, connection, "pg_advisory_unlock", key):
            raise LedgerError(f"batch {batch_id}: the lock on {part} was lost. Run this again.")

    try:
        function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        if not _ask(database, connection, function, _lock_key(batch_id)):
            raise _busy(database, batch_id)
        yield lock_part
    finally:
        # Closing the session, not returning it to the pool, is what surely frees the lock.
        connection.invalidate()
        connection.close()


def _ask(database: Database, connection: Connection, function: str, key: int) -> bool:
    try:
        return bool(connection.execute(text(f"SELECT {function}(:key)"), {"key": key}).scalar_one())
    except DBAPIError as exc:
        raise LedgerError(f"ledger {database}: the connection that holds the lock was lost. Run this again.") from exc


def _busy(database: Database, batch_id: str, part: str = "") -> BatchBusy:
    with database.read() as connection:
        query = select(batch.c.locked_by, batch.c.locked_at).where(batch.c.batch_id == batch_id)
        row = connection.execute(query).one_or_none()
    holder = f"{row.locked_by} since {row.locked_at:%Y-%m-%d %H:%M} UTC" if row and row.locked_by else "another process"
    of_it = f", {part}," if part else ""
    return BatchBusy(
        f"batch {batch_id}{of_it} is being worked on by {holder}. Wait for it to end, then run this again."
    )


def _lock_path(ledger: Path, batch_id: str, part: str = "") -> Path:
    return ledger.parent / f"{ledger.name}.locks" / f"{_lock_key(batch_id, part):x}.lock"


def _lock_key(batch_id: str, part: str = "") -> int:
    """63 bits of the batch id's hash: what PostgreSQL takes, and a file name that no batch id can spoil."""
    names = ("statements", batch_id, part) if part else ("statements", batch_id)
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
