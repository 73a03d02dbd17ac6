"""The tasks of placement with collection agencies. Tasks exchange ids only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from common.connections import POOL_SOURCE, open_task_context


@task(task_display_name="Read the agencies' reports", execution_timeout=timedelta(hours=1))
def collect_agency_reports() -> list[dict[str, Any]]:
    """Read what agencies took in, collected, and gave back. Returns the alerts."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.placement.collect import collect_reports  # noqa: PLC0415

    with open_task_context() as context:
        if not context.settings.placement.agencies:
            raise AirflowSkipException("Nothing is placed: the setting placement.agencies is empty.")
        return [asdict(alert) for alert in collect_reports(context).alerts]


@task(task_display_name="Send files to agencies", pool=POOL_SOURCE, execution_timeout=timedelta(hours=3))
def send_agency_files(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send what was approved, and what changed. Returns the alerts, with those of the reports."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.placement.send import send_placements  # noqa: PLC0415

    with open_task_context() as context:
        return [*found, *(asdict(alert) for alert in send_placements(context).alerts)]
