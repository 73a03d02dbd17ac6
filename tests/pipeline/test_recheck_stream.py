"""The recheck holds next to nothing for each waiting document, and finds the same whatever the order and the memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.recheck import recheck
from statement_builder.pipeline.recheck.recheck import withhold_ineligible
from statement_builder.pipeline.recheck.recheck_worker import RecheckTask, RecheckWorker
from statement_builder.pipeline.recheck.waiting_documents import WaitingDocuments
from tests.commands import BATCH
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.pipeline.shard_worker import open_as_worker


@contextmanager
def opened(hospital: Hospital) -> Iterator[AppContext]:
    with open_as_worker(hospital.environment) as context:
        yield replace(context, shard_candidates_max=8)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch is built, in several shards."""
    hospital = build_hospital(tmp_path_factory.mktemp("built") / "home", guarantors=60)
    with opened(hospital) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        walk_batch(context, context.require_batch(BATCH), until=Step.BUILD)
    return hospital


@pytest.fixture
def hospital(built: Hospital, tmp_path: Path) -> Hospital:
    return built.copy_to(tmp_path / "home")


def change_source(hospital: Hospital) -> dict[str, str]:
    """What happened to some of the guarantors since the pull. Document id → the hold code that must follow."""
    query = (
        "SELECT guarantor_id, document_id FROM document WHERE instr(guarantor_id, '+') = 0 ORDER BY sequence, position"
    )
    (paid, paid_document), (moved, moved_document), (gone, gone_document), (bad, bad_document), *others = (
        hospital.ledger(query)
    )
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " SELECT 'LATE', guarantor_id, account_number, ?, 'card', 500 FROM encounter WHERE guarantor_id = ?",
        AS_OF.isoformat(),
        paid,
    )
    hospital.sql("UPDATE guarantor SET postal_code = '99501', state = 'AK' WHERE guarantor_id = ?", moved)
    hospital.sql("UPDATE guarantor SET last_name = NULL WHERE guarantor_id = ?", bad)
    tables = hospital.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%account_number%'")
    for (table,) in tables:
        if table != "encounter":
            of_gone = "account_number IN (SELECT account_number FROM encounter WHERE guarantor_id = ?)"
            hospital.sql(f"DELETE FROM {table} WHERE {of_gone}", gone)
    tables = hospital.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%guarantor_id%'")
    for (table,) in tables:
        hospital.sql(f"DELETE FROM {table} WHERE guarantor_id = ?", gone)
    assert len(others) > 8, "others are left to mail"
    return {
        paid_document: "PMT_TODAY",
        moved_document: "READDRESSED",
        gone_document: "NOT_ON_FILE",
        bad_document: "BADDATA",
    }


def recheck_all(hospital: Hospital) -> dict[str, set[str]]:
    """Document id → the late hold codes of its recipient, of each document that was withheld."""
    with opened(hospital) as context:
        batch = context.require_batch(BATCH)
        count = withhold_ineligible(context, batch, context.ledger.shards.for_batch(BATCH))
    rows = hospital.ledger(
        "SELECT document_id, code FROM document JOIN candidate_hold ON subject = guarantor_id AND late"
        " WHERE state = 'withheld'"
    )
    found: dict[str, set[str]] = {}
    for document_id, code in rows:
        found.setdefault(document_id, set()).add(code)
    assert len(found) == count
    return found


@pytest.mark.parametrize(
    ("bytes_max", "few"),
    [
        pytest.param(recheck._WAITING_BYTES_MAX, recheck._FEW, id="all-accounts-of-a-shard-fit"),
        pytest.param(20_000, 3, id="some-fit"),
        pytest.param(0, 0, id="one-at-a-time"),
    ],
)
def test_recheck__finds_the_same_with_little_memory(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, bytes_max: int, few: int
) -> None:
    expected = change_source(hospital)
    monkeypatch.setattr(recheck, "_WAITING_BYTES_MAX", bytes_max)
    monkeypatch.setattr(recheck, "_FEW", few)
    found = recheck_all(hospital)
    assert found.keys() == expected.keys()
    assert all(code in found[document] for document, code in expected.items())


def test_recheck__reads_each_shard_once_when_nobody_moved(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    checked: list[str] = []
    run = RecheckWorker.__call__

    def record(worker: RecheckWorker, task: RecheckTask) -> Any:
        read.append(task.shard.sequence)
        checked.extend(document.document_id for document, _ in task.items)
        return run(worker, task)

    monkeypatch.setattr(RecheckWorker, "__call__", record)
    assert recheck_all(hospital) == {}
    assert read == sorted(set(read))
    assert sorted(checked) == sorted(row[0] for row in hospital.ledger("SELECT document_id FROM document"))


def test_waiting_documents__take_a_few_bytes_each() -> None:
    per_shard, shards = 1_000, [SimpleNamespace(sequence=number) for number in range(1, 41)]

    def read(_: str, sequence: int) -> list[tuple[str, bool, bool]]:
        return [(f"G{1_000_000 + sequence * per_shard + n}", False, False) for n in range(per_shard)]

    ledger: Any = SimpleNamespace(documents=SimpleNamespace(unclaimed_recipients=read))
    batch: Any = SimpleNamespace(batch_id=BATCH)
    tracemalloc.start()
    waiting = WaitingDocuments(ledger, batch, shards)  # type: ignore[arg-type]
    held, at_most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 24 * per_shard * len(shards)
    assert at_most < 36 * per_shard * len(shards)
    assert waiting.guarantor_ids is None, "too many to name"
    assert [shard.sequence for shard in waiting.shards_of("G1005007")] == [5]
    assert "G1" not in waiting
    assert not waiting.names_guarantor("G1")
