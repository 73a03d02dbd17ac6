"""Append to the event log: the events of a transaction are added to the chain in one run, just before it commits.

One chain covers the whole ledger, so that nothing can be taken out of it anywhere. Writers add to it one at a time: on
SQLite by the file's write lock, on PostgreSQL by an advisory lock. It is the last lock that a transaction takes and is
held only for the insert, so it cannot deadlock, and parallel work waits for milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select, text

from statement_builder.ledger.storage.event_chain import GENESIS, digest_detail, link, new_salt
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import event

_QUEUE = "statements_events"
_APPEND_LOCK = 7_305_801_144_092_714
_LAST_HASH = select(event.c.hash).order_by(event.c.event_id.desc()).limit(1)


def begin_events(connection: Connection) -> None:
    """Start a transaction without events. An earlier one on this connection may have been rolled back."""
    connection.info[_QUEUE] = []


def queue_events(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add events to the end of this transaction: rows with every column that the caller knows."""
    connection.info[_QUEUE].extend(rows)


def append_events(connection: Connection) -> None:
    """Write the queued events. Nothing else may be written in this transaction afterward."""
    rows: list[dict[str, Any]] = connection.info.pop(_QUEUE)
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
    previous = connection.execute(_LAST_HASH).scalar_one_or_none() or GENESIS
    for row in rows:
        has_detail = bool(row["why"]) or row["data"] is not None
        row["salt"] = new_salt() if has_detail else ""
        row["detail"] = digest_detail(row["salt"], row["why"], row["data"])
        row["hash"] = previous = link(
            previous,
            at=row["at"],
            actor=row["actor"],
            batch_id=row["batch_id"],
            subject=row["subject"],
            what=row["what"],
            detail=row["detail"],
        )
    insert_many(connection, event, rows)
