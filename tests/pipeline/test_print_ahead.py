"""Print files built during the recheck equal those built after it, and contain no document withheld in the meantime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.ledger import BatchState
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.print.print_worker import PrintTask
from statement_builder.pipeline.workers import WorkerPool
from tests.commands import BATCH
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.outcomes import assert_sent_once, outcome_of
from tests.pipeline.shard_worker import open_as_worker

pytestmark = pytest.mark.hospital("new", guarantors=40)


@contextmanager
def opened(hospital: Hospital, *, workers: int) -> Iterator[AppContext]:
    with open_as_worker(hospital.environment) as context:
        yield replace(context, shard_candidates_max=8, workers=workers)


@pytest.fixture
def hospital(hospital: Hospital) -> Hospital:
    """The batch is built, in several shards."""
    with opened(hospital, workers=1) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    return hospital


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shard of each print task that was submitted to a worker process."""
    shards: list[int] = []
    submit = WorkerPool._submit

    def record(pool: WorkerPool[object, object], task: object) -> object:
        if isinstance(task, PrintTask):
            shards.append(task.shard.sequence)
        return submit(pool, task)

    monkeypatch.setattr(WorkerPool, "_submit", record)
    return shards


def _hand_off(hospital: Hospital, *, workers: int) -> None:
    with opened(hospital, workers=workers) as context:
        walk_batch(context, context.require_batch(BATCH), until=Step.HAND_OFF, accepted=POLICY_APPROVAL)


def test_prefetch__equals_one_process_and_builds_each_file_once(
    hospital: Hospital, tmp_path: Path, submitted: list[int]
) -> None:
    alone = hospital.copy_to(tmp_path / "alone")
    _hand_off(hospital, workers=2)
    _hand_off(alone, workers=1)
    assert len(submitted) > 1
    assert sorted(submitted) == sorted(set(submitted))
    outcome = outcome_of(hospital, BATCH)
    assert_sent_once(outcome)
    assert outcome == outcome_of(alone, BATCH)


def test_prefetch__a_file_with_a_withheld_document_is_built_again_without_it(
    hospital: Hospital, tmp_path: Path, submitted: list[int]
) -> None:
    """Three shards lose a document: to a hold, to invalid data, and to a guarantor who is no longer on file."""
    documents = hospital.ledger(
        "SELECT document_id, guarantor_id, sequence FROM document WHERE channel = 'print' AND sha256 <> '' "
        "GROUP BY sequence ORDER BY sequence LIMIT 3"
    )
    assert len(documents) == 3
    (_, held, _), (_, faulty, _), (_, gone, _) = documents
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('H-1', ?, 'BANKR_STAY', '2026-11-07')", held
    )
    hospital.sql("UPDATE guarantor SET delivery = 'pigeon' WHERE guarantor_id = ?", faulty)
    hospital.sql("DELETE FROM guarantor WHERE guarantor_id = ?", gone)
    alone = hospital.copy_to(tmp_path / "alone")
    _hand_off(hospital, workers=2)
    _hand_off(alone, workers=1)
    withheld = {
        document for (document,) in hospital.ledger("SELECT document_id FROM document WHERE state = 'withheld'")
    }
    assert withheld == {document for document, _, _ in documents}
    assert not withheld & {row["document_id"] for row in hospital.manifest_rows()}
    shards = {shard for _, _, shard in documents}
    expected = {each: 2 if each in shards else 1 for each in submitted}
    assert {each: submitted.count(each) for each in submitted} == expected
    assert outcome_of(hospital, BATCH) == outcome_of(alone, BATCH)
