"""A ledger with a mailed batch, made at each released version and upgraded: nothing is lost and every gate foots.

Rows are written as those releases wrote them, and only the columns that the tables had then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, create_engine, select, text

from statement_builder.billing.selection import Channel
from statement_builder.ledger import BatchState, DeliveryState, Ledger, SuppressionCode, Withheld
from statement_builder.ledger.storage import schema
from statement_builder.reports import check_close, check_gates, check_print_files, describe_broken_gates

BATCH = "2026-10-statement"
FACILITY = "LAKESIDE"
AT = datetime(2026, 10, 5, 14, 30, tzinfo=UTC)
DAY = date(2026, 10, 5)
SHA = "ab" * 32
RENAMED_TABLES = {"mail_stop": "suppression", "follow_up": "redelivery"}
RENAMED_COLUMNS = {"looked_at": "rechecked_at", "is_extra": "is_reissue"}
REVISIONS = [
    script.revision
    for script in reversed([*ScriptDirectory.from_config(schema._config()).walk_revisions()])
    if script.revision != schema.newest_version()
]


def document(number: int, *, cents: int, channel: str = "print", state: str = "handed_off", **other: Any) -> Any:
    in_error = state == "error"
    return {
        "document_id": f"d{number}",
        "batch_id": BATCH,
        "sequence": 1,
        "position": number,
        "guarantor_id": f"G{number}",
        "kind": "statement",
        "revision": 0,
        "level": 0,
        "channel": channel,
        "language": "en",
        "episode_id": "",
        "amount_cents": cents,
        "issued_on": DAY,
        "state": state,
        "error_code": "GLYPH" if in_error else "",
        "error_message": "no font has U+4E00" if in_error else "",
        "error_fix": "use a transliteration" if in_error else "",
        "sha256": "" if in_error else SHA,
        "pages": 0 if in_error else 1,
        "pack_key": f"packs/{BATCH}/00001.zip",
        "offset": 64 * number,
        "length": 0 if in_error else 9_000,
        "postal_key": "02139",
        "template_version": "t1",
        "mailed_on": DAY if state == "handed_off" else None,
        "revision_of": "",
        "is_copy": False,
        **other,
    }


def candidate(number: int, outcome: str, *, balance: int, amount: int) -> Any:
    return {
        "batch_id": BATCH,
        "subject": f"G{number}",
        "sequence": 1,
        "guarantor_id": f"G{number}",
        "outcome": outcome,
        "balance_cents": balance,
        "amount_cents": amount,
        "faults": "[]" if outcome == "exception" else None,
    }


def delivery(number: int, attempt: int, state: str, *, file: str | None) -> Any:
    return {
        "document_id": f"d{number}",
        "attempt": attempt,
        "channel": "print" if file else "email",
        "state": state,
        "vendor": "file" if file else "smtp",
        "print_file": file,
        "receipt": '{"reference": "r"}',
        "claimed_at": AT,
        "changed_at": AT,
        "readdressed_to": "",
    }


def event(subject: str, what: str, why: str = "", data: str | None = None) -> Any:
    return {
        "at": AT, "actor": "ana@host", "batch_id": BATCH, "subject": subject, "what": what, "why": why, "data": data
    }  # fmt: skip


ROWS: dict[str, list[Any]] = {
    "batch": [
        {
            "batch_id": BATCH,
            "facility_id": FACILITY,
            "kind": "statement",
            "cycle": "2026-10",
            "as_of": DAY,
            "source": "reference",
            "limit": None,
            "state": "handing_off",
            "opened_by": "ana@host",
            "opened_at": AT,
            "released_by": "ben@host",
            "released_at": AT,
            "looked_at": AT,
            "rechecked_at": AT,
            "closed_at": None,
            "pull_attempts": 1,
            "locked_by": None,
            "locked_at": None,
        }
    ],
    "shard": [
        {
            "batch_id": BATCH,
            "sequence": 1,
            "snapshot_key": f"snapshots/{BATCH}/001/00001.jsonl.gz",
            "snapshot_sha256": SHA,
            "candidates": 6,
            "cents": 1_000 + 2_000 + 3_000 + 4_000 + 500 + 700,
            "postal_first": "021",
            "postal_last": "022",
            "state": "built",
            "pack_key": f"packs/{BATCH}/00001.zip",
            "pack_sha256": SHA,
            "template_version": "t1",
            "is_extra": False,
            "is_reissue": False,
        }
    ],
    "candidate": [
        candidate(1, "selected", balance=1_000, amount=1_000),
        candidate(2, "selected", balance=2_000, amount=1_900),
        candidate(3, "selected", balance=3_000, amount=3_000),
        candidate(4, "selected", balance=4_000, amount=4_000),
        candidate(5, "held", balance=500, amount=0),
        candidate(6, "exception", balance=700, amount=0),
    ],
    "candidate_hold": [
        {
            "batch_id": BATCH, "subject": f"G{number}", "position": 1, "code": code, "account_number": "",
            "until": None, "late": late,
        }
        for number, code, late in ((5, "MINBAL", False), (3, "DISPUTE", True))
    ],
    "document": [
        document(1, cents=1_000),
        document(2, cents=1_900, channel="email"),
        document(3, cents=3_000, state="withheld"),
        document(4, cents=4_000, state="error"),
    ],
    "document_account": [{"document_id": f"d{n}", "position": 1, "account_number": f"A{n}"} for n in (1, 2, 3, 4)],
    "print_file": [
        {
            "name": name, "batch_id": BATCH, "sequence": 1, "envelope_class": "letter", "vendor": "file",
            "sha256": SHA, "bytes": 9_000, "documents": '["d1"]', "pages": 1, "sheets": 1, "cents": 1_000,
            "state": state, "attempt": attempt, "receipt": None, "claimed_at": AT, "changed_at": AT,
            "reports": "nothing", "assumed_mailing_business_days": 0,
        }
        for name, state, attempt in (("STMT_001", "sent", 2), ("STMT_000", "failed", 1))
    ],
    "serial_range": [{"print_file": "STMT_001", "mailer_id": "123456", "start": 1, "count": 1, "reserved_at": AT}],
    "delivery": [
        delivery(1, 1, "failed", file="STMT_000"),
        delivery(1, 2, "sent", file="STMT_001"),
        delivery(2, 1, "sent", file=None),
    ],
    "event": [
        event(BATCH, "open"),
        event("d3", "withheld", "DISPUTE asked by phone", '{"type":"withheld","codes":["DISPUTE"],"reason":""}'),
        event(BATCH, "released", "policy"),
        event("d1", "returned", "DEC (line 4)"),
    ],
    "correspondence": [
        {
            "facility_id": FACILITY, "subject_type": "encounter", "subject_id": "A1", "first_on": DAY,
            "mailed_count": 1, "last_level": 0, "last_on": DAY,
        }
    ],
    "inbound_file": [{"sha256": SHA, "name": "a.csv", "form": "mailed", "taken_at": AT, "records": 1, "problems": 0}],
    "mail_stop": [
        {
            "facility_id": FACILITY, "guarantor_id": "G2", "code": "EMAIL", "digest": "", "document_id": "d2",
            "since": DAY,
        }
    ],
    "follow_up": [{"document_id": "d2", "since": AT, "readdressed": False}],
}  # fmt: skip
ROWS["installation"] = [
    {"installation_id": "5f0c9a52-6a0e-4d2b-9a41-1f0b7c5d8e90", "is_demonstration": False, "hand_offs": 0}
]
ROWS["suppression"], ROWS["redelivery"] = ROWS["mail_stop"], ROWS["follow_up"]


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """A new database, with its folder."""
    engine = create_engine(ledger_url)
    yield engine
    engine.dispose()


def create_at(connection: Connection, revision: str) -> None:
    config = schema._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def read_all(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every table by its present name, as rows with their present column names, sorted."""
    tables = MetaData()
    tables.reflect(connection)
    found = {}
    for table in tables.sorted_tables:
        if table.name == schema.VERSION_TABLE:
            continue
        rows = [
            {RENAMED_COLUMNS.get(name, name): value for name, value in row.items()}
            for row in connection.execute(select(table)).mappings()
        ]
        found[RENAMED_TABLES.get(table.name, table.name)] = sorted(rows, key=repr)
    return found


