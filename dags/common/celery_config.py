"""Celery settings: Airflow's defaults, plus modules that each worker imports once at startup.

A task's process is forked from its worker and inherits these modules, which saves about a second per task.
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
        "statement_builder.operations.tracking.track",
    ],
}
