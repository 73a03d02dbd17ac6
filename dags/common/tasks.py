"""The stages of a batch as Airflow tasks. Tasks exchange ids only.

`statement_builder.operations.run_parallel` does the work and makes it safe to repeat. This module decides the order of
the tasks and which of them run in parallel.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, TriggerRule, get_current_context, task, task_group

from common.alerts import approval_notifiers, require_recipient
from common.approval import BatchApproval, approval_settings, describe_user, read_reason, reason_form
from common.connections import (
    POOL_EMAIL,
    POOL_PRINT,
    POOL_RENDER,
    POOL_SOURCE,
    facility_id,
    open_task_context,
    run_actor,
    time_zone,
)
from common.console_link import batch_link, proof_picture
from common.results import show_result, skip_with
from common.xcom import as_argument

if TYPE_CHECKING:
    from airflow.sdk.definitions.xcom_arg import XComArg

    from statement_builder.ledger import Batch
    from statement_builder.operations.summaries import BatchSummary
    from statement_builder.pipeline.context import AppContext

SHARDS_PER_TASK = int(os.environ.get("STATEMENTS_SHARDS_PER_TASK", "4"))
"""Shards of 1,000 candidates per mapped task. A task costs 1 to 2 s of overhead. Four shards are at least 20 s of work,
and few enough that a medium batch keeps two workers busy (docs/adr/0008-airflow-around-the-ledger.md)."""
TASKS_MAX = 900
"""Below Airflow's `max_map_length` of 1,024. A larger batch gets more shards per task, not more tasks."""
QUIET: Any = {"show_return_value_in_logs": False}
"""For tasks whose result is for the next task: Airflow would end their log with a Python value."""
MAILED = Asset("statements_mailed")  # a name and not a URI: a URI makes Airflow import every provider
"""Updated when a batch is closed, so that other DAGs can start then. `extra` has the batch, its kind and counts."""


@task(pool=POOL_SOURCE, task_display_name="Open batch")
def open_batch(kind: str, cycle_format: str) -> str:
    """Open the batch of this run's cycle, or find it if it exists. A dry run decides, counts and ends here: its result
    is on this task's page *Rendered Templates*."""
    from common.batch_text import describe_dry_run  # noqa: PLC0415
    from statement_builder.billing.selection import Kind  # noqa: PLC0415
    from statement_builder.operations.dry_run import dry_run_batch  # noqa: PLC0415
    from statement_builder.operations.run import open_batch as open_or_find  # noqa: PLC0415
    from statement_builder.pipeline.pull.scope import Scope  # noqa: PLC0415

    airflow_context = get_current_context()
    params = airflow_context["params"]
    cycle, as_of = read_cycle(params, airflow_context.get("logical_date"), cycle_format)
    if not params["dry_run"]:
        require_recipient()
    with open_task_context(run_actor(), reads_only=params["dry_run"]) as context:
        if params["dry_run"]:
            scope = Scope(
                source=context.settings.source.name,
                kind=Kind(kind),
                cycle=cycle,
                as_of=as_of or context.today(),
                limit=params["limit"],
            )
            skip_with(describe_dry_run(dry_run_batch(context, scope)))
        return open_or_find(context, kind=Kind(kind), cycle=cycle, as_of=as_of, limit=params["limit"]).batch_id


