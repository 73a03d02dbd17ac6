"""Letters about requested itemized bills that cannot be sent yet, once a day.

**When.** Every day at 5:10 a.m., facility time, after the itemized bills. The run's date decides the cycle. A day
without such a request makes an empty batch, which needs no approval and closes by itself. What a day missed, the next
run sends. To run an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Letters about requested itemized bills",
    description="The letters about itemized bills that cannot be sent yet, every day.",
    schedule=schedule("10 5 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "itemized-request-reply"],
    doc_md=batch_doc(__doc__),
)
def itemized_bill_replies() -> None:
    run_batch(open_batch("itemized-request-reply", DAY))


itemized_bill_replies()
