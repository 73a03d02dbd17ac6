"""What became of the mail, every hour.

**What it does.** Fetches what the print vendor and the mail servers answered (acknowledgements, mailed reports,
rejects, returned mail, bounces) and takes it in, hands off again what has to go again, closes the batches whose last
answer has come, with their control sheets, and tells the office what waits for a person: a print file that is not
acknowledged or not reported as mailed in time, a file that was not understood.

**When.** Twenty minutes past each hour. An hour that was missed needs no catching up: the next run takes all that
lies there. *Trigger* runs it now.

**Something is red.** Every task may be cleared, alone or with what follows, also of an old run: an answer that was
taken is known, nothing is sent twice. Read the last lines of the task's log: they say what is wrong and what to do.
Mend that, then *Clear*. docs/runbooks/airflow.md has a section for each task.

**Somebody was told.** Each alert is mailed once, and again every day until it is settled. It names the file and the
page of the runbook that says what to do. Where `STATEMENTS_ALERT_EMAIL` names nobody, *tell* is red for as long as
something waits.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tracking import announce, list_open_batches, tell, track


@dag(
    schedule=schedule("20 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("billing-office"),
    tags=["statements", "tracking"],
    doc_md=__doc__,
)
def delivery_tracking() -> None:
    closed = track(list_open_batches())
    tell(closed["alerts"])
    announce.expand(batch=closed)


delivery_tracking()
