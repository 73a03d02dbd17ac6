"""Where the service of this Airflow is: its settings file, and Airflow connections for what is secret.

Each connection keeps the address (a URL, as the README's settings have it) in its password field, which Airflow
encrypts and masks in logs. More variables, such as the login that goes with it, are its extra, a JSON object.
Nothing here runs while a DAG file is parsed, except reading the settings file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from statement_builder.settings import Settings, load_settings

if TYPE_CHECKING:
    from statement_builder.pipeline.context import AppContext

CONNECTIONS = {
    "statements_ledger": "STATEMENTS_LEDGER",
    "statements_archive": "STATEMENTS_ARCHIVE",
    "statements_source": "STATEMENTS_SOURCE_URL",
    "statements_print": "STATEMENTS_PRINT",
    "statements_email": "STATEMENTS_EMAIL",
}
"""Connection id, and the variable whose place it takes. One that is not there leaves the settings as they are."""
_MAY_BE_EXTRA = ("STATEMENTS_", "AWS_")

POOL_SOURCE, POOL_RENDER, POOL_PRINT, POOL_EMAIL = (
    f"statements_{name}" for name in ("source", "render", "print", "email")
)
"""The pools of deploy/pools.json."""


@cache
def read_settings() -> Settings:
    """The settings file, without what is secret: for what a DAG file has to know when it is parsed."""
    return load_settings(dict(os.environ), Path.cwd())


def time_zone() -> str:
    """The facility's: a cycle begins when it begins there."""
    return read_settings().require_facility().time_zone


def facility_id() -> str:
    """The one facility that this Airflow sends the mail of."""
    return read_settings().require_facility().facility_id


def actor() -> str:
    """Who acts in this task, for the event log and for who finds a batch in hand."""
    from airflow.sdk import get_current_context  # noqa: PLC0415

    return f"airflow@{get_current_context()['dag'].dag_id}"


@contextmanager
def open_context_here(actor: str) -> Iterator[AppContext]:
    """The service, for one task, in the name of `actor`."""
    from statement_builder.clock import open_clock  # noqa: PLC0415
    from statement_builder.pipeline.context import open_context  # noqa: PLC0415 - not while a DAG file is parsed

    secrets = _read_connections()
    # boto3 looks for its keys in the environment of the process, which is this task's own.
    os.environ.update({name: value for name, value in secrets.items() if name.startswith("AWS_")})
    environ = {**os.environ, **secrets}
    settings = load_settings(environ, Path.cwd())
    with open_context(
        settings,
        environ=environ,
        now=open_clock(environ),
        actor=actor,
        workers=settings.render.workers or 1,  # Airflow's slots are what runs side by side
        progress=_log_progress,
    ) as context:
        yield context


def _read_connections() -> dict[str, str]:
    from airflow.sdk import Connection  # noqa: PLC0415
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415

    found: dict[str, str] = {}
    for name, variable in CONNECTIONS.items():
        try:
            connection = Connection.get(name)
        except AirflowNotFoundException:
            continue
        if connection.password:
            found[variable] = connection.password
        more = json.loads(connection.extra or "{}")
        found |= {key: str(value) for key, value in more.items() if key.startswith(_MAY_BE_EXTRA)}
    return found


def _log_progress(step: str, done: int, total: int) -> None:
    """A line in the task's log: no ids, no amounts."""
    import logging  # noqa: PLC0415

    logging.getLogger("statements").info("%s: %s%s", step, f"{done:,}", f" of {total:,}" if total else "")
