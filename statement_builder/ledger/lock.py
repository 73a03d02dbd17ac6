"""Who may work on a batch: one process on all of it, or several on parts of it, each part in one process's hands.

A lock ends with its holder, however that dies; so what a lock's new holder finds half done was left by the dead.
PostgreSQL: advisory locks of a session, so the ledger has to be reached without a pooler that shares sessions. Where
the session ends before its holder (the server restarted, the line dropped), `Lock.require` is what notices.
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
from typing import Any, Protocol

from sqlalchemy import TextClause, select, text, update
from sqlalchemy.exc import DBAPIError

from statement_builder.errors import BatchBusy, LedgerError, LockLost
from statement_builder.ledger.database import Database
from statement_builder.ledger.records import Shard
from statement_builder.ledger.tables import batch

LockPart = Callable[[str], AbstractContextManager[None]]
"""Takes one part of a shared batch, by its name (`shard 3`). BatchBusy where another process has it."""


class Lock(Protocol):
    """One batch, held by this process."""

    def take_part(self, part: str) -> AbstractContextManager[None]:
        """See `LockPart`. LockLost at the end of a part whose lock was lost on the way."""

    def require(self) -> None:
        """LockLost unless the lock, and those on its parts, are still held."""


def part_of(shard: Shard) -> str:
    """The name of the part that a shard is: whatever is done to it, one process does it at a time."""
    return f"shard {shard.sequence}"


def held_already(_part: str) -> AbstractContextManager[None]:
    """The `LockPart` of who holds the whole batch."""
    return nullcontext()


@contextmanager
def lock_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[Lock]:
    """Hold the batch alone. BatchBusy says who holds it and since when; it never waits."""
    with _hold(database, batch_id, shared=False) as lock, _signed(database, batch_id, owner, at):
        yield lock


@contextmanager
def share_batch(database: Database, batch_id: str, *, owner: str, at: datetime) -> Iterator[Lock]:
    """Hold the batch together with others who share it, and take parts of it. BatchBusy while somebody has all of
    it."""
    with _hold(database, batch_id, shared=True) as lock, _signed(database, batch_id, owner, at):
        yield lock


def _hold(database: Database, batch_id: str, *, shared: bool) -> AbstractContextManager[Lock]:
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
    def take_part(self, part: str) -> Iterator[None]:
        path = _lock_path(self._database.path(), self._batch_id, part)
        with _lock_file(path, shared=False) as is_ours:
            if not is_ours:
                raise _busy(self._database, self._batch_id, part)
            yield

    def require(self) -> None:
        """Nothing but this process's end takes a file's lock away."""


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
    """A connection that locks hang on. Lost once, it is not asked again: SQLAlchemy would open another, without any."""

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
    def take_part(self, part: str) -> Iterator[None]:
        if not self.call("pg_try_advisory_lock", part):
            raise _busy(self._database, self._batch_id, part)
        try:
            yield
        except BaseException:
            with suppress(LockLost):  # the work's own error says more
                self.call("pg_advisory_unlock", part)
            raise
        self.call("pg_advisory_unlock", part)

    def require(self) -> None:
        self._ask(text("SELECT 1"))

    def end(self) -> None:
        """Closing the session, not returning it to the pool, is what surely frees the lock."""
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
            f"batch {self._batch_id}: the connection to the ledger {self._database} that the lock hung on was lost, so "
            "somebody else may be at work on the batch. From here on nothing was handed off. Run this again."
        )


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
