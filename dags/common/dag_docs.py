"""The parts of a DAG's page in Airflow that are the same for every DAG that runs a batch."""

from __future__ import annotations

_BATCH_DOC = """\
**What it does.** Opens the batch of the cycle. Takes a snapshot of the billing system. Builds every document; one
mapped task builds four shards of 1,000 guarantors. Checks that the batch foots. Waits for approval when policy requires
it. Rechecks the holds in the billing system. Hands off e-mails and print files. Closes the batch and archives its
control sheet.

**If a task failed.** Read the last lines of its log: they say what is wrong and what to do. Fix that, then *Clear* the
task with *downstream*. Clearing is always safe: you can clear any task in any order, even in a finished run. Completed
work is skipped, and nothing is sent twice. docs/runbooks/airflow.md has a section for each task.

**Waiting for approval.** *Required Actions* says why you are asked, what differs from the last batch, and what does
not leave. *Approve* releases the batch in your name.
*Reject* leaves it unreleased and sends nothing; to be asked again, clear *Check gates* with *downstream*, or run
`statements release`.

**Starting it by hand.** *Trigger* asks for a cycle, and can do a *dry run*, which only decides and counts: its result
is on the page *Rendered Templates* of *Open batch*. The form also offers *Unpause … on trigger*: that switches the
schedule on as well. Clear it if you want this one run only.
"""


def batch_doc(docstring: str | None) -> str:
    """The DAG's page: its module docstring (title and schedule), then the shared sections."""
    return f"{docstring}\n{_BATCH_DOC}"
