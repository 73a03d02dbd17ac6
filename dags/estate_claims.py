"""Claims against estates, once a day.

**When.** Every day at 5:00 a.m., facility time. The run's date decides the cycle. A day without a claim makes an
empty batch, which needs no approval and closes by itself. Run it every day: the alerts about deadlines read what its
last batch recorded. A claim that waits for your approval is not presented yet. To run an older day, *Trigger* the DAG
and choose its cycle.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.dag_docs import batch_doc
from common.params import DAY, batch_params
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, run_batch


@dag(
    dag_display_name="Claims against estates",
    description="Claims against the estates of guarantors who have died, every day.",
    schedule=schedule("0 5 * * *"),
    catchup=False,
    max_active_runs=1,
    params=batch_params(DAY),
    default_args=task_defaults("billing-office"),
    tags=["statements", "estate-claim"],
    doc_md=batch_doc(__doc__),
)
def estate_claims() -> None:
    run_batch(open_batch("estate-claim", DAY))


estate_claims()
