"""Itemized bills, once a day, for the people who asked for one.

**When.** Every day at 4:00 a.m., facility time. The run's date decides the cycle. A day without a request makes an
empty batch, which needs no approval and closes by itself. What a day missed, the next run answers: requests wait until
they are answered. To run an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Itemized bills",
    description="The itemized bills that people asked for, every day.",
    schedule=schedule("0 4 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "invoice"],
    doc_md=batch_doc(__doc__),
)
def itemized_bills() -> None:
    run_batch(open_batch("invoice", DAY))


itemized_bills()