def read_cycle(params: Any, logical_date: Any, cycle_format: str) -> tuple[str, date | None]:
    """The cycle and as-of date: from the form, else from the run's date in the facility's time zone. Never from today.

    Raises `ConfigError` when neither gives a cycle. Without an as-of date, the batch is pulled as of the day it opens.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from statement_builder.errors import ConfigError  # noqa: PLC0415

    if params["facility"] != facility_id():
        raise ConfigError(f"This Airflow sends mail for {facility_id()}, not for {params['facility']}.")
    day = logical_date.astimezone(ZoneInfo(time_zone())).date() if logical_date else None
    as_of = date.fromisoformat(params["as_of"]) if params["as_of"] else None
    if params["cycle"]:
        return params["cycle"], as_of
    if day is None:
        raise ConfigError("This run has no date and no cycle. Trigger the DAG again and choose a cycle.")
    return day.strftime(cycle_format), as_of or day


@task(task_display_name="Preview re-run")
def preview_rerun() -> str:
    """List what a re-run of the batch in the form would do. Skips the remaining tasks when the batch is closed."""
    from statement_builder.operations.dry_run import dry_run_rerun  # noqa: PLC0415

    batch_id = get_current_context()["params"]["batch"].strip()
    with open_task_context(reads_only=True) as context:
        remaining = dry_run_rerun(context, context.require_batch(batch_id)).steps
    if not remaining:
        skip_with(f"{batch_id} is closed: a re-run does nothing.")
    text = f"A re-run of **{batch_id}** would:\n\n" + "\n".join(f"- {stage}" for stage in remaining)
    show_result(text)
    return text


@task(task_id="open_batch", task_display_name="Open batch")
def reopen_batch() -> str:
    """Find the batch in the form, and queue the documents that could not be built for another try."""
    from statement_builder.operations.roles import authorize  # noqa: PLC0415
    from statement_builder.operations.run import retry_errors  # noqa: PLC0415

    batch_id: str = get_current_context()["params"]["batch"].strip()
    with open_task_context(run_actor()) as context:
        authorize(context, "rerun", batch_id=batch_id)
        retry_errors(context, context.require_batch(batch_id))
    return batch_id


@task(pool=POOL_SOURCE, task_display_name="Pull", execution_timeout=timedelta(hours=3), **QUIET)
def pull(batch_id: str) -> list[dict[str, Any]]:
    """Take the snapshot unless the batch has one. Returns the runs of shards that the mapped tasks build."""
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415
    from statement_builder.operations.steps import Step  # noqa: PLC0415

    with open_task_context() as context:
        return _plan_shard_runs(context, walk_batch(context, context.require_batch(batch_id), until=Step.PULL))


@task(
    pool=POOL_RENDER,
    task_display_name="Build",
    execution_timeout=timedelta(hours=3),
    map_index_template="{{ shards }}",
    doc_md="Decide, compose, render, verify and archive a run of shards. Skips shards that are already built.",
)
def build(batch_id: str, shard_run: dict[str, Any]) -> None:
    _set_map_label(shard_run)
    from statement_builder.operations.run_parallel import build_run  # noqa: PLC0415

    with open_task_context() as context:
        build_run(context, context.require_batch(batch_id), shard_run["first"], shard_run["last"])


@task.branch(task_display_name="Check gates")
def check_gates(batch_id: str) -> str:
    """Check that the batch foots and whether it needs approval. The text of the approval is made here."""
    from common.batch_text import describe_approval  # noqa: PLC0415
    from statement_builder.operations.access import list_subjects, record_access  # noqa: PLC0415
    from statement_builder.operations.approval.briefing import brief_approver  # noqa: PLC0415
    from statement_builder.operations.approval.release import fingerprint_batch  # noqa: PLC0415
    from statement_builder.operations.run_parallel import finish_build  # noqa: PLC0415
    from statement_builder.operations.summaries import summarize_batch  # noqa: PLC0415

    with open_task_context() as context:
        checks = finish_build(context, context.require_batch(batch_id))
        batch = context.require_batch(batch_id)  # in its new state
        fingerprint = fingerprint_batch(context, batch, checks)
        summary, briefing = summarize_batch(context, batch), brief_approver(context, batch)
        text = describe_approval(summary, briefing, checks, batch_link(batch_id), proof_picture(batch_id))
        if named := list_subjects(text):
            record_access(context, "approval page", named, batch_id=batch_id)
    task_instance = get_current_context()["ti"]
    task_instance.xcom_push(key="approval_text", value=text)
    task_instance.xcom_push(key="fingerprint", value=fingerprint)
    task_instance.xcom_push(key="release_codes", value=[check.code.value for check in checks])
    return "approve" if checks else "release"


@task(
    pool=POOL_SOURCE,
    task_display_name="Release",
    trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    execution_timeout=timedelta(hours=3),
    **QUIET,
)
def release(batch_id: str) -> list[dict[str, Any]]:
    """Release the batch in the approver's name, reconcile interrupted deliveries, and recheck the holds.

    The approval covers what the approver was shown. If the batch was changed, released or closed since then, the task
    fails and says so.
    """
    from statement_builder.operations.approval.release_codes import NOTHING, RELEASE_BY_NAME, ReleaseCode  # noqa: PLC0415
    from statement_builder.operations.run_parallel import prepare_hand_off  # noqa: PLC0415

    task_instance = get_current_context()["ti"]
    approval = task_instance.xcom_pull(task_ids="approve")
    shown = task_instance.xcom_pull(task_ids="check_gates", key="release_codes") or ()
    seen = task_instance.xcom_pull(task_ids="check_gates", key="fingerprint") or ""
    accepted = NOTHING if approval is None else RELEASE_BY_NAME.union(ReleaseCode(code) for code in shown)
    with open_task_context(describe_user(approval)) as context:
        batch = context.require_batch(batch_id)
        prepare_hand_off(context, batch, accepted, reason=read_reason(approval), seen=seen if approval else "")
        return _plan_shard_runs(context, batch)


@task(
    pool=POOL_EMAIL,
    task_display_name="Send e-mails",
    execution_timeout=timedelta(hours=6),
    map_index_template="{{ shards }}",
)
def send_emails(batch_id: str, shard_run: dict[str, Any]) -> None:
    """Send the e-mails of a run of shards. A document whose address is refused permanently is printed instead."""
    _hand_off(batch_id, shard_run, "email")


@task(
    pool=POOL_PRINT,
    task_display_name="Send print files",
    execution_timeout=timedelta(hours=6),
    map_index_template="{{ shards }}",
    trigger_rule=TriggerRule.NONE_SKIPPED,
)
def send_print_files(batch_id: str, shard_run: dict[str, Any]) -> None:
    """Hand off the print files of a run of shards, even when the e-mails failed."""
    _hand_off(batch_id, shard_run, "print")


@task(outlets=[MAILED], task_display_name="Close", **QUIET)
def close(batch_id: str) -> str:
    """Close the batch when every document is accounted for, and archive its control sheet. The figures are on this
    task's page *Rendered Templates*.

    Skipped while the vendor's confirmations are outstanding: `delivery_tracking` closes the batch then.
    """
    from common.batch_text import describe_result  # noqa: PLC0415
    from statement_builder.errors import AwaitingConfirmation  # noqa: PLC0415
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415
    from statement_builder.operations.summaries import summarize_batch  # noqa: PLC0415

    with open_task_context() as context:
        try:
            closed = walk_batch(context, context.require_batch(batch_id))
        except AwaitingConfirmation as exc:
            summary = summarize_batch(context, context.require_batch(batch_id))
            waits = f"{exc} The DAG delivery_tracking checks every hour."
            skip_with(f"{waits}\n\n{describe_result(summary, batch_link(batch_id))}")
        summary = summarize_batch(context, closed)
        text = describe_result(summary, batch_link(batch_id))
    show_result(text)
    record_mailed_event(get_current_context(), summary)
    return text


def record_mailed_event(airflow_context: Any, summary: BatchSummary) -> None:
    """Set the data that DAGs scheduled on `MAILED` receive for a closed batch."""
    airflow_context["outlet_events"][MAILED].extra = {
        "batch": summary.batch_id,
        "kind": summary.kind.value,
        "handed_off": summary.counts["handed_off"],
    }


def run_batch(opened: XComArg) -> None:
    """Add the tasks that follow the opening of a batch, in order."""
    batch_id: str = as_argument(opened)
    built = build.partial(batch_id=batch_id).expand(shard_run=pull(batch_id))
    gates = check_gates(batch_id)
    approve = BatchApproval(
        task_id="approve",
        subject="Release {{ ti.xcom_pull(task_ids='open_batch') }} to the printer and to e-mail?",
        body="{{ ti.xcom_pull(task_ids='check_gates', key='approval_text') }}",
        params=reason_form(),
        notifiers=approval_notifiers(),
        task_display_name="Approve",
        doc_md="Says why you are asked, what differs from the last batch, and what does not leave. Reject records your "
        "reason and fails the run; nothing is sent.",
        **approval_settings(),
    )
    released = release(batch_id)

    @task_group(group_display_name="Hand off")
    def hand_off(batch_id: str, shard_run: dict[str, Any]) -> None:
        send_emails(batch_id, shard_run) >> send_print_files(batch_id, shard_run)

    handed_off = hand_off.partial(batch_id=batch_id).expand(shard_run=released)
    built >> gates >> [approve, released]
    approve >> released
    handed_off >> close(batch_id)


def _hand_off(batch_id: str, shard_run: dict[str, Any], channel: str) -> None:
    _set_map_label(shard_run)
    from statement_builder.billing.selection import Channel  # noqa: PLC0415
    from statement_builder.operations.run_parallel import hand_off_run  # noqa: PLC0415

    with open_task_context() as context:
        hand_off_run(context, context.require_batch(batch_id), shard_run["first"], shard_run["last"], Channel(channel))


def _plan_shard_runs(context: AppContext, batch: Batch) -> list[dict[str, Any]]:
    from statement_builder.operations.run_parallel import plan_shard_runs  # noqa: PLC0415

    runs = plan_shard_runs(context, batch, shards_max=SHARDS_PER_TASK, runs_max=TASKS_MAX)
    return [{"first": run.first, "last": run.last, "title": run.title} for run in runs]


def _set_map_label(shard_run: dict[str, Any]) -> None:
    """Set the name of this mapped task on Airflow's pages.

    Call it first: if rendering the name failed after the work, a finished task would fail.
    """
    airflow_context: Any = get_current_context()
    airflow_context["shards"] = shard_run["title"]
