"""Collection agencies, once a day: what they report, and what they must hear.

**What it does.** Reads the agencies' files. Then sends each agency the visits of an approved list, and what changed
about the visits that it has: payments to the hospital, adjustments, and recalls. Sends an alert when an operator must
act. It proposes and approves nothing: `statements place` and `statements placement approve` do.

**When.** Every day at 7:10 a.m., facility time. A missed day needs no catching up. Use *Trigger* to run it now. Without
the setting `placement.agencies`, it does nothing.

**If a task failed.** Read the last lines of its log: they say what is wrong and what to do. Fix that, then *Clear* the
task with *downstream*. Clearing is always safe: reports are read once, and nothing is placed or told twice.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.placement import collect_agency_reports, send_agency_files
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tracking import send_alerts
from common.xcom import as_argument


@dag(
    dag_display_name="Collection agencies",
    description="What collection agencies report, and what they must hear, every day.",
    schedule=schedule("10 7 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("billing-office"),
    tags=["statements", "placement"],
    doc_md=__doc__,
)
def agency_placement() -> None:
    send_alerts(as_argument(send_agency_files(as_argument(collect_agency_reports()))))


agency_placement()
