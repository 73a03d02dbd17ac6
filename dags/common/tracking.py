"""The tasks of the tracking: ids in, ids out. What is taken in, and what an alert is, is in
`statement_builder.operations.track`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from common.alerts import send_alerts
from common.connections import POOL_PRINT, actor, open_context_here
from common.tasks import MAILED, say_mailed


@task
def list_open_batches() -> list[str]:
    """The batches that wait for answers. Kept before anything is taken in: the next task, when it comes again, knows by
    it which of them it had closed before it was killed."""
    from statement_builder.ledger import BatchState  # noqa: PLC0415

    with open_context_here(actor()) as context:
        ours = context.facility.facility_id
        return [
            batch.batch_id
            for batch in context.ledger.batches()
            if batch.state is BatchState.HANDING_OFF and batch.facility_id == ours
        ]


@task(pool=POOL_PRINT, execution_timeout=timedelta(hours=3))
def track(open_batches: list[str]) -> list[str]:
    """Take in what came back; the batches that it closed. What waits for a person is the XCom `alerts`."""
    from statement_builder.ledger import BatchState  # noqa: PLC0415
    from statement_builder.operations.summaries import summarise_tracked  # noqa: PLC0415
    from statement_builder.operations.track import track as take_in  # noqa: PLC0415

    with open_context_here(actor()) as context:
        tracked = summarise_tracked(take_in(context))
        for file in tracked["files"]:
            _log(
                "%(form)s %(name)s: %(answers)s answers, %(news)s news, %(problems)s problems; now in %(put_in)s", file
            )
        closed = [batch for batch in open_batches if context.require_batch(batch).state is BatchState.CLOSED]
    get_current_context()["ti"].xcom_push(key="alerts", value=tracked["alerts"])
    return closed


@task
def tell(alerts: list[dict[str, str]]) -> None:
    """Mail what waits for a person: what nobody was told of today."""
    from msgspec.structs import asdict  # noqa: PLC0415

    from statement_builder.operations.alerts import find_untold, record_told  # noqa: PLC0415
    from statement_builder.operations.track import Alert  # noqa: PLC0415

    with open_context_here(actor()) as context:
        untold = find_untold(context, [Alert(**alert) for alert in alerts])
        for alert in untold:
            _log("%(code)s %(subject)s: %(message)s See %(runbook)s.", asdict(alert))
        if not untold:
            raise AirflowSkipException(f"Of {len(alerts)} things that wait for a person none is new since yesterday.")
        record_told(context, untold, whom=send_alerts(untold))


@task(
    outlets=[MAILED],
    map_index_template="{{ batch_id }}",
    doc_md="Start whatever follows `statements_mailed`, as the batch's own run would have.",
)
def announce(batch: str) -> None:
    from statement_builder.operations.summaries import summarise_batch  # noqa: PLC0415

    context: Any = get_current_context()
    context["batch_id"] = batch
    with open_context_here(actor()) as context:
        say_mailed(context, summarise_batch(context, context.require_batch(batch)))


def _log(line: str, values: Any) -> None:
    import logging  # noqa: PLC0415

    logging.getLogger("statements").info(line, values)
