"""Inquiries about the estates of guarantors who have died, once a day.

**When.** Every day at 4:50 a.m., facility time. The run's date decides the cycle. A day without an inquiry makes an
empty batch, which needs no approval and closes by itself. What a day missed, the next run sends: each estate is asked
about once, whenever the batch runs. To run an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Inquiries about estates",
    description="Inquiries about the estates of guarantors who have died, every day.",
    schedule=schedule("50 4 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "estate-inquiry"],
    doc_md=batch_doc(__doc__),
)
def estate_inquiries() -> None:
    run_batch(open_batch("estate-inquiry", DAY))


estate_inquiries()
