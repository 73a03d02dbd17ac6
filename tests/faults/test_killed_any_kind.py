"""One cycle with a batch of every kind, each killed on its way and run again: nothing twice, nothing lost."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.run import walk_batch
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.commands import call
from tests.hospital import AS_OF, CLOCK, Hospital, build_hospital
from tests.kill_points import run_killed_at
from tests.night import NIGHT
from tests.outcomes import outcome_of

CYCLE = "2026-11-07"
STAGES = ("gz-", "gz+", "zip-", "zip+", "ctl-", "ctl+")
"""Before and after the snapshot of the accounts, the archive's pack of pages, and the control file of a hand-off."""
WALKS = range(3 if NIGHT else 1)
"""Each walk kills each batch at two of the stages and once at a moment that is not chosen. With 3 walks each kind is
killed at each stage."""
MOMENTS_MAX = 100
KINDS_WITHOUT_DOCUMENT = {Kind.PLAN_DEFAULT}
"""In a first cycle no letter about a missed payment has been mailed before."""


def _run(kind: Kind) -> tuple[str, ...]:
    return ("run", kind, "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--json")


def _finish(hospital: Hospital, kind: Kind) -> None:
    """Run the batch to its end. Final notices are released by a user other than the one who opened the batch."""
    if call(hospital, *_run(kind), code=None).code == 0:
        return
    assert kind is Kind.DUNNING
    settings = load_settings(hospital.environment, hospital.home)
    now = datetime.fromisoformat(CLOCK)
    with open_context(settings, environ={}, now=lambda: now, actor="second", workers=1) as context:
        batch = context.ledger.batches.get(f"{CYCLE}-{kind}")
        assert batch is not None
        walk_batch(context, batch, accepted=frozenset(check.code for check in pending_checks(context, batch)))


def _outcomes(hospital: Hospital) -> dict[str, dict[str, Any]]:
    return {kind: outcome_of(hospital, f"{CYCLE}-{kind}") for kind in Kind}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The outcome of each batch of a cycle in which none is killed."""
    hospital = build_hospital(tmp_path_factory.mktemp("undisturbed") / "home", guarantors=len(ONE_OF_EACH))
    for kind in Kind:
        _finish(hospital, kind)
    outcomes = _outcomes(hospital)
    assert {kind for kind in Kind if not outcomes[kind]["counts"]["rendered"]} == KINDS_WITHOUT_DOCUMENT
    return outcomes


@pytest.mark.parametrize("walk", WALKS)
def test_cycle_of_every_kind__killed_at_each_stage_has_the_outcome_of_an_undisturbed_one(
    undisturbed: dict[str, dict[str, Any]], tmp_path: Path, walk: int
) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    random = Random(f"{CYCLE} {walk}")
    for number, kind in enumerate(Kind):
        first = number + 2 * walk
        stages = [STAGES[stage % len(STAGES)] for stage in (first, first + 1)]
        moments: tuple[int | str, ...] = (random.randint(1, MOMENTS_MAX), *stages)
        killed = [run_killed_at(hospital, moment, *_run(kind)) == -signal.SIGKILL for moment in moments]
        assert any(killed), f"{kind} passes none of {moments}"
        _finish(hospital, kind)
    outcomes = _outcomes(hospital)
    assert outcomes == undisturbed
    assert {each["state"] for each in outcomes.values()} == {"closed"}
    assert all(each["foots"] for each in outcomes.values())
    rendered = hospital.ledger("SELECT document_id FROM document WHERE state <> 'error'")
    sent = [row["document_id"] for row in hospital.manifest_rows()] + hospital.emailed()
    assert Counter(sent) == Counter(document_id for (document_id,) in rendered)
