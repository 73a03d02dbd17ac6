"""What an operator sees when the database goes away, the disk is full, or somebody asks a big ledger a question."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url

from statement_builder.billing.model import Address, Guarantor, Patient
from statement_builder.errors import LedgerError
from statement_builder.ledger import Ledger
from statement_builder.ledger.tables import metadata
from tests.ledger.world import AT, make_batch, open_batch, print_file, rendered
from tests.services.postgres import connect

_END_ALL_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def test_postgresql__a_restart_between_two_steps_is_not_noticed(postgres_url: str) -> None:
    with Ledger.open(postgres_url) as ledger:
        ledger.upgrade()
        batch = open_batch(ledger)
        end_all_sessions(postgres_url)
        assert ledger.batches.all() == [batch]


def test_postgresql__gone_in_the_middle_of_a_step_is_one_clear_error_and_nothing_half_done(postgres_url: str) -> None:
    with Ledger.open(postgres_url) as ledger:
        ledger.upgrade()
        batch = open_batch(ledger)

        def cut(*_: object) -> None:
            end_all_sessions(postgres_url)

        event.listen(ledger._database.engine, "before_cursor_execute", cut, once=True)
        with pytest.raises(LedgerError, match=r"ledger postgresql\+psycopg://") as caught:
            ledger.batches.record_pull(batch.batch_id, [], actor="ana", at=AT)
        assert "\n" not in str(caught.value)
        assert ledger.batches.get(batch.batch_id) == batch


def test_lock__is_told_apart_from_an_error_when_the_server_goes_away_under_it(postgres_url: str) -> None:
    with Ledger.open(postgres_url) as ledger:
        ledger.upgrade()
        batch = open_batch(ledger)
        with ledger.lock(batch.batch_id, owner="ana", at=AT):
            end_all_sessions(postgres_url)
        with ledger.lock(batch.batch_id, owner="ben", at=AT):
            assert ledger.batches.all() == [batch]


def end_all_sessions(url: str) -> None:
    with connect(make_url(url)) as admin:
        admin.execute(_END_ALL_SESSIONS, (make_url(url).database,))


_FILL_THE_DISK = """
import resource, signal, sys
from statement_builder.errors import LedgerError
from statement_builder.ledger import Ledger
from tests.ledger.world import pull, held, open_batch
with Ledger.open(sys.argv[1]) as ledger:
    batch = open_batch(ledger)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
    try:
        pull(ledger, batch.batch_id, *[[held(f"G{n}")] for n in range(20_000)])
    except LedgerError as exc:
        print(exc)
"""


def test_sqlite__full_disk_is_one_clear_error_and_nothing_half_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.upgrade()
        root = Path(__file__).parents[2]
        command = [sys.executable, "-c", _FILL_THE_DISK, url]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"ledger {url}: ")
        assert "disk" in done.stdout
        assert ledger.shards.for_batch("2026-11-statement") == []


@pytest.mark.parametrize("what", ["document", "prefix", "guarantor", "account", "batch", "nobody"])
def test_find__looks_up_and_never_walks_through_a_table(tmp_path: Path, what: str) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.upgrade()
        document = rendered("G1")
        batch = make_batch(ledger, [document, rendered("G2")])
        words = {
            "document": document.document_id,
            "prefix": document.document_id[:8],
            "guarantor": "G1",
            "account": "A-G1",
            "batch": batch.batch_id,
            "nobody": "no such thing",
        }
        steps = read_steps(ledger, lambda: ledger.documents.find(words[what]))
        assert any("USING" in step for step in steps)
        # json_each is the list of ids that a statement is given, not a table.
        assert [step for step in steps if step.startswith("SCAN") and not step.startswith("SCAN json_each")] == []


def test_claim__looks_its_documents_up_and_never_walks_through_the_batch(tmp_path: Path) -> None:
    """A batch of a million is claimed in thousands of print files."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.upgrade()
        documents = [rendered("G1"), rendered("G2")]
        batch = make_batch(ledger, documents)
        steps = read_steps(ledger, lambda: ledger.print_files.claim(print_file(batch.batch_id, documents), at=AT))
        of_documents = [step for step in steps if step.startswith(("SEARCH document ", "SCAN document "))]
        assert of_documents
        assert [step for step in of_documents if not step.endswith("(document_id=?)")] == []


def read_steps(ledger: Ledger, act: Callable[[], object]) -> list[str]:
    """What SQLite does, step by step, to answer all the queries that an act asks."""
    queries: list[tuple[str, Any]] = []
    engine = ledger._database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: queries.append((args[2], args[3])))
    act()
    selects = [query for query in queries if query[0].lstrip().startswith("SELECT")]
    assert len(selects) >= 3
    with engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in selects]
    return [str(step[3]) for plan in plans for step in plan]


LOOK_UPS: dict[str, Callable[[Ledger, list[str]], object]] = {
    "open documents": lambda ledger, ids: ledger.documents.open_kinds("LAKESIDE", ids, excluding_batch=""),
    "stops": lambda ledger, ids: ledger.suppressions.by_guarantor("LAKESIDE", ids),
    "correspondence": lambda ledger, ids: ledger.mailing_history.by_account("LAKESIDE", ids),
    "notices": lambda ledger, ids: ledger.mailing_history.by_episode("LAKESIDE", ids),
}


@pytest.mark.parametrize("what", LOOK_UPS)
def test_look_ups__let_go_of_what_they_were_asked_at_once(ledger: Ledger, what: str) -> None:
    """A pull asks about each of a million accounts, and is to need no more memory than for a thousand."""
    ids = [f"G-{n}" for n in range(3)]
    gc.disable()
    try:
        before = [sys.getrefcount(each) for each in ids]
        LOOK_UPS[what](ledger, ids)
        assert [sys.getrefcount(each) for each in ids] == before
    finally:
        gc.enable()


def test_tables__have_no_place_for_a_persons_name_or_address() -> None:
    harmless = {"guarantor_id", "patient_id", "language", "delivery", "state"}  # a batch has a state, not Ohio
    personal = {
        field for record in (Guarantor, Patient, Address) for field in record.__struct_fields__ if field not in harmless
    }
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    assert {"last_name", "email", "lines"} <= personal
    assert len(columns) > 50
    assert columns & personal == set()
