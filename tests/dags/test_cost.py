"""What orchestration costs: one batch through Airflow with two Celery workers, and on the command line, in one run.

Takes long, so only where `TEST_AIRFLOW_COST` is set; `TEST_AIRFLOW_GUARANTORS` says how many:

    TEST_AIRFLOW_COST=1 TEST_AIRFLOW_GUARANTORS=10000 pytest -n 0 -s tests/dags/test_cost.py
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.dags.test_celery import House, _wait_for_state, house, s3_environment  # noqa: F401 - fixtures
from tests.hospital import AS_OF, CYCLE
from tests.services.postgres import fresh_database
from tests.services.sftp import SftpServer

RATIO_MAX, FIXED_S = 1.3, 60

pytestmark = pytest.mark.skipif("TEST_AIRFLOW_COST" not in os.environ, reason="takes long: set TEST_AIRFLOW_COST")


def test_cost_of_orchestration(
    house: House,  # noqa: F811
    postgres_server: URL,
    sftp_server: SftpServer,
    tmp_path: Path,
) -> None:
    batch = f"{CYCLE}-statement"
    with fresh_database(postgres_server) as ledger_url:
        vendor = tmp_path / "vendor"
        vendor.mkdir()
        environ = house.hospital.environ | {
            "STATEMENTS_LEDGER": ledger_url,
            "STATEMENTS_ARCHIVE": house.hospital.environ["STATEMENTS_ARCHIVE"].replace("/archive", "/alone"),
            "STATEMENTS_PRINT": sftp_server.url(vendor),
        }
        alone = replace(house.hospital, environ=environ)
        run = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--workers", "2")
        started = time.monotonic()
        counts = alone.statements(*run, "--json").json["counts"]
        alone_s = time.monotonic() - started
    dag, stack = "monthly_statements", house.stack
    started = time.monotonic()
    stack.trigger(dag, batch, cycle=CYCLE, as_of=AS_OF.isoformat())
    _wait_for_state(stack, dag, batch, "approve", "awaiting_input", timeout_s=3600)
    stack.approve(dag, batch)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, batch) == "success", timeout_s=3600)
    airflow_s = time.monotonic() - started
    print(f"{counts['rendered']:,} documents: {alone_s:.0f} s on the command line, {airflow_s:.0f} s through Airflow")
    house.assert_once_each(batch)
    assert airflow_s <= RATIO_MAX * alone_s + FIXED_S
