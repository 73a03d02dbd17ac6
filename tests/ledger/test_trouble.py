"""Database outages, a full disk, and look-ups that stay fast and small on a large ledger."""

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
from statement_builder.ledger.storage.tables import metadata
from tests.ledger.world import AT, make_batch, open_batch, print_file, rendered
from tests.services.postgres import connect

_END_ALL_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def test_postgresql__reconnects_after_a_restart_between_two_calls(postgres_url: str) -> None:
    with Ledger.open(postgres_url) as ledger:
        ledger.upgrade()
        batch = open_batch(ledger)
        end_all_sessions(postgres_url)
        assert ledger.batches.all() == [batch]


def test_postgresql__connection_lost_within_a_call_rolls_back_with_one_clear_error(postgres_url: str) -> None:
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


def test_lock__can_be_taken_again_after_the_server_went_away(postgres_url: str) -> None:
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


_FILL_DISK = """
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


def test_sqlite__full_disk_rolls_back_with_one_clear_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.upgrade()
        root = Path(__file__).parents[2]
        command = [sys.executable, "-c", _FILL_DISK, url]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"ledger {url}: ")
        assert "disk" in done.stdout
        assert ledger.shards.for_batch("2026-11-statement") == []


@pytest.mark.parametrize("what", ["document", "prefix", "guarantor", "account", "batch", "no-match"])
def test_find__uses_an_index_and_never_scans_a_table(tmp_path: Path, what: str) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.upgrade()
        document = rendered("G1")
        batch = make_batch(ledger, [document, rendered("G2")])
        queries = {
            "document": document.document_id,
            "prefix": document.document_id[:8],
            "guarantor": "G1",
            "account": "A-G1",
            "batch": batch.batch_id,
            "no-match": "no such thing",
        }
        steps = read_steps(ledger, lambda: ledger.documents.find(queries[what]))
        assert any("USING" in step for step in steps)
        # json_each is the list of ids bound to the statement, not a table.
        assert [step for step in steps if step.startswith("SCAN") and not step.startswith("SCAN json_each")] == []


def test_claim__looks_up_its_documents_and_never_scans_the_batch(tmp_path: Path) -> None:
    """A batch of a million documents is claimed in thousands of print files."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.upgrade()
        documents = [rendered("G1"), rendered("G2")]
        batch = make_batch(ledger, documents)
        steps = read_steps(ledger, lambda: ledger.print_files.claim(print_file(batch.batch_id, documents), at=AT))
        of_documents = [step for step in steps if step.startswith(("SEARCH document ", "SCAN document "))]
        assert of_documents
        assert [step for step in of_documents if not step.endswith("(document_id=?)")] == []


def read_steps(ledger: Ledger, act: Callable[[], object]) -> list[str]:
    """The steps of SQLite's query plans for every SELECT that a call runs."""
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
    "open-kinds": lambda ledger, ids: ledger.documents.open_kinds("LAKESIDE", ids, excluding_batch=""),
    "suppressions": lambda ledger, ids: ledger.suppressions.by_guarantor("LAKESIDE", ids),
    "history-by-account": lambda ledger, ids: ledger.mailing_history.by_account("LAKESIDE", ids),
    "history-by-episode": lambda ledger, ids: ledger.mailing_history.by_episode("LAKESIDE", ids),
}


@pytest.mark.parametrize("what", LOOK_UPS)
def test_look_ups__do_not_keep_their_arguments_alive(ledger: Ledger, what: str) -> None:
    """A pull looks up a million accounts and must not need more memory than for a thousand."""
    ids = [f"G-{n}" for n in range(3)]
    gc.disable()
    try:
        before = [sys.getrefcount(each) for each in ids]
        LOOK_UPS[what](ledger, ids)
        assert [sys.getrefcount(each) for each in ids] == before
    finally:
        gc.enable()


def test_tables__have_no_column_for_a_persons_name_or_address() -> None:
    harmless = {"guarantor_id", "patient_id", "language", "delivery", "state"}  # the state of a batch, not of the Union
    personal = {
        field for record in (Guarantor, Patient, Address) for field in record.__struct_fields__ if field not in harmless
    }
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    assert {"last_name", "email", "lines"} <= personal
    assert len(columns) > 50
    assert columns & personal == set()
