"""Which errors are retried. The service's exception classes say whether a retry can help."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

RETRY_DELAY = timedelta(seconds=float(os.environ.get("STATEMENTS_RETRY_DELAY_S", "120")))
"""Before the first retry; each later retry waits twice as long. Tests set it lower."""

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            [
                "statement_builder.errors.ConfigError",
                "statement_builder.errors.GateStop",
                "statement_builder.errors.InvariantError",
                "mail_house.errors.Misconfigured",
                "mail_house.errors.Permanent",
                "mail_house.errors.UnknownOutcome",
            ],
            RetryAction.FAIL,
            reason="An operator must fix or decide something first; a retry would fail the same way.",
        ),
        RetryRule(
            [
                "statement_builder.errors.StatementsError",
                "mail_house.errors.Retryable",
                "builtins.OSError",
            ],
            RetryAction.RETRY,
            reason="A retry is safe: it skips completed work.",
        ),
    ],
    default=RetryAction.FAIL,
)


def task_defaults(owner: str) -> dict[str, Any]:
    """`default_args` of every DAG."""
    from common.alerts import failure_callbacks  # noqa: PLC0415
    from common.task_log import end_with_message  # noqa: PLC0415

    return {
        "owner": owner,
        "retries": 4,
        "retry_delay": RETRY_DELAY,
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(minutes=30),
        "on_failure_callback": failure_callbacks(),
        "on_retry_callback": end_with_message,
    }
