"""Delivery tracking, every hour.

**What it does.** Fetches and processes what the print vendor and the mail servers report: acknowledgements, mailed
reports, rejections, returned mail and bounces. Sends redeliveries that are due. Closes batches whose last confirmation
arrived, and archives their control sheets. E-mails an alert to the billing office when an operator must act: a print
file is not acknowledged or not reported as mailed in time, or a file could not be understood.

**When.** 20 minutes past every hour. A missed hour needs no catching up: the next run processes everything that has
arrived. Use *Trigger* to run it now.

**If a task failed.** Read the last lines of its log: they say what is wrong and what to do. Fix that, then *Clear* the
task with *downstream*. Clearing is always safe, even in an old run: processed reports are skipped, and nothing is sent
twice. docs/runbooks/airflow.md has a section for each task.

**Alerts.** Each alert is e-mailed once, and again every day until it is resolved. It names the file and the runbook to
follow. If `STATEMENTS_ALERT_EMAIL` is `none`, *Send alerts* fails while there are alerts.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tracking import list_open_batches, publish_mailed, send_alerts, track
from common.xcom import as_argument


@dag(
    dag_display_name="Delivery tracking",
    description="What the vendor and the mail servers report; alerts; closes complete batches. Every hour.",
    schedule=schedule("20 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("billing-office"),
    tags=["statements", "tracking"],
    doc_md=__doc__,
)
def delivery_tracking() -> None:
    closed = as_argument(track(as_argument(list_open_batches())))
    send_alerts(closed["alerts"])
    publish_mailed.expand(batch_id=closed)


delivery_tracking()
