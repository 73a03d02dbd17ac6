"""A batch built while it is pulled: as if one had followed the other, and nothing of a pull that fails."""

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
from statement_builder.pipeline.pull import pull_batch
from statement_builder.pipeline.workers import WorkerPool
from statement_builder.resources import SQL_ROOT
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.outcomes import outcome_of
from tests.pipeline.shard_worker import open_as_worker

BATCH = f"{CYCLE}-statement"
SHARD = 8
"""Candidates in a shard here, so that a small hospital has several."""


@contextmanager
def opened(hospital: Hospital, *, workers: int) -> Iterator[AppContext]:
    """The service with the batch opened."""
    with open_as_worker(hospital.environment) as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        yield replace(context, shard_candidates_max=SHARD, workers=workers)


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return build_hospital(tmp_path / "home", guarantors=40)


def test_built_while_pulled__is_the_batch_of_one_process(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    prefetch = WorkerPool.prefetch
    monkeypatch.setattr(WorkerPool, "prefetch", lambda pool, task: begun.append(task) or prefetch(pool, task))
    alone = hospital.copy_to(tmp_path / "alone")
    for each, workers in ((hospital, 2), (alone, 1)):
        with opened(each, workers=workers) as context:
            assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    assert len(begun) > 1
    assert outcome_of(hospital, BATCH) == outcome_of(alone, BATCH)


def test_to_pulled_shard__is_the_ledger_s_so_that_what_was_begun_is_found_again(hospital: Hospital) -> None:
    noted: list[NewShard] = []
    with opened(hospital, workers=1) as context:
        pull_batch(context, context.require_batch(BATCH), noted.append)
        shards = context.ledger.shards.for_batch(BATCH)
        assert len(shards) > 1
        assert [to_pulled_shard(new, BATCH) for new in noted] == shards


def test_pull_that_fails__nothing_of_what_was_built_is_kept(hospital: Hospital, tmp_path: Path) -> None:
    untouched = hospital.copy_to(tmp_path / "untouched")
    wrong = tmp_path / "sql"
    shutil.copytree(SQL_ROOT, wrong)
    control = wrong / "reference" / "control.sql"
    right = control.read_text(encoding="utf-8")
    control.write_text(right.replace("'charges' AS result_set, count(*)", "'charges' AS result_set, count(*) + 1"))
    with opened(hospital, workers=2) as context:
        with pytest.raises(SourceError, match="but control"):
            walk_batch(replace(context, sql_root=wrong), context.require_batch(BATCH), until=Step.BUILD)
        assert context.require_batch(BATCH).state is BatchState.OPEN
        assert context.ledger.shards.for_batch(BATCH) == []
        assert context.ledger.documents.for_batch(BATCH) == []
        assert walk_batch(context, context.require_batch(BATCH), until=Step.BUILD).state is BatchState.BUILT
    with opened(untouched, workers=1) as context:
        walk_batch(context, context.require_batch(BATCH), until=Step.BUILD)
    assert outcome_of(hospital, BATCH) == outcome_of(untouched, BATCH)
