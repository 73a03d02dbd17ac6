"""Gauges for monitoring: figures only, zero when nothing waits, and the dashboard shows what is sent."""

from __future__ import annotations

import json
import re

import pytest
from common.metrics import PREFIX, list_gauges

from statement_builder.operations.console.today import WAITING_CODES, read_today
from tests.hospital import ROOT, Hospital
from tests.operations.test_run_parallel import worker


@pytest.mark.hospital("waiting")
def test_gauges__of_a_batch_that_waits(hospital: Hospital) -> None:
    with worker(hospital) as context:
        gauges = list(list_gauges(read_today(context)))
    waiting = {tags["code"]: value for name, value, tags in gauges if name == "waiting"}
    assert waiting.keys() == set(WAITING_CODES)
    assert waiting["APPROVAL"] == 1
    assert waiting["QUARANTINE"] == 0
    states = {tags["state"]: value for name, value, tags in gauges if name == "batches"}
    assert (states["waiting"], states["closed"]) == (1, 0)


@pytest.mark.hospital("waiting")
def test_dashboard__shows_each_gauge(hospital: Hospital) -> None:
    with worker(hospital) as context:
        names = {f"airflow_{PREFIX}_{name.replace('.', '_')}" for name, _, _ in list_gauges(read_today(context))}
    text = (ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8")
    expressions = [each["expr"] for panel in json.loads(text)["panels"] for each in panel["targets"]]
    assert names == set(re.findall(rf"airflow_{PREFIX}_\w+", " ".join(expressions)))