def fill(connection: Connection) -> int:
    """Insert the rows of `ROWS`, with the columns that the tables have. Returns the number of tables."""
    tables = MetaData()
    tables.reflect(connection)
    filled = 0
    for table in tables.sorted_tables:
        names = set(table.c.keys())
        for row in ROWS.get(table.name, ()):
            values = {name: value for name, value in row.items() if name in names}
            connection.execute(table.insert().values(**values))
        filled += table.name in ROWS
    return filled


@pytest.mark.parametrize("revision", REVISIONS)
def test_upgrade__keeps_every_row_and_every_gate_foots(ledger_url: str, engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        create_at(connection, revision)
        assert fill(connection) >= 10
        before = read_all(connection)
    with Ledger.open(ledger_url) as ledger:
        assert ledger.version == revision
        ledger.upgrade()
    with engine.begin() as connection:
        after = read_all(connection)
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).all() == [("ok",)]
    _assert_contains(after, before)
    with Ledger.open(ledger_url) as ledger:
        _assert_figures(ledger, has_reports=revision not in {"0001", "0005"})


def _assert_contains(after: dict[str, list[dict[str, Any]]], before: dict[str, list[dict[str, Any]]]) -> None:
    """Every row of before is there with the same values. New columns and new suppressions may be added."""
    for table, rows in before.items():
        if table != "suppression":
            assert len(after[table]) == len(rows), table
        for row in rows:
            changed = {"data"} if table == "event" else set()
            kept = {name: value for name, value in row.items() if name not in changed}
            assert any(kept.items() <= found.items() for found in after[table]), (table, row)


