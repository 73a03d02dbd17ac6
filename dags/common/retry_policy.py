"""What is tried again and what never is: by the class of the error, which in this service is its outcome."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

RETRY_DELAY = timedelta(seconds=float(os.environ.get("STATEMENTS_RETRY_DELAY_S", "120")))
"""Of the first retry; each later one waits twice as long. Rehearsals set it lower."""

RETRIES = ExceptionRetryPolicy(
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
            reason="A person has to mend or decide something first; trying again changes nothing.",
        ),
        RetryRule(
            [
                "statement_builder.errors.StatementsError",
                "mail_house.errors.Retryable",
                "builtins.OSError",
            ],
            RetryAction.RETRY,
            reason="Nothing is half done: what is finished is skipped by the next try.",
        ),
    ],
    default=RetryAction.FAIL,
)


def task_defaults(owner: str) -> dict[str, Any]:
    """`default_args` of every DAG."""
    from common.alerts import tell_failure  # noqa: PLC0415

    return {
        "owner": owner,
        "retries": 4,
        "retry_delay": RETRY_DELAY,
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": RETRIES,
        "execution_timeout": timedelta(minutes=30),
        "on_failure_callback": tell_failure(),
    }
