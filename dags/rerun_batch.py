"""Finish a batch that stopped after an outage, a crash, or documents that could not be built.

**What it does.** Takes a batch id, lists what it will do, and waits for *Approve*. Documents that could not be built
are tried again. Completed work is skipped. A closed batch stays as it is.

**When.** Only when you trigger it, after you fixed the cause: a template, a login, the vendor's server. Clearing the
failed task in the batch's own run does the same. Use this DAG for a batch that was started elsewhere, for example on
the command line.

**If a task failed.** As for the batch's own run: see docs/runbooks/airflow.md.
"""

from __future__ import annotations

from airflow.sdk import Param, dag
from common.approval import RecordedApproval, approval_settings
from common.retry_policy import task_defaults
from common.tasks import preview_rerun, reopen_batch, run_batch


@dag(
    dag_display_name="Finish a batch",
    description="Continues a batch that stopped. Asks for a batch id, and for approval.",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "batch": Param(
            "",
            type="string",
            minLength=1,
            title="Batch",
            description="The batch id, such as 2026-11-statement. `statements batches` lists them.",
        )
    },
    default_args=task_defaults("billing-office"),
    tags=["statements"],
    doc_md=__doc__,
)
def rerun_batch() -> None:
    confirm = RecordedApproval(
        task_id="confirm",
        task_display_name="Confirm",
        subject="Re-run {{ params.batch }}?",
        body="{{ ti.xcom_pull(task_ids='preview_rerun') }}",
        **approval_settings(),
    )
    batch = reopen_batch()
    preview_rerun() >> confirm >> batch
    run_batch(batch)


rerun_batch()
