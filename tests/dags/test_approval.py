"""The approval task: a rejection is recorded, and the run does not look like one that was mailed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import BATCH, RELEASE, call
from tests.dags.airflow_home import AirflowHome
from tests.e2e.test_roles import set_roles
from tests.hospital import Hospital

WHY = "The March payments are not loaded yet."
pytestmark = pytest.mark.hospital("waiting")


def answer(hospital: Hospital, home: Path, option: str, *, user: str = "ben") -> dict[str, Any]:
    airflow = AirflowHome(home / "airflow", hospital)
    airflow.airflow("db", "migrate")
    request = json.dumps({"option": option, "user": user, "reason": WHY, "batch": BATCH})
    result: dict[str, Any] = airflow.script("answer_approval", request)[0]
    return result


def test_reject__is_recorded_with_user_and_reason_and_fails_the_task(hospital: Hospital, tmp_path: Path) -> None:
    set_roles(hospital, reject='["airflow:ben=2"]', release='["airflow:ana=1", "airflow:ben=2", "group:supervisors"]')
    answered = answer(hospital, tmp_path, "Reject")
    assert f"batch {BATCH} is rejected; nothing was sent" in answered["failed"]
    assert hospital.ledger("SELECT rejected_by, rejected_why FROM batch") == [("ben@airflow", WHY)]
    assert answered["assigned_users"] == [{"id": "1", "name": "ana"}, {"id": "2", "name": "ben"}]
    assert "reason" in answered["form"]


def test_reject__too_late_says_so(hospital: Hospital, tmp_path: Path) -> None:
    call(hospital, *RELEASE)
    answered = answer(hospital, tmp_path, "Reject")
    assert f"batch {BATCH} was closed on" in answered["failed"]
    assert hospital.ledger("SELECT rejected_by FROM batch") == [("",)]
    assert answered["assigned_users"] is None


def test_reject__by_a_user_whose_name_is_an_email_address(hospital: Hospital, tmp_path: Path) -> None:
    set_roles(hospital, reject='["airflow:ben@hospital.org=2"]')
    answered = answer(hospital, tmp_path, "Reject", user="ben@hospital.org")
    assert f"batch {BATCH} is rejected" in answered["failed"]
    assert hospital.ledger("SELECT rejected_by FROM batch") == [("ben@hospital.org@airflow",)]


def test_reject__without_the_role(hospital: Hospital, tmp_path: Path) -> None:
    """Airflow compares ids, and one is not known: it lets everybody respond, and the name decides."""
    set_roles(hospital, reject='["airflow:ana"]', release='["airflow:ana", "airflow:ben=2"]')
    answered = answer(hospital, tmp_path, "Reject")
    assert answered["assigned_users"] is None
    assert "roles.reject allows it to airflow:ana" in answered["failed"]
    assert hospital.ledger("SELECT rejected_by FROM batch") == [("",)]


def test_approve__goes_on(hospital: Hospital, tmp_path: Path) -> None:
    assert answer(hospital, tmp_path, "Approve")["failed"] == ""
