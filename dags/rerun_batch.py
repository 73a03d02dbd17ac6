"""Finish a batch that was left unfinished: by an outage, a crash, or documents that could not be made.

**What it does.** Asks for a batch id, says what it will do, and waits for *Approve*. Documents that could not be made
are tried again; whatever is done is skipped. A finished batch is left as it is.

**When.** After what was wrong has been mended: a template, a login, the vendor's server. Clearing the red task in the
run of the batch itself does the same; this is for batches begun elsewhere, on the command line for instance.

**Something is red.** As in the run of the batch: docs/runbooks/airflow.md.
"""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag
from common.retry_policy import task_defaults
from common.tasks import open_batch_again, say_what_is_left, walk


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "batch": Param(
            "",
            type="string",
            pattern=r"^\d{4}-\d{2}(-\d{2})?-(statement|ob-notice|dunning)$",
            title="Batch",
            description="Its id, such as 2026-11-statement. `statements batches` lists them.",
        )
    },
    default_args=task_defaults("billing-office"),
    tags=["statements"],
    doc_md=__doc__,
)
def rerun_batch() -> None:
    confirm = ApprovalOperator(
        task_id="confirm",
        subject="Re-run {{ params.batch }}?",
        body="{{ ti.xcom_pull(task_ids='say_what_is_left') }}",
        execution_timeout=None,  # a person may take days
    )
    batch = open_batch_again()
    say_what_is_left() >> confirm >> batch
    walk(batch)


rerun_batch()
