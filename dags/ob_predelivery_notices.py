"""Obstetric pre-delivery notices, once a week.

**What it does.** Opens the batch of the cycle, takes the snapshot of the billing system, builds every document (a
mapped task is four shards of a thousand guarantors), checks that everything foots, waits for a person where policy
wants one, looks at the source once more, hands off e-mails and print files, and closes the batch with its control
sheet.

**When.** Every Monday, at five in the morning where the facility is. The cycle is that of the run's date. Switched on
for the first time, it waits for the next Monday. What it missed later, switched off or with Airflow down, Airflow
begins when it is back, and only the last; an older week when somebody asks: *Trigger*, and name the cycle.

**Something is red.** Every task may be cleared, alone or with what follows, in any order, also of a finished run:
what is done is skipped, nothing is sent twice. Read the last lines of the task's log: they say what is wrong and what
to do. Mend that, then *Clear*. docs/runbooks/airflow.md has a section for each task.

**It waits.** *Required Actions* has the figures. *Approve* lets the batch go in your name. *Reject* leaves it where
it is: nothing leaves, and `statements release` or a cleared *check_gates* asks again.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.params import batch_form
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tasks import open_batch, walk


@dag(
    schedule=schedule("0 5 * * MON"),
    catchup=False,
    max_active_runs=1,
    params=batch_form("2026-11-09"),
    default_args=task_defaults("billing-office"),
    tags=["statements", "ob-notice"],
    doc_md=__doc__,
)
def ob_predelivery_notices() -> None:
    walk(open_batch("ob-notice", "%Y-%m-%d"))


ob_predelivery_notices()
