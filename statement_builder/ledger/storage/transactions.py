"""The base of all repositories: one transaction per public method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from statement_builder.errors import LedgerError
from statement_builder.ledger.storage.database import Database
from statement_builder.ledger.storage.event_log import append_events, begin_events


class Transactions:
    """Begins transactions on one ledger, and only while its tables match this release."""

    def __init__(self, database: Database, *, is_current: bool) -> None:
        self._database = database
        self.is_current = is_current

    def require_current(self) -> None:
        """LedgerError unless the tables match this release."""
        if not self.is_current:
            raise LedgerError("the ledger's tables are missing or from an older release: they must be upgraded first")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may change the ledger. Its events are written last."""
        self.require_current()
        with self._database.write() as connection:
            begin_events(connection)
            yield connection
            append_events(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that reads a single consistent state of the ledger."""
        self.require_current()
        with self._database.read() as connection:
            yield connection


class Repository:
    """One subject of the ledger. Each public method is one transaction; times and dates are arguments, since nothing
    in the ledger reads a clock."""

    def __init__(self, transactions: Transactions) -> None:
        self._read = transactions.read
        self._write = transactions.write
