"""Show what a task found where people look: at the end of its log, and on the task's page *Rendered Templates*."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from common.task_log import log

FIELD = "result"
"""The name of the text on the task's page."""


def show_result(text: str) -> None:
    """Show a text of several lines. It names no person."""
    context: Any = get_current_context()
    task = context["task"]
    for line in text.splitlines():
        log().info("%s", line)
    # Airflow shows a task's template fields, and stores them again after the task if it is told to.
    setattr(task, FIELD, text)
    task.template_fields = (*(each for each in task.template_fields if each != FIELD), FIELD)
    task.overwrite_rtif_after_execution = True


def skip_with(text: str) -> NoReturn:
    """Show a text, and skip this task and what follows it."""
    show_result(text)
    raise AirflowSkipException(text.partition("\n")[0])
