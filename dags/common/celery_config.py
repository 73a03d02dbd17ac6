"""Celery's settings: Airflow's own, and what a worker imports once, before it starts a process for each task.

A task's process begins as a copy of its worker, so it has these modules already: about a second less for each task.
"""

from __future__ import annotations

from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG

CELERY_CONFIG = {
    **DEFAULT_CELERY_CONFIG,
    "imports": [
        "airflow.sdk.execution_time.task_runner",
        "common.tasks",
        "statement_builder.operations.run_parallel",
        "statement_builder.operations.summaries",
        "statement_builder.operations.track",
    ],
}
