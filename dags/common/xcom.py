"""A typed bridge between tasks: Airflow passes a task's result to the next task, but its types do not say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.xcom_arg import XComArg


def as_argument(result: XComArg) -> Any:
    """The result of an upstream task, to be passed to the next task. Unchanged at run time.

    A task function declares the value that it receives (`str`), while the DAG passes an `XComArg` that Airflow resolves
    when the task runs.
    """
    return result
