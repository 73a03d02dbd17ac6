"""Print files made while the source is looked at again: the same as those made afterwards, and none with a piece that
was withheld in the meantime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.ledger import BatchState
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.print_worker import PrintTask
from statement_builder.pipeline.workers import WorkerPool
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.outcomes import assert_sent_once, outcome_of
from tests.pipeline.shard_worker import open_as_worker

BATCH = f"{CYCLE}-statement"


@contextmanager
def opened(hospital: Hospital, *, workers: int) -> Iterator[AppContext]:
    with open_as_worker(hospital.environment) as context:
        yield replace(context, shard_candidates_max=8, workers=workers)


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    """With a batch that is built, in several shards."""
    hospital = build_hospital(tmp_path / "home", guarantors=40)
    with opened(hospital, workers=1) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    return hospital


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shard of each print task that a worker process is given."""
    shards: list[int] = []
    submit = WorkerPool._submit

    def note(pool: WorkerPool[object, object], task: object) -> object:
        if isinstance(task, PrintTask):
            shards.append(task.shard.sequence)
        return submit(pool, task)

    monkeypatch.setattr(WorkerPool, "_submit", note)
    return shards


def _hand_off(hospital: Hospital, *, workers: int) -> None:
    with opened(hospital, workers=workers) as context:
        walk_batch(context, context.require_batch(BATCH), until=Step.HAND_OFF, release=True)


def test_made_ahead__is_what_one_process_hands_off_and_made_once(
    hospital: Hospital, tmp_path: Path, made: list[int]
) -> None:
    alone = hospital.copy_to(tmp_path / "alone")
    _hand_off(hospital, workers=2)
    _hand_off(alone, workers=1)
    assert len(made) > 1
    assert sorted(made) == sorted(set(made))
    outcome = outcome_of(hospital, BATCH)
    assert_sent_once(outcome)
    assert outcome == outcome_of(alone, BATCH)


def test_made_ahead__a_file_with_a_piece_that_is_withheld_is_made_anew_without_it(
    hospital: Hospital, tmp_path: Path, made: list[int]
) -> None:
    """Three shards lose one each: to a hold, to a fault in the data, and to nothing being on file any more."""
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
    assert {each: made.count(each) for each in made} == {each: 2 if each in shards else 1 for each in made}
    assert outcome_of(hospital, BATCH) == outcome_of(alone, BATCH)
