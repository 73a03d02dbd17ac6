"""The cost of orchestration: one batch through Airflow with two Celery workers, compared with the command line.

It takes long, so it runs only when `TEST_AIRFLOW_COST` gives the number of guarantors:

    TEST_AIRFLOW_COST=16000 pytest -n 0 -s tests/dags/test_cost.py
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.dags.deployment import Deployment, running_deployment
from tests.hospital import AS_OF, CYCLE
from tests.services.postgres import fresh_database
from tests.services.sftp import SftpServer

RATIO_MAX, FIXED_S = 1.3, 60
BATCH = f"{CYCLE}-statement"

pytestmark = pytest.mark.skipif("TEST_AIRFLOW_COST" not in os.environ, reason="slow: set TEST_AIRFLOW_COST")


def test_cost_of_orchestration(tmp_path: Path, postgres_server: URL, redis_url: str, sftp_server: SftpServer) -> None:
    layouts = tmp_path / "layouts"
    with running_deployment(
        tmp_path,
        postgres_server=postgres_server,
        redis_url=redis_url,
        sftp_server=sftp_server,
        guarantors=int(os.environ["TEST_AIRFLOW_COST"]),
        environ={},
        layouts=layouts,
    ) as deployment:
        documents, alone_s = _run_alone(deployment, postgres_server, sftp_server)
        shutil.rmtree(layouts)
        airflow_s = _run_through_airflow(deployment)
        print(f"{documents:,} documents: {alone_s:.0f} s on the command line, {airflow_s:.0f} s through Airflow")
        for name, task in deployment.stack.tasks("monthly_statements", BATCH).items():
            print(
                f"  {name}: {task['duration'] or 0:.1f} s from {task['start_date']}, {task['rendered_map_index'] or ''}"
            )
        deployment.assert_sent_once(BATCH)
        assert airflow_s <= RATIO_MAX * alone_s + FIXED_S


def _run_alone(deployment: Deployment, postgres_server: URL, sftp_server: SftpServer) -> tuple[int, float]:
    """Documents and seconds for a run with a separate ledger, archive and vendor folder."""
    vendor = deployment.vendor.with_name("alone")
    vendor.mkdir()
    with fresh_database(postgres_server) as ledger_url:
        environ = deployment.hospital.environ | {
            "STATEMENTS_LEDGER": ledger_url,
            "STATEMENTS_ARCHIVE": deployment.hospital.environ["STATEMENTS_ARCHIVE"].replace("/archive", "/alone"),
            "STATEMENTS_PRINT": sftp_server.url(vendor),
        }
        alone = replace(deployment.hospital, environ=environ)
        run = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--workers", "2")
        started = time.monotonic()
        counts = alone.statements(*run, "--json").json["counts"]
        took_s = time.monotonic() - started
    deployment.smtp.accepted.clear()
    return counts["rendered"], took_s


def _run_through_airflow(deployment: Deployment) -> float:
    dag, stack = "monthly_statements", deployment.stack
    started = time.monotonic()
    stack.trigger(dag, BATCH, cycle=CYCLE, as_of=AS_OF.isoformat())
    stack.wait_for_approval(dag, BATCH, timeout_s=3600)
    stack.approve(dag, BATCH)
    stack.wait_for("the end of the run", lambda: stack.run_state(dag, BATCH) == "success", timeout_s=3600)
    return time.monotonic() - started
