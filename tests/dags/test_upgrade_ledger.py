"""The programs that set up an installation create or upgrade the ledger that Airflow's connections name."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import yaml

from tests.dags.airflow_home import DAGS
from tests.hospital import ROOT, Hospital


def run_upgrade(hospital: Hospital, **connections: dict[str, object]) -> subprocess.CompletedProcess[str]:
    environ = hospital.environment | {"PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}"}
    environ |= {f"AIRFLOW_CONN_STATEMENTS_{name}": json.dumps(value) for name, value in connections.items()}
    command = [sys.executable, "-m", "common.upgrade_ledger"]
    return subprocess.run(command, env=environ, cwd=hospital.home, capture_output=True, text=True, check=False)


def test_upgrade_ledger__uses_the_addresses_of_the_connections(hospital: Hospital) -> None:
    ledger, archive = hospital.home / "own" / "ledger.db", hospital.home / "own" / "archive"
    done = run_upgrade(
        hospital,
        LEDGER={"conn_type": "generic", "password": f"sqlite:///{ledger}"},
        ARCHIVE={"conn_type": "generic", "password": f"file://{archive}", "extra": {"AWS_DEFAULT_REGION": "us-east-1"}},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ledger.is_file()
    assert (archive / "installation.json").is_file()
    assert not (hospital.home / "ledger.db").exists()


def test_upgrade_ledger__without_a_connection_creates_no_other_ledger(hospital: Hospital) -> None:
    done = run_upgrade(hospital)
    assert done.returncode == 1
    assert "AIRFLOW_CONN_STATEMENTS_LEDGER" in done.stderr
    assert not (hospital.home / "ledger.db").exists()


def test_compose_init__has_every_folder_that_it_marks() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    marked = {"outbox:/var/lib/statements/outbox", "inbox:/var/lib/statements/inbox"}
    assert marked <= set(services["init"]["volumes"])
    assert marked <= set(services["worker"]["volumes"])
    assert "common.upgrade_ledger" in (ROOT / "deploy" / "init.sh").read_text(encoding="utf-8")
