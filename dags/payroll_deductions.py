"""Payroll deductions, once a day: what payroll took, and what it is to take.

**What it does.** Reads payroll's answer files. A deduction that was not taken makes its plan overdue, so its letters go
on. Then sends payroll the deductions that begin or end since the last time: only those that both have signed. Sends an
alert when an operator must act.

**When.** Every day at 6:30 a.m., facility time. A missed day needs no catching up. Use *Trigger* to run it now. Without
the setting `payroll.url`, it does nothing.

**If a task failed.** Read the last lines of its log: they say what is wrong and what to do. Fix that, then *Clear* the
task with *downstream*. Clearing is always safe: answers are read once, and no change is sent twice.
"""

from __future__ import annotations

from airflow.sdk import dag
from common.payroll import collect_answers, send_deductions
from common.retry_policy import task_defaults
from common.schedule import schedule
from common.tracking import send_alerts
from common.xcom import as_argument


@dag(
    dag_display_name="Payroll deductions",
    description="What payroll took, and what it is to take, every day.",
    schedule=schedule("30 6 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("billing-office"),
    tags=["statements", "payroll"],
    doc_md=__doc__,
)
def payroll_deductions() -> None:
    send_alerts(as_argument(send_deductions(as_argument(collect_answers()))))


payroll_deductions()
