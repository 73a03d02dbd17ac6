"""The programs that set up an installation create or upgrade the ledger that Airflow's connections name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
import yaml

from tests.dags.airflow_home import DAGS
from tests.hospital import ROOT, Hospital


def run_upgrade(hospital: Hospital, **connections: dict[str, object] | str) -> subprocess.CompletedProcess[str]:
    environ = hospital.environment | {"PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}"}
    environ |= {"AIRFLOW_HOME": str(hospital.home / "airflow")}
    environ |= {
        f"AIRFLOW_CONN_STATEMENTS_{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in connections.items()
    }
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


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"AWS_MAX_ATTEMPTS": 3, "STATEMENTS_LOB_KEY": None}, id="values-that-are-no-texts"),
        pytest.param('{"AWS_DEFAULT_REGION": "us-east-1"}', id="object-in-a-text"),
        pytest.param({"PATH": "/nowhere", "STATEMENTS_CLOCK": "2026-11-07T15:00:00Z"}, id="other-variables"),
        pytest.param({}, id="empty"),
        pytest.param(None, id="null"),
    ],
)
def test_upgrade_ledger__reads_connections_as_the_tasks_do(hospital: Hospital, extra: object) -> None:
    ledger = hospital.home / "own" / "ledger.db"
    done = run_upgrade(hospital, LEDGER={"conn_type": "generic", "password": f"sqlite:///{ledger}", "extra": extra})
    assert (done.returncode, done.stderr) == (0, "")
    assert ledger.is_file()


def test_upgrade_ledger__reads_a_connection_that_is_a_uri(hospital: Hospital) -> None:
    ledger = hospital.home / "own" / "ledger.db"
    done = run_upgrade(hospital, LEDGER=f"generic://:{quote(f'sqlite:///{ledger}', safe='')}@")
    assert (done.returncode, done.stderr) == (0, "")
    assert ledger.is_file()


@pytest.mark.parametrize(
    ("connection", "part"),
    [
        pytest.param("{hunter2", "AIRFLOW_CONN_STATEMENTS_LEDGER is neither", id="not-json"),
        pytest.param({"conn_type": "generic", "extra": {"x": "hunter2"}}, "has no password", id="no-password"),
        pytest.param(
            {"password": "sqlite:///x.db", "extra": ["hunter2"]}, "statements_ledger must be", id="extra-list"
        ),
        pytest.param({"password": "sqlite:///x.db", "extra": "hunter2"}, "statements_ledger must be", id="extra-text"),
        pytest.param(
            {"password": "sqlite:///x.db", "hunter2": 1}, "AIRFLOW_CONN_STATEMENTS_LEDGER", id="unknown-field"
        ),
    ],
)
def test_upgrade_ledger__odd_connection_is_named_and_nothing_created(
    hospital: Hospital, connection: dict[str, object] | str, part: str
) -> None:
    done = run_upgrade(hospital, LEDGER=connection)
    assert done.returncode == 1
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert not (hospital.home / "ledger.db").exists()


def test_compose_init__has_every_folder_that_it_marks() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    marked = {"outbox:/var/lib/statements/outbox", "inbox:/var/lib/statements/inbox"}
    for name in ("init", "worker"):
        assert marked <= {each for each in services[name]["volumes"] if isinstance(each, str)}, name
    assert "common.upgrade_ledger" in (ROOT / "deploy" / "init.sh").read_text(encoding="utf-8")
