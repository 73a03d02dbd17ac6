"""Obstetric pre-delivery notices, once a week.

**When.** Every Monday at 5:00 a.m., facility time. The run's date decides the cycle. After you enable the DAG, it waits
for the next Monday. If Airflow was down or the DAG was paused at a scheduled time, the latest missed run starts when it
is back. To run an older week, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Obstetric pre-delivery notices",
    description="The cost estimates of the week.",
    schedule=schedule("0 5 * * MON"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "ob-notice"],
    doc_md=batch_doc(__doc__),
)
def ob_predelivery_notices() -> None:
    run_batch(open_batch("ob-notice", DAY))


ob_predelivery_notices()
