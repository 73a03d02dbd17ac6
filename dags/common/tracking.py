"""The tasks of the delivery tracking. Tasks exchange ids only.

`statement_builder.operations.tracking.track` processes delivery reports and decides what is an alert.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task

from common import alerts as office
from common.connections import POOL_PRINT, open_task_context
from common.results import skip_with
from common.task_log import log
from common.tasks import MAILED, record_mailed_event


@task(task_display_name="List open batches")
def list_open_batches() -> list[str]:
    """List the batches that wait for confirmations.

    Stored before any report is processed, so that a retry of `track` knows which batches its earlier try closed.
    """
    from statement_builder.ledger import BatchState  # noqa: PLC0415

    with open_task_context() as context:
        facility_id = context.facility.facility_id
        return [
            batch.batch_id
            for batch in context.ledger.batches.all()
            if batch.state is BatchState.HANDING_OFF and batch.facility_id == facility_id
        ]


@task(pool=POOL_PRINT, task_display_name="Track", execution_timeout=timedelta(hours=3))
def track(open_batches: list[str]) -> list[str]:
    """Process delivery reports and bounces. Returns the batches that were closed; the XCom `alerts` has the alerts."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from common.metrics import report_gauges  # noqa: PLC0415
    from statement_builder.ledger import BatchState  # noqa: PLC0415
    from statement_builder.operations.tracking.track import track as process_reports  # noqa: PLC0415

    with open_task_context() as context:
        tracked = process_reports(context)
        for file in tracked.files:
            _log(
                "%(file_type)s %(name)s: %(lines)s lines, %(news)s booked, %(unchanged)s known, "
                "%(quarantined)s held back; moved to %(folder)s",
                asdict(file),
            )
        closed = [batch_id for batch_id in open_batches if context.require_batch(batch_id).state is BatchState.CLOSED]
        report_gauges(context)
    get_current_context()["ti"].xcom_push(key="alerts", value=[asdict(alert) for alert in tracked.alerts])
    return closed


@task(task_display_name="Send alerts")
def send_alerts(alerts: list[dict[str, Any]]) -> None:
    """E-mail the alerts that were not sent within the last day, or ever if they do not repeat."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.access import list_subjects, record_access  # noqa: PLC0415
    from statement_builder.operations.alerts import find_unsent, record_sent  # noqa: PLC0415
    from statement_builder.operations.tracking.tracking_alerts import Alert  # noqa: PLC0415

    with open_task_context() as context:
        unsent = find_unsent(context, [Alert(**alert) for alert in alerts])
        for alert in unsent:
            _log("%(code)s %(subject)s: %(message)s See %(runbook)s.", asdict(alert))
        if not unsent:
            skip_with(
                f"None of {len(alerts)} alerts is new since yesterday." if alerts else "Nothing needs an operator."
            )
        if named := list_subjects(unsent):
            record_access(context, "alerts", named)
        record_sent(context, unsent, to=office.send_alerts(unsent))


@task(
    outlets=[MAILED],
    task_display_name="Publish mailed",
    map_index_template="{{ batch_id }}",
    doc_md="Update the asset `statements_mailed` for a closed batch, which starts the DAGs scheduled on it.",
)
def publish_mailed(batch_id: str) -> None:
    from statement_builder.operations.summaries import summarize_batch  # noqa: PLC0415

    airflow_context: Any = get_current_context()
    airflow_context["batch_id"] = batch_id
    with open_task_context() as context:
        record_mailed_event(airflow_context, summarize_batch(context, context.require_batch(batch_id)))


def _log(line: str, values: Any) -> None:
    from statement_builder.printable import one_line  # noqa: PLC0415

    log().info("%s", one_line(line % values))