def _assert_figures(ledger: Ledger, *, has_reports: bool) -> None:
    (batch,) = ledger.batches.all()
    assert batch.state is BatchState.HANDING_OFF
    totals = ledger.control_totals.get(BATCH)
    gates = (
        *check_gates(totals),
        *check_close(totals),
        *check_print_files(ledger.print_files.for_batch(BATCH), ledger.control_totals.pieces(BATCH)),
    )
    assert len(gates) >= 10
    assert describe_broken_gates(gates) == ""
    assert (totals.counts.pulled, totals.cents.pulled) == (6, 11_200)
    assert (totals.counts.handed_off, totals.cents.handed_off) == (2, 2_900)
    assert [each.state for each in ledger.deliveries.for_document("d1")] == [DeliveryState.FAILED, DeliveryState.SENT]
    documents = {each.document_id: each for each in ledger.documents.for_batch(BATCH)}
    assert documents["d2"].channel is Channel.EMAIL
    assert documents["d2"].is_redelivery_due == has_reports
    events = ledger.events.for_batch(BATCH)
    assert [each.what for each in events] == ["open", "withheld", "released", "returned"]
    assert isinstance(events[1].data, Withheld)
    assert events[1].data.codes == ("DISPUTE",)
    found = ledger.suppressions.by_guarantor(FACILITY, ["G1", "G2"])
    codes = {suppression.code for each in found.values() for suppression in each}
    assert (SuppressionCode.EMAIL in codes) == has_reports
    known = ledger.installation.get()
    assert not known.is_demonstration
    assert known.has_batches
    assert known.marked_places == frozenset()


def test_revisions__start_with_the_first_release() -> None:
    assert REVISIONS[0] == "0001"
    assert REVISIONS[-1] >= "0010"
