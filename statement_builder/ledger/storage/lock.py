"""Locks on a batch: one process locks all of it, or several share it and each locks parts of it.

A lock ends with its process, however that dies. Unfinished work found under a new lock was therefore left by a dead
process.
PostgreSQL: session advisory locks, so the ledger must not be behind a pooler that shares sessions. `Lock.require`
detects a session that ended before its process (server restart, lost connection).
SQLite: advisory locks on files beside the database, so the folder must be on a local disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import TextClause, select, text, update
from sqlalchemy.exc import DBAPIError

from statement_builder.errors import BatchBusy, LedgerError, LockLost
from statement_builder.ledger.records import Shard
from statement_builder.ledger.storage.database import Database
from statement_builder.ledger.storage.tables import batch

LockPart = Callable[[str], AbstractContextManager[None]]
"""Locks one part of a shared batch, by name (`shard 3`). BatchBusy when another process has it."""


class Lock(Protocol):
    """A lock on one batch, held by this process."""

    def lock_part(self, part: str) -> AbstractContextManager[None]:
        """See `LockPart`. LockLost at the end of a part whose lock was lost meanwhile."""

    def require(self) -> None:
        """LockLost unless this lock and those on its parts are still held."""


def part_name(shard: Shard) -> str:
    """The name of a shard's part lock: one process at a time works on a shard."""
    return f"shard {shard.sequence}"


def part_already_locked(_part: str) -> AbstractContextManager[None]:
    """The `LockPart` of a process that has locked the whole batch."""
    return nullcontext()


@contextmanager
def lock_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[Lock]:
    """Lock the whole batch. BatchBusy names the process that has it and since when; never waits."""
    with _hold(database, batch_id, shared=False) as lock, _signed(database, batch_id, owner, at):
        yield lock


@contextmanager
def share_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[Lock]:
    """Share the batch with other processes and lock parts of it. BatchBusy while a process has locked all of it."""
    with _hold(database, batch_id, shared=True) as lock, _signed(database, batch_id, owner, at):
        yield lock


def _hold(database: Database, batch_id: str, *, shared: bool) -> AbstractContextManager[Lock]:
    hold = _hold_file if database.is_sqlite else _hold_session
    return hold(database, batch_id, shared)


@contextmanager
def _signed(database: Database, batch_id: str, owner: str, at: datetime) -> Iterator[None]:
    """Record the owner for the `BatchBusy` message of others; with several owners, the latest. A stale entry after a
    crash is harmless, because only the lock decides."""
    with database.write() as connection:
        signed = {"locked_by": owner, "locked_at": at}
        connection.execute(update(batch).where(batch.c.batch_id == batch_id).values(signed))
    try:
        yield
    finally:
        # Informational only: must not hide an error of the work itself.
        with suppress(LedgerError), database.write() as connection:
            ours = (batch.c.batch_id == batch_id) & (batch.c.locked_by == owner) & (batch.c.locked_at == at)
            connection.execute(update(batch).where(ours).values(locked_by=None, locked_at=None))


@contextmanager
def _hold_file(database: Database, batch_id: str, shared: bool) -> Iterator[Lock]:
    with _lock_file(_lock_path(database.path(), batch_id), shared=shared) as is_ours:
        if not is_ours:
            raise _busy(database, batch_id)
        yield _FileLock(database, batch_id)


class _FileLock:
    def __init__(self, database: Database, batch_id: str) -> None:
        self._database = database
        self._batch_id = batch_id

    @contextmanager
    def lock_part(self, part: str) -> Iterator[None]:
        path = _lock_path(self._database.path(), self._batch_id, part)
        with _lock_file(path, shared=False) as is_ours:
            if not is_ours:
                raise _busy(self._database, self._batch_id, part)
            yield

    def require(self) -> None:
        """A file lock ends only with this process."""


@contextmanager
def _lock_file(path: Path, *, shared: bool) -> Iterator[bool]:
    """Yields whether the lock was acquired; it is held while the file is open."""
    try:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise LedgerError(f"the lock file {path} cannot be created: {exc.strerror}") from exc
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
def _hold_session(database: Database, batch_id: str, shared: bool) -> Iterator[Lock]:
    lock = _SessionLock(database, batch_id)
    try:
        function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        if not lock.call(function):
            raise _busy(database, batch_id)
        yield lock
    finally:
        lock.end()


class _SessionLock:
    """The connection that holds the locks. Never used again once lost: SQLAlchemy would reconnect without the locks."""

    def __init__(self, database: Database, batch_id: str) -> None:
        self._database = database
        self._batch_id = batch_id
        self._is_lost = False
        try:
            self._connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except DBAPIError as exc:
            raise LedgerError(f"ledger {database} cannot be reached") from exc

    def call(self, function: str, part: str = "") -> bool:
        return bool(self._ask(text(f"SELECT {function}(:key)"), key=_lock_key(self._batch_id, part)))

    @contextmanager
    def lock_part(self, part: str) -> Iterator[None]:
        if not self.call("pg_try_advisory_lock", part):
            raise _busy(self._database, self._batch_id, part)
        try:
            yield
        except BaseException:
            with suppress(LockLost):  # must not hide the error of the work itself
                self.call("pg_advisory_unlock", part)
            raise
        self.call("pg_advisory_unlock", part)

    def require(self) -> None:
        self._ask(text("SELECT 1"))

    def end(self) -> None:
        """Release the locks now, then close the session instead of returning it to the pool.

        Closing alone also releases them, but only when the server notices it: the next process could still be refused.
        """
        with suppress(LockLost):
            self._ask(text("SELECT pg_advisory_unlock_all()"))
        self._connection.invalidate()
        self._connection.close()

    def _ask(self, query: TextClause, **values: Any) -> Any:
        if self._is_lost:
            raise self._lost()
        try:
            return self._connection.execute(query, values).scalar_one()
        except DBAPIError as exc:
            self._is_lost = True
            raise self._lost() from exc

    def _lost(self) -> LockLost:
        return LockLost(
            f"batch {self._batch_id}: the connection to the ledger {self._database} that held the lock was lost, so "
            "another process may be working on the batch. Nothing was handed off after that. Run the command again."
        )


def _busy(database: Database, batch_id: str, part: str = "") -> BatchBusy:
    with database.read() as connection:
        query = select(batch.c.locked_by, batch.c.locked_at).where(batch.c.batch_id == batch_id)
        row = connection.execute(query).one_or_none()
    holder = f"{row.locked_by} since {row.locked_at:%Y-%m-%d %H:%M} UTC" if row and row.locked_by else "another process"
    of_it = f", {part}," if part else ""
    return BatchBusy(
        f"batch {batch_id}{of_it} is locked by {holder}. Wait for it to finish, then run the command again."
    )


def _lock_path(ledger: Path, batch_id: str, part: str = "") -> Path:
    return ledger.parent / f"{ledger.name}.locks" / f"{_lock_key(batch_id, part):x}.lock"


def _lock_key(batch_id: str, part: str = "") -> int:
    """63 bits of the batch id's hash: a PostgreSQL lock key, and a file name that is valid for any batch id."""
    names = ("statements", batch_id, part) if part else ("statements", batch_id)
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
