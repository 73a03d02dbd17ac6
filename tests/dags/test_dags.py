"""Rules that every DAG file must follow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.dags.airflow_home import DAGS, AirflowHome
from tests.e2e.test_roles import set_roles
from tests.hospital import ROOT, build_hospital

PER_KIND = (
    "monthly_statements",
    "ob_predelivery_notices",
    "dunning_letters",
    "itemized_bills",
    "disputed_bills",
    "itemized_bill_replies",
    "payment_plan_agreements",
    "missed_plan_payments",
    "ended_payment_plans",
    "payment_plan_reminders",
    "incomplete_applications",
    "assistance_decisions",
    "estate_inquiries",
    "estate_claims",
    "payroll_authorizations",
    "refund_letters",
)
SCHEDULED = {*PER_KIND, "agency_placement", "delivery_tracking", "payroll_deductions"}
BATCH_DAGS = {*PER_KIND, "rerun_batch"}
ALL = {*PER_KIND, "agency_placement", "rerun_batch", "delivery_tracking", "payroll_deductions"}
HEAVY = (
    "weasyprint",
    "boto3",
    "pikepdf",
    "pypdfium2",
    "psycopg",
    "statement_builder.operations",
    "statement_builder.pipeline",
    "mail_house.vendors",
    "fastapi",
    "airflow.api_fastapi",
    "statement_builder.web",
)
"""Modules that a DAG file must not import: it is parsed every 30 seconds and in every task's process."""
JUST_AFTER_SCHEDULE = {
    "ob_predelivery_notices": "2026-11-02T10:00:30+00:00",
    "monthly_statements": "2026-11-03T10:00:30+00:00",
    "dunning_letters": "2026-11-17T10:00:30+00:00",
    "itemized_bills": "2026-11-17T09:00:30+00:00",
    "disputed_bills": "2026-11-17T08:30:30+00:00",
    "itemized_bill_replies": "2026-11-17T10:10:30+00:00",
    "payment_plan_agreements": "2026-11-17T09:10:30+00:00",
    "missed_plan_payments": "2026-11-17T09:20:30+00:00",
    "ended_payment_plans": "2026-11-17T09:30:30+00:00",
    "payment_plan_reminders": "2026-11-17T09:40:30+00:00",
    "incomplete_applications": "2026-11-17T08:40:30+00:00",
    "assistance_decisions": "2026-11-17T08:50:30+00:00",
    "estate_inquiries": "2026-11-17T09:50:30+00:00",
    "estate_claims": "2026-11-17T10:00:30+00:00",
    "payroll_authorizations": "2026-11-17T09:50:30+00:00",
    "payroll_deductions": "2026-11-17T11:30:30+00:00",
    "agency_placement": "2026-11-17T12:10:30+00:00",
    "refund_letters": "2026-11-17T09:50:30+00:00",
    "delivery_tracking": "2026-11-17T10:20:30+00:00",
}
"""From November 1, 5:00 a.m. in New York is 10:00 UTC."""
POOLS = {"default_pool", "statements_source", "statements_render", "statements_print", "statements_email"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("dags")
    hospital = build_hospital(home / "hospital", guarantors=20)
    set_roles(hospital, console='["airflow:ana"]')
    airflow = AirflowHome(home / "airflow", hospital)
    found: dict[str, Any]
    found, _ = airflow.script("describe_dags", *JUST_AFTER_SCHEDULE.values())
    return found


@pytest.fixture(scope="module")
def dags(described: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = described["dags"]
    return found


def test_dag_files__parse_without_errors_and_without_heavy_imports(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert described["plugins"]["statements_console"] == 1
    assert set(described["dags"]) == ALL
    assert any(name.startswith("common") for name in described["imported"]), (
        "no import was recorded, so this proves nothing"
    )
    assert [name for name in described["imported"] if name.startswith(HEAVY)] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_dag__follows_the_rules(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    assert Path(dag["file"]).stem == name
    assert "statements" in dag["tags"]
    assert dag["title"] != name
    assert dag["description"].endswith(".")
    assert dag["max_active_runs"] == 1
    assert dag["catchup"] is False
    assert dag["time_zone"] == ("America/New_York" if name in SCHEDULED else "")
    assert all(heading in dag["doc"] for heading in ("What it does", "When", "If a task failed"))
    for task_id, task in dag["tasks"].items():
        assert task["owner"] == "billing-office"
        assert task["title"] != task_id
        assert task["pool"] in POOLS
        assert task["retries"] > 0
        assert task["backs_off"]
        assert task["has_policy"], f"{task_id} would retry errors that must not be retried"
        if task["is_approval"]:
            assert (task["timeout_s"], task["waits_forever"]) == (None, True), "an approval may take days"
        else:
            assert task["timeout_s"]
            assert task["doc"]


@pytest.mark.parametrize("name", PER_KIND)
def test_form__has_all_params(dags: dict[str, Any], name: str) -> None:
    params = dags[name]["params"]
    assert set(params) == {"cycle", "facility", "as_of", "limit", "dry_run"}
    assert all(schema["title"] and schema["description"] for schema in params.values())
    for schema in params.values():
        assert "pattern" not in schema, "a person would have to read it"
    if name in {"monthly_statements", "dunning_letters"}:
        assert {None, "2026-11", "2026-12"} < set(params["cycle"]["enum"])
        assert "2026-13" not in params["cycle"]["enum"]
        assert params["cycle"]["values_display"]["2026-11"] == "November 2026"
    else:
        assert params["cycle"]["format"] == "date"


@pytest.mark.parametrize("name", sorted(SCHEDULED))
def test_enabled_dag__waits_for_its_next_scheduled_time(dags: dict[str, Any], name: str) -> None:
    """An installation on the 4th must not run the batch of the 3rd."""
    first_run = dags[name]["first_runs"]
    assert (
        first_run["2026-11-03T10:00:30+00:00"]
        == {
            "ob_predelivery_notices": "2026-11-09T10:00:00+00:00",
            "monthly_statements": "2026-12-03T10:00:00+00:00",
            "dunning_letters": "2026-11-17T10:00:00+00:00",
            "itemized_bills": "2026-11-04T09:00:00+00:00",
            "disputed_bills": "2026-11-04T08:30:00+00:00",
            "itemized_bill_replies": "2026-11-03T10:10:00+00:00",
            "payment_plan_agreements": "2026-11-04T09:10:00+00:00",
            "missed_plan_payments": "2026-11-04T09:20:00+00:00",
            "ended_payment_plans": "2026-11-04T09:30:00+00:00",
            "payment_plan_reminders": "2026-11-04T09:40:00+00:00",
            "incomplete_applications": "2026-11-04T08:40:00+00:00",
            "assistance_decisions": "2026-11-04T08:50:00+00:00",
            "estate_inquiries": "2026-11-04T09:50:00+00:00",
            "estate_claims": "2026-11-04T10:00:00+00:00",
            "payroll_authorizations": "2026-11-04T09:50:00+00:00",
            "payroll_deductions": "2026-11-03T11:30:00+00:00",
            "agency_placement": "2026-11-03T12:10:00+00:00",
            "refund_letters": "2026-11-04T09:50:00+00:00",
            "delivery_tracking": "2026-11-03T10:20:00+00:00",
        }[name]
    )
    assert first_run[JUST_AFTER_SCHEDULE[name]] > JUST_AFTER_SCHEDULE[name]


def test_hand_off__follows_the_gates(dags: dict[str, Any]) -> None:
    for name in BATCH_DAGS:
        tasks = dags[name]["tasks"]
        assert "build" in tasks["check_gates"]["upstream"]
        assert set(tasks["release"]["upstream"]) >= {"check_gates", "approve"}
        assert "release" in tasks["hand_off.send_emails"]["upstream"]
        assert "hand_off.send_emails" in tasks["hand_off.send_print_files"]["upstream"]
        mapped = {task_id for task_id, task in tasks.items() if task["mapped_as"]}
        assert mapped == {"build", "hand_off.send_emails", "hand_off.send_print_files"}


def test_runbook__has_a_section_for_each_task(dags: dict[str, Any]) -> None:
    headings = set(
        re.findall(r"^## (\w+)", (ROOT / "docs" / "runbooks" / "airflow.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    tasks = {task_id.rpartition(".")[2] for dag in dags.values() for task_id in dag["tasks"]}
    assert len(tasks) > 8
    assert tasks - headings == set()


def test_dag_folder__has_only_dag_files() -> None:
    assert {path.stem for path in DAGS.glob("*.py")} == ALL
