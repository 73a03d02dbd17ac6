"""Answers about disputed bills, once a day, for the people whose review is finished.

**When.** Every day at 3:30 a.m., facility time. The run's date decides the cycle. A day without a finished review makes
a batch without documents, which needs no approval and closes by itself. What a day missed, the next run answers. To run
an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Answers about disputed bills",
    description="The answers about disputed bills, every day.",
    schedule=schedule("30 3 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "verification"],
    doc_md=batch_doc(__doc__),
)
def disputed_bills() -> None:
    run_batch(open_batch("verification", DAY))


disputed_bills()
