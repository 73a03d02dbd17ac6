"""Letters about missed payments of plans, once a day.

**When.** Every day at 4:20 a.m., facility time. The run's date decides the cycle. A day without a missed payment makes
an empty batch, which needs no approval and closes by itself. What a day missed, the next run sends: each event is
answered once, whenever the batch runs. To run an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Missed plan payments",
    description="Letters about missed payments of plans, every day.",
    schedule=schedule("20 4 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "plan-missed"],
    doc_md=batch_doc(__doc__),
)
def missed_plan_payments() -> None:
    run_batch(open_batch("plan-missed", DAY))


missed_plan_payments()
