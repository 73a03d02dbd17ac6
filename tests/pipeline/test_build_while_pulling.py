"""Building a batch while it is pulled gives the same batch as pulling first, and a failed pull keeps nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.errors import SourceError
from statement_builder.ledger import BatchState, NewShard
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build import to_pulled_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.pull import pull_batch
from statement_builder.pipeline.workers import WorkerPool
from statement_builder.resources import SQL_ROOT
from tests.commands import BATCH
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.outcomes import outcome_of
from tests.pipeline.shard_worker import open_as_worker

pytestmark = pytest.mark.hospital("new", guarantors=40)

SHARD_CANDIDATES = 8
"""Few candidates per shard, so that a small hospital has several shards."""


@contextmanager
def opened(hospital: Hospital, *, workers: int) -> Iterator[AppContext]:
    """The application context, with the batch opened."""
    with open_as_worker(hospital.environment) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        yield replace(context, shard_candidates_max=SHARD_CANDIDATES, workers=workers)


def test_build_while_pulling__equals_a_build_in_one_process(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefetched: list[object] = []
    prefetch = WorkerPool.prefetch

    def record(pool: WorkerPool[object, object], task: object) -> None:
        prefetched.append(task)
        prefetch(pool, task)

    monkeypatch.setattr(WorkerPool, "prefetch", record)
    alone = hospital.copy_to(tmp_path / "alone")
    for each, workers in ((hospital, 2), (alone, 1)):
        with opened(each, workers=workers) as context:
            assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    assert len(prefetched) > 1
    assert outcome_of(hospital, BATCH) == outcome_of(alone, BATCH)


def test_to_pulled_shard__equals_the_ledgers_shard(hospital: Hospital) -> None:
    new_shards: list[NewShard] = []
    with opened(hospital, workers=1) as context:
        pull_batch(context, context.require_batch(BATCH), new_shards.append)
        shards = context.ledger.shards.for_batch(BATCH)
        assert len(shards) > 1
        assert [to_pulled_shard(new, BATCH) for new in new_shards] == shards


def test_failed_pull__keeps_nothing_that_was_built(hospital: Hospital, tmp_path: Path) -> None:
    undisturbed = hospital.copy_to(tmp_path / "undisturbed")
    changed = tmp_path / "sql"
    shutil.copytree(SQL_ROOT, changed)
    control = changed / "reference" / "control.sql"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace("'charges' AS result_set, count(*)", "'charges' AS result_set, count(*) + 1"))
    with opened(hospital, workers=2) as context:
        with pytest.raises(SourceError, match="but control"):
            walk_batch(replace(context, sql_root=changed), context.require_batch(BATCH), until=Step.BUILD)
        assert context.require_batch(BATCH).state is BatchState.OPEN
        assert context.ledger.shards.for_batch(BATCH) == []
        assert context.ledger.documents.for_batch(BATCH) == []
        assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    with opened(undisturbed, workers=1) as context:
        walk_batch(context, context.require_batch(BATCH), until=Step.BUILD)
    assert outcome_of(hospital, BATCH) == outcome_of(undisturbed, BATCH)
