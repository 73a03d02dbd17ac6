"""Dunning letters, once a month.

**When.** On the 17th of each month at 5:00 a.m., facility time. The run's date decides the cycle. After you enable the
DAG, it waits for the next 17th. If Airflow was down or the DAG was paused at a scheduled time, the latest missed run
starts when it is back. To run an older month, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import MONTH, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Dunning letters",
    description="The letters about unpaid bills of the month.",
    schedule=schedule("0 5 17 * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(MONTH),
    default_args=task_defaults("billing-office"),
    tags=["statements", "dunning"],
    doc_md=batch_doc(__doc__),
)
def dunning_letters() -> None:
    run_batch(open_batch("dunning", MONTH))


dunning_letters()
