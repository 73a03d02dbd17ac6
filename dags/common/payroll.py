"""The tasks of payroll deductions. Tasks exchange ids only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from common.connections import POOL_SOURCE, open_task_context


@task(task_display_name="Read the answers of payroll", execution_timeout=timedelta(hours=1))
def collect_answers() -> list[dict[str, Any]]:
    """Read what payroll took. Returns the alerts."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.payroll.collect import collect_answers as collect  # noqa: PLC0415

    with open_task_context() as context:
        if not context.settings.payroll.url:
            raise AirflowSkipException("No payroll deductions: the setting payroll.url is empty.")
        return [asdict(alert) for alert in collect(context).alerts]


@task(task_display_name="Send deductions to payroll", pool=POOL_SOURCE, execution_timeout=timedelta(hours=3))
def send_deductions(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell payroll what begins and what ends. Returns the alerts, with those of the answers."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.payroll.send import send_deductions as send  # noqa: PLC0415

    with open_task_context() as context:
        return [*found, *(asdict(alert) for alert in send(context).alerts)]
