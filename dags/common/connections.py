"""Open the service from an Airflow task: the settings file, plus Airflow connections for secrets.

A connection stores an address (a URL in the form that the settings use) in its password field, which Airflow encrypts
and masks in logs. Other variables, such as access keys, are in its extra field, a JSON object. While a DAG file is
parsed, only the settings file is read.
"""

from __future__ import annotations

import json
import multiprocessing.process
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from common.gauges import StageRates, send_gauges
from common.task_log import logged_progress, quiet_libraries
from statement_builder import settings as all_settings
from statement_builder.errors import ConfigError
from statement_builder.settings import AirflowUser, Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from statement_builder.pipeline.context import AppContext

CONNECTIONS = {
    "statements_ledger": "STATEMENTS_LEDGER",
    "statements_archive": "STATEMENTS_ARCHIVE",
    "statements_source": "STATEMENTS_SOURCE_URL",
    "statements_print": "STATEMENTS_PRINT",
    "statements_email": "STATEMENTS_EMAIL",
    "statements_portal": "STATEMENTS_PORTAL",
}
"""Maps connection ids to the variables they override. A missing connection leaves the setting unchanged."""
_EXTRA_PREFIXES = ("STATEMENTS_", "AWS_")

POOL_SOURCE, POOL_RENDER, POOL_PRINT, POOL_EMAIL = (
    f"statements_{name}" for name in ("source", "render", "print", "email")
)
"""The pools in deploy/pools.json."""


@cache
def read_settings() -> Settings:
    """The settings file without secrets, for parsing DAG files."""
    return all_settings.read_settings(dict(os.environ), Path.cwd()).settings


def time_zone() -> str:
    """The facility's time zone, which decides when a cycle begins."""
    return read_settings().require_facility().time_zone


def facility_id() -> str:
    """The facility whose mail this Airflow sends."""
    return read_settings().require_facility().facility_id


def approvers() -> list[AirflowUser]:
    """The users whom Airflow lets respond to an approval. Empty: everybody whom Airflow allows.

    Airflow compares ids, so the list is empty if the id of one of them is not known: he could not respond. The release
    and the rejection check the name in any case.
    """
    users = read_settings().roles.airflow_users("release")
    return list(users) if all(user.user_id for user in users) else []


def _role_of(actor: str) -> str:
    """The role of a user of Airflow, or of a run that Airflow started itself."""
    user, _, place = actor.rpartition("@")  # a user's name may be an e-mail address
    return f"airflow:{user}" if place == "airflow" else "schedule"


def task_actor() -> str:
    """The actor of this task, for the event log and for lock messages."""
    from airflow.sdk import get_current_context  # noqa: PLC0415

    return f"airflow@{get_current_context()['dag'].dag_id}"


def run_actor() -> str:
    """Who opens the batch of this run: the user who triggered it, or the DAG if it was scheduled.

    The same user cannot approve a batch under dual control.
    """
    from airflow.sdk import get_current_context  # noqa: PLC0415

    user = get_current_context()["dag_run"].triggering_user_name
    return f"{user}@airflow" if user else task_actor()


@contextmanager
def open_task_context(actor: str | None = None, *, reads_only: bool = False) -> Iterator[AppContext]:
    """The application context for one task, on behalf of `actor`, by default the DAG. With `reads_only`, nothing is
    created: where there is no ledger, the task reads an empty one.

    A retry works in processes that may die: a document may have ended the process of the try before. The rate of each
    stage is sent as a gauge, if the first try succeeds.
    """
    from statement_builder.clock import open_clock  # noqa: PLC0415
    from statement_builder.pipeline.context import open_context  # noqa: PLC0415 - too slow for parsing DAG files

    quiet_libraries()

    secrets = _read_connections()
    # boto3 reads its keys from the environment of this process, which runs only this task.
    os.environ.update({name: value for name, value in secrets.items() if name.startswith("AWS_")})
    environ = {**os.environ, **secrets}
    settings = load_settings(environ, Path.cwd())
    rates = StageRates()
    with (
        logged_progress(rates.report) as progress,
        open_context(
            settings,
            environ=environ,
            now=open_clock(environ),
            actor=actor or task_actor(),
            memberships=frozenset({_role_of(actor or run_actor())}),
            workers=settings.render.workers or 1,  # parallelism comes from Airflow's slots
            progress=progress,
            reads_only=reads_only,
        ) as context,
    ):
        isolates = _is_retry()
        if isolates:
            _allow_processes()
        yield replace(context, isolates=isolates)
    if not isolates:  # a retry finds shards done, which is no rate
        send_gauges(rates.list_gauges())


def _allow_processes() -> None:
    """Let this task start processes of its own, which exit with it.

    In a Celery worker, `multiprocessing` knows the task as a daemon of Celery's pool: it may start no process, so that
    none outlives it, and its key cannot be passed on. A new process imports the main module, which is Airflow's command
    line here, and that needs the database that a task must not see.
    """
    task: Any = multiprocessing.current_process()
    if task.daemon:
        task.daemon = False
        task._config["authkey"] = multiprocessing.process.AuthenticationString(task.authkey)  # type: ignore[attr-defined]
    sys.modules["__main__"] = ModuleType("__main__")


def _is_retry() -> bool:
    from airflow.sdk import get_current_context  # noqa: PLC0415

    return int(get_current_context()["ti"].try_number) > 1


def _read_connections() -> dict[str, str]:
    from airflow.sdk import Connection  # noqa: PLC0415
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415

    found: dict[str, str] = {}
    for name in CONNECTIONS:
        with suppress(AirflowNotFoundException):
            found |= read_variables(Connection.get(name))
    return found


def read_variables(connection: Connection) -> dict[str, str]:
    """The environment variables that a connection stands for: its URL in the password, and others in extra.

    ConfigError for an extra field that is not a JSON object.
    """
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigError(
            f"The extra field of the Airflow connection {connection.conn_id} must be a JSON object with names and "
            'texts, such as {"STATEMENTS_EMAIL_KEY": "…"}.'
        )
    url = {CONNECTIONS[connection.conn_id]: connection.password} if connection.password else {}
    others = {
        name: str(value) for name, value in extra.items() if name.startswith(_EXTRA_PREFIXES) and value is not None
    }
    return url | others
