"""Gauges for monitoring: figures only, zero when nothing waits, and the dashboard shows what is sent."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from common.gauges import PREFIX, Gauge, StageRates
from common.metrics import list_gauges

from statement_builder.ledger import BatchState
from statement_builder.operations.console.today import WAITING_CODES, read_today
from statement_builder.pipeline.context import AppContext
from tests.hospital import ROOT, Hospital
from tests.operations.test_run_parallel import worker


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def read_gauges(context: AppContext, *, hours_later: int = 0) -> list[Gauge]:
    batches, now = context.ledger.batches.all(), context.now() + timedelta(hours=hours_later)
    return list(list_gauges(read_today(context, of_everybody=True), batches, now))


@pytest.mark.hospital("waiting")
def test_gauges__of_a_batch_that_waits(hospital: Hospital) -> None:
    with worker(hospital) as context:
        gauges = read_gauges(context)
    waiting = {tags["code"]: value for name, value, tags in gauges if name == "waiting"}
    assert waiting.keys() == set(WAITING_CODES)
    assert waiting["APPROVAL"] == 1
    assert waiting["QUARANTINE"] == 0
    states = {tags["state"]: value for name, value, tags in gauges if name == "batches"}
    assert (states["waiting"], states["closed"]) == (1, 0)
    assert [value for name, value, _ in gauges if name == "gates.broken"] == [0]


@pytest.mark.hospital("waiting")
def test_gauges__say_how_old_the_oldest_batch_of_a_state_is(hospital: Hospital) -> None:
    with worker(hospital) as context:
        (batch,) = context.ledger.batches.all()
        now, later = read_gauges(context), read_gauges(context, hours_later=30)
        age_hours = (context.now() - batch.opened_at).total_seconds() / 3600
    ages = [
        {tags["state"]: value for name, value, tags in gauges if name == "batches.oldest_hours"}
        for gauges in (now, later)
    ]
    assert [each["waiting"] for each in ages] == [pytest.approx(age_hours + later, abs=0.1) for later in (0, 30)]
    assert all(each[BatchState.HANDING_OFF] == 0 and "closed" not in each for each in ages)


def test_rates__are_of_each_stage_from_the_end_of_the_one_before() -> None:
    clock = Clock()
    rates = StageRates(clock)
    for now_s, stage, done in ((2, "pull", 1_000), (4, "pull", 3_000), (9, "build", 1), (14, "build", 2)):
        clock.now_s = now_s
        rates.report(stage, done)
    assert list(rates.list_gauges()) == [
        ("stage.rate", 750.0, {"stage": "pull"}),
        ("stage.rate", 0.2, {"stage": "build"}),
    ]


def test_rates__of_a_task_without_stages_are_none() -> None:
    assert list(StageRates(Clock()).list_gauges()) == []


@pytest.mark.hospital("waiting")
def test_dashboard__shows_each_gauge(hospital: Hospital) -> None:
    with worker(hospital) as context:
        names = {name for name, _, _ in read_gauges(context)} | {"stage.rate"}
    names = {f"airflow_{PREFIX}_{name.replace('.', '_')}" for name in names}
    text = (ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8")
    expressions = [each["expr"] for panel in json.loads(text)["panels"] for each in panel["targets"]]
    assert names == set(re.findall(rf"airflow_{PREFIX}_\w+", " ".join(expressions)))
