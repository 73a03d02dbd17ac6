"""The steps of a batch as tasks: ids in, ids out. What each does, and does when it comes again, is in
`statement_builder.operations.run_parallel`; here is only the order, and what runs beside what.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Asset, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from common.alerts import tell_waiting
from common.connections import (
    POOL_EMAIL,
    POOL_PRINT,
    POOL_RENDER,
    POOL_SOURCE,
    actor,
    facility_id,
    open_context_here,
    time_zone,
)

if TYPE_CHECKING:
    from airflow.sdk.definitions.xcom_arg import XComArg

SHARDS_PER_TASK = int(os.environ.get("STATEMENTS_SHARDS_PER_TASK", "4"))
"""Shards of a thousand that one mapped task takes. A task costs 1 to 2 s whatever it does; four shards are at least
twenty seconds of work, and few enough that a batch of middling size keeps two workers busy
(docs/adr/0008-airflow-around-the-ledger.md)."""
TASKS_MAX = 900
"""Below Airflow's own `max_map_length`, 1,024: a larger batch has longer runs of shards, not more of them."""
MAILED = Asset("statements_mailed")  # a URI would have every provider imported, to look its scheme up
"""What another DAG follows to be started when a batch is closed. `extra` has batch, kind and counts."""


@task(pool=POOL_SOURCE)
def open_batch(kind: str, cycle_format: str) -> str:
    """The batch of this run's cycle: a new one, or the one that there is. A dry run decides, counts and ends here."""
    from statement_builder.billing.selection import Kind  # noqa: PLC0415
    from statement_builder.operations.dry_run import preview_batch  # noqa: PLC0415
    from statement_builder.operations.run import open_batch as open_or_find  # noqa: PLC0415
    from statement_builder.pipeline.pull import Scope  # noqa: PLC0415

    context = get_current_context()
    params = context["params"]
    cycle, as_of = read_cycle(params, context.get("logical_date"), cycle_format)
    with open_context_here(actor()) as context:
        if params["dry_run"]:
            scope = Scope(
                source=context.settings.source.name,
                kind=Kind(kind),
                cycle=cycle,
                as_of=as_of or context.today(),
                limit=params["limit"],
            )
            counts = preview_batch(context, scope)["counts"]
            raise AirflowSkipException(f"Dry run of {cycle}: {counts}")
        return open_or_find(context, kind=Kind(kind), cycle=cycle, as_of=as_of, limit=params["limit"]).batch_id


def read_cycle(params: Any, logical_date: Any, cycle_format: str) -> tuple[str, date | None]:
    """Cycle and as-of date: those of the form, else those of the run's date where the facility is; never of now.

    `ConfigError` where neither says. Without an as-of date the batch is pulled as of the day on which it is opened.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from statement_builder.errors import ConfigError  # noqa: PLC0415

    if params["facility"] != facility_id():
        raise ConfigError(f"This Airflow sends the mail of {facility_id()}, not of {params['facility']}.")
    day = logical_date.astimezone(ZoneInfo(time_zone())).date() if logical_date else None
    as_of = date.fromisoformat(params["as_of"]) if params["as_of"] else None
    if params["cycle"]:
        return params["cycle"], as_of
    if day is None:
        raise ConfigError("This run has no date, so its cycle has to be named: trigger it again with a cycle.")
    return day.strftime(cycle_format), as_of or day


@task
def say_what_is_left() -> str:
    """What a re-run of the batch in the form would do. Skips the rest where it is finished."""
    from statement_builder.operations.dry_run import preview_rerun  # noqa: PLC0415

    batch = get_current_context()["params"]["batch"]
    with open_context_here(actor()) as context:
        left = preview_rerun(context, context.require_batch(batch))
    if not left:
        raise AirflowSkipException(f"{batch} is finished: a re-run does nothing.")
    return f"A re-run of **{batch}** would:\n\n" + "\n".join(f"- {step}" for step in left)


@task(task_id="open_batch")
def open_batch_again() -> str:
    """The batch in the form, with the documents that could not be made back in line."""
    from statement_builder.operations.run import retry_errors  # noqa: PLC0415

    batch: str = get_current_context()["params"]["batch"]
    with open_context_here(actor()) as context:
        context.require_batch(batch)
        retry_errors(context, batch)
    return batch


@task(pool=POOL_SOURCE, execution_timeout=timedelta(hours=3))
def pull(batch: str) -> list[dict[str, Any]]:
    """Take the snapshot, unless the batch has one; the runs of shards that mapped tasks build."""
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415
    from statement_builder.operations.steps import Step  # noqa: PLC0415

    with open_context_here(actor()) as context:
        walk_batch(context, batch, until=Step.PULL)
        return _plan(context, batch)


@task(
    pool=POOL_RENDER,
    execution_timeout=timedelta(hours=3),
    map_index_template="{{ shards }}",
    doc_md="Decide, compose, render, verify and archive a run of shards. Shards that are built already are skipped.",
)
def build(batch: str, run: dict[str, Any]) -> None:
    _name(run)
    from statement_builder.operations.run_parallel import build_run  # noqa: PLC0415

    with open_context_here(actor()) as context:
        build_run(context, batch, run["first"], run["last"])


@task.branch
def check_gates(batch: str) -> str:
    """Does it foot, and has a person to look at it? The figures for that are the approval's text."""
    from common.approval_text import describe_batch  # noqa: PLC0415
    from statement_builder.operations.run_parallel import ask_gates  # noqa: PLC0415

    with open_context_here(actor()) as context:
        questions = ask_gates(context, batch)
        text = describe_batch(context, context.require_batch(batch), questions)
    get_current_context()["ti"].xcom_push(key="sheet", value=text)
    return "approve" if questions else "release"


