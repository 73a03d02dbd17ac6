"""Forms for payroll deductions, once a day, for employees who asked, and copies of the signed ones.

**When.** Every day at 4:50 a.m., facility time. The run's date decides the cycle. A day without a request makes an
empty batch, which needs no approval and closes by itself. What a day missed, the next run sends: each form goes out
once, whenever the batch runs. To run an older day, *Trigger* the DAG and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Payroll authorizations",
    description="Forms for employees who asked to pay from their wages, every day.",
    schedule=schedule("50 4 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "payroll-authorization"],
    doc_md=batch_doc(__doc__),
)
def payroll_authorizations() -> None:
    run_batch(open_batch("payroll-authorization", DAY))


payroll_authorizations()
