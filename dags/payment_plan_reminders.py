"""Reminders of plan payments, once a day, some days before each payment is due.

**When.** Every day at 4:40 a.m., facility time. The run's date decides the cycle. Release them on the same day: a
reminder that arrives after the payment is due helps nobody. What a day missed, the next run sends: each event is
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
    dag_display_name="Payment plan reminders",
    description="Reminders of plan payments that are due soon, every day.",
    schedule=schedule("40 4 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "plan-reminder"],
    doc_md=batch_doc(__doc__),
)
def payment_plan_reminders() -> None:
    run_batch(open_batch("plan-reminder", DAY))


payment_plan_reminders()