@task(pool=POOL_SOURCE, trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, execution_timeout=timedelta(hours=3))
def release(batch: str) -> list[dict[str, Any]]:
    """Pass the gates in the name of who approved, settle what an earlier try left open, look at the source again."""
    from statement_builder.operations.run_parallel import prepare_hand_off  # noqa: PLC0415

    approval = get_current_context()["ti"].xcom_pull(task_ids="approve")
    with open_context_here(_approver(approval) or actor()) as context:
        prepare_hand_off(context, batch, release=approval is not None)
        return _plan(context, batch)


@task(pool=POOL_EMAIL, execution_timeout=timedelta(hours=6), map_index_template="{{ shards }}")
def send_emails(batch: str, run: dict[str, Any]) -> None:
    """The e-mails of a run of shards. An address that refuses for good is printed instead."""
    _hand_off(batch, run, "email")


@task(
    pool=POOL_PRINT,
    execution_timeout=timedelta(hours=6),
    map_index_template="{{ shards }}",
    trigger_rule=TriggerRule.NONE_SKIPPED,
)
def send_print_files(batch: str, run: dict[str, Any]) -> None:
    """The print files of a run of shards, also where a mail server holds the e-mails up."""
    _hand_off(batch, run, "print")


@task(outlets=[MAILED])
def close(batch: str) -> str:
    """Everything accounted for? Then the batch closes, and its control sheet goes into the archive. Skipped where the
    vendor has yet to answer: the tracking closes it then."""
    from common.approval_text import describe_batch  # noqa: PLC0415
    from statement_builder.errors import Unanswered  # noqa: PLC0415
    from statement_builder.operations.run import walk_batch  # noqa: PLC0415
    from statement_builder.operations.summaries import summarise_batch  # noqa: PLC0415

    with open_context_here(actor()) as context:
        try:
            closed = walk_batch(context, batch)
        except Unanswered as exc:
            raise AirflowSkipException(f"{exc} The DAG delivery_tracking does that, every hour.") from exc
        summary = summarise_batch(context, closed)
        sheet = describe_batch(context, closed, [])
    say_mailed(get_current_context(), summary)
    return sheet


def say_mailed(context: Any, summary: dict[str, Any]) -> None:
    """What who follows `MAILED` is told of a batch that has been closed."""
    context["outlet_events"][MAILED].extra = {
        "batch": summary["batch"],
        "kind": summary["kind"],
        "handed_off": summary["counts"]["handed_off"],
    }


def walk(batch: XComArg) -> None:
    """All steps of a batch after it was opened, in their order."""
    built = build.partial(batch=batch).expand(run=pull(batch))
    gates = check_gates(batch)
    approve = ApprovalOperator(
        task_id="approve",
        subject="Release {{ ti.xcom_pull(task_ids='open_batch') }} to the printer and to e-mail?",
        body="{{ ti.xcom_pull(task_ids='check_gates', key='sheet') }}",
        notifiers=tell_waiting(),
        execution_timeout=None,  # a person may take days
        doc_md="Reads the control sheet's figures. Reject leaves the batch as it is: nothing leaves.",
    )
    released = release(batch)

    @task_group
    def hand_off(batch: str, run: dict[str, Any]) -> None:
        send_emails(batch, run) >> send_print_files(batch, run)

    handed_off = hand_off.partial(batch=batch).expand(run=released)
    built >> gates >> [approve, released]
    approve >> released
    handed_off >> close(batch)


def _hand_off(batch: str, run: dict[str, Any], channel: str) -> None:
    _name(run)
    from statement_builder.billing.selection import Channel  # noqa: PLC0415
    from statement_builder.operations.run_parallel import hand_off_run  # noqa: PLC0415

    with open_context_here(actor()) as context:
        hand_off_run(context, batch, run["first"], run["last"], Channel(channel))


def _plan(context: Any, batch: str) -> list[dict[str, Any]]:
    from statement_builder.operations.run_parallel import plan_shard_runs  # noqa: PLC0415

    runs = plan_shard_runs(context, batch, shards_max=SHARDS_PER_TASK, runs_max=TASKS_MAX)
    return [{"first": run.first, "last": run.last, "title": run.title} for run in runs]


def _name(run: dict[str, Any]) -> None:
    """What Airflow's pages call this mapped task. Set first: a template that fails would fail a task that is done."""
    context: Any = get_current_context()
    context["shards"] = run["title"]


def _approver(approval: Any) -> str:
    """Who pressed the button, for the event log; empty where nobody had to."""
    person = (approval or {}).get("responded_by_user") or {}
    name = person.get("name") if isinstance(person, dict) else getattr(person, "name", None)
    return f"{name}@airflow" if name else ""
