"""Fills a ledger with the cycles of a large hospital, directly: no page is rendered and nothing is sent.

Every batch foots, and its pieces are in every state that a page shows. The last batch is still being handed off.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, create_engine, text

from statement_builder.archive import write_snapshot
from statement_builder.ledger import Ledger
from statement_builder.ledger.storage.tables import (
    batch,
    candidate,
    candidate_hold,
    delivery,
    document,
    document_account,
    event,
    print_file,
    shard,
)
from statement_builder.source.reference import insert_rows

CYCLES = 24
SHARD = 1_000
_FIRST_YEAR = 2025
_HASH = hashlib.sha256(b"").hexdigest()
SNAPSHOT_KEY = "snapshots/none/001/00001.jsonl.gz"
"""The snapshot of every shard. It has no account."""
SNAPSHOT = write_snapshot([])


@dataclass(frozen=True)
class _Cycle:
    number: int
    documents: int
    facility_id: str

    @property
    def opened_on(self) -> date:
        return date(_FIRST_YEAR + self.number // 12, self.number % 12 + 1, 5)

    @property
    def batch_id(self) -> str:
        return f"{self.opened_on:%Y-%m}-statement"

    @property
    def is_last(self) -> bool:
        return self.number == CYCLES - 1

    @property
    def shards(self) -> range:
        return range(1, -(-self.documents // SHARD) + 1)

    def print_file(self, sequence: int) -> str:
        return f"STMT_F01_{self.batch_id}_{sequence:03d}"


def fill_ledger(url: str, facility_id: str, documents: int, *, cycles: int = CYCLES) -> None:
    """Add about this many documents, over the last `cycles` of `CYCLES` cycles, to the empty ledger at `url`."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for number in range(CYCLES - cycles, CYCLES):
                _fill(connection, _Cycle(number, documents // cycles, facility_id))
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()
    with Ledger.open(url) as ledger:
        ledger.require_current()


def fill_waiting(url: str, facility_id: str, documents: int) -> str:
    """Add a batch whose documents all wait for their hand-off, to the empty ledger at `url`. Returns its id."""
    engine, cycle = create_engine(url), _Cycle(CYCLES - 1, documents, facility_id)
    unsent = {"state": "rendered", "mailed_on": None, "channel": "print"}
    try:
        with engine.begin() as connection:
            _insert(connection, batch, [_batch(cycle, datetime.combine(cycle.opened_on, datetime.min.time(), UTC))])
            _insert(connection, shard, (_shard(cycle, sequence) for sequence in cycle.shards))
            _insert(connection, document, (_document(cycle, n) | unsent for n in range(documents)))
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()
    return cycle.batch_id


def _fill(connection: Connection, cycle: _Cycle) -> None:
    at = datetime.combine(cycle.opened_on, datetime.min.time(), UTC)
    later = at + timedelta(days=4)
    _insert(connection, batch, [_batch(cycle, at)])
    _insert(connection, shard, (_shard(cycle, sequence) for sequence in cycle.shards))
    _insert(connection, print_file, (_print_file(cycle, sequence, at) for sequence in cycle.shards))
    _insert(connection, candidate, _candidates(cycle))
    _insert(connection, candidate_hold, _holds(cycle))
    _insert(connection, document, (_document(cycle, n) for n in range(cycle.documents)))
    _insert(connection, document_account, _accounts(cycle))
    _insert(connection, delivery, (_delivery(cycle, n, at, later) for n in range(cycle.documents)))
    _insert(connection, event, _events(cycle, at, later))


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    is_sqlite = connection.dialect.name == "sqlite"

    def values() -> Iterator[tuple[Any, ...]]:
        for row in chain([first], rows):
            yield tuple(_bind(value, is_sqlite) for value in row.values())

    insert_rows(connection, table.name, [f'"{column}"' for column in first], values())


def _bind(value: Any, is_sqlite: bool) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite else value
    return value.isoformat() if is_sqlite and isinstance(value, date) else value


def _batch(cycle: _Cycle, at: datetime) -> dict[str, Any]:
    return {
        "batch_id": cycle.batch_id,
        "facility_id": cycle.facility_id,
        "kind": "statement",
        "cycle": f"{cycle.opened_on:%Y-%m}",
        "as_of": cycle.opened_on,
        "source": "reference",
        "state": "handing_off" if cycle.is_last else "closed",
        "opened_by": "bench",
        "opened_at": at,
        "released_by": "other",
        "released_at": at,
        "closed_at": None if cycle.is_last else at + timedelta(days=20),
        "pull_attempts": 1,
    }


def _shard(cycle: _Cycle, sequence: int) -> dict[str, Any]:
    size = min(SHARD, cycle.documents - (sequence - 1) * SHARD)
    first = (sequence - 1) * SHARD
    return {
        "batch_id": cycle.batch_id,
        "sequence": sequence,
        "snapshot_key": SNAPSHOT_KEY,
        "snapshot_sha256": hashlib.sha256(SNAPSHOT).hexdigest(),
        "candidates": 2 * size,
        "cents": sum(_cents(n) + 500 for n in range(first, first + size)),
        "postal_first": "011",
        "postal_last": "012",
        "state": "built",
        "pack_key": f"packs/{cycle.batch_id}/{sequence:05d}",
        "pack_sha256": _HASH,
        "template_version": _HASH,
    }


def _print_file(cycle: _Cycle, sequence: int, at: datetime) -> dict[str, Any]:
    first = (sequence - 1) * SHARD
    members = [n for n in range(first, min(first + SHARD, cycle.documents)) if not _is_email(n)]
    return {
        "name": cycle.print_file(sequence),
        "batch_id": cycle.batch_id,
        "sequence": sequence,
        "envelope_class": "letter",
        "vendor": "file:///vendor",
        "sha256": _HASH,
        "bytes": 1_000_000,
        "documents": msgspec.json.encode([_document_id(cycle, n) for n in members]).decode(),
        "pages": 2 * len(members),
        "sheets": len(members),
        "cents": sum(map(_cents, members)),
        "state": "sent",
        "attempt": 1,
        "claimed_at": at,
        "changed_at": at,
    }


def _candidates(cycle: _Cycle) -> Iterator[dict[str, Any]]:
    for n in range(cycle.documents):
        for outcome, guarantor_id in (("selected", guarantor_of(n)), ("held", f"H{guarantor_of(n)}")):
            yield {
                "batch_id": cycle.batch_id,
                "subject": guarantor_id,
                "sequence": n // SHARD + 1,
                "guarantor_id": guarantor_id,
                "outcome": outcome,
                "balance_cents": _cents(n) if outcome == "selected" else 500,
                "amount_cents": _cents(n) if outcome == "selected" else 0,
            }


def _holds(cycle: _Cycle) -> Iterator[dict[str, Any]]:
    codes = ("MINBAL", "INS_PENDING", "HOSPHOLD", "BANKR_STAY")
    for n in range(cycle.documents):
        yield {
            "batch_id": cycle.batch_id,
            "subject": f"H{guarantor_of(n)}",
            "position": 1,
            "code": "FORMAT_BRAILLE" if n % 5_000 == 0 else codes[n % len(codes)],
            "account_number": f"{7_500_000_000 + n}",
            "since": cycle.opened_on,
            "late": False,
            "held_cents": 500,
        }


def _document(cycle: _Cycle, n: int) -> dict[str, Any]:
    return {
        "document_id": _document_id(cycle, n),
        "batch_id": cycle.batch_id,
        "sequence": n // SHARD + 1,
        "position": n % SHARD + 1,
        "guarantor_id": guarantor_of(n),
        "kind": "statement",
        "revision": 0,
        "level": 0,
        "channel": "email" if _is_email(n) else "print",
        "language": "en",
        "episode_id": "",
        "amount_cents": _cents(n),
        "issued_on": cycle.opened_on,
        "due_on": cycle.opened_on + timedelta(days=25),
        "state": "handed_off",
        "error_code": "",
        "error_message": "",
        "error_fix": "",
        "sha256": _HASH,
        "pages": 2,
        "pack_key": f"packs/{cycle.batch_id}/{n // SHARD + 1:05d}",
        "offset": 0,
        "length": 20_000,
        "postal_key": "01103",
        "template_version": _HASH,
        "mailed_on": cycle.opened_on + timedelta(days=3),
    }


def _accounts(cycle: _Cycle) -> Iterator[dict[str, Any]]:
    for n in range(cycle.documents):
        for position in (1, 2):
            yield {
                "document_id": _document_id(cycle, n),
                "position": position,
                "account_number": f"{7_000_000_000 + 10 * n + position}",
            }


def _delivery(cycle: _Cycle, n: int, at: datetime, later: datetime) -> dict[str, Any]:
    is_email = _is_email(n)
    state = "delivered" if is_email else "mailed"
    if n % 200 == 7:
        state = "bounced" if is_email else "returned"
    if n % 5_000 == 9 and not is_email and cycle.number > CYCLES - 3:
        state = "rejected"
    return {
        "document_id": _document_id(cycle, n),
        "attempt": 1,
        "channel": "email" if is_email else "print",
        "state": state,
        "vendor": "file:///vendor",
        "print_file": None if is_email else cycle.print_file(n // SHARD + 1),
        "claimed_at": at,
        "changed_at": later,
    }


def _events(cycle: _Cycle, at: datetime, later: datetime) -> Iterator[dict[str, Any]]:
    for n in range(cycle.documents):
        for when, what in ((at, "sent"), (later, "mailed")):
            yield {
                "at": when,
                "actor": "service",
                "batch_id": cycle.batch_id,
                "subject": _document_id(cycle, n),
                "what": what,
                "why": "",
            }


def _document_id(cycle: _Cycle, n: int) -> str:
    return str(uuid.UUID(int=(hash_of(n) << 64 | cycle.number << 32 | n)))


def hash_of(n: int) -> int:
    """A number of 64 bits that scatters, so that ids come in no order, as in a real ledger."""
    return (n + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1


def guarantor_of(n: int) -> str:
    """The recipient of the document with this number in its cycle."""
    return f"G{100_000 + n}"


def _cents(n: int) -> int:
    return 1_000 + 37 * n % 90_000


def _is_email(n: int) -> bool:
    return n % 10 == 0
