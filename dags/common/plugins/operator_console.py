"""Airflow's plugin for the console: an entry in the navigation, and a tab on each run.

Every process of Airflow imports this module, each task's as well, so it imports nothing that is slow. It is there only
if the setting `roles.console` names a user of Airflow: nobody else may open the console.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin
from common.console_link import PREFIX, airflow_path, is_in_airflow


class _LazyApplication:
    """Imports the console with the first request to the API server."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        import asyncio  # noqa: PLC0415
        from importlib import import_module  # noqa: PLC0415

        module = await asyncio.to_thread(import_module, "common.console_app")
        await module.application(scope, receive, send)


def _list_apps() -> list[Any]:
    return [{"app": _LazyApplication(), "url_prefix": PREFIX, "name": "Statements"}]


def _list_views() -> list[Any]:
    home = f"{airflow_path()}{PREFIX}"
    return [
        {
            "name": "Statements",
            "href": f"{home}/",
            "destination": "nav",
            "url_route": "statements",
            "nav_top_level": True,
        },
        {
            "name": "Batch",
            "href": f"{home}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "statements_batch",
        },
    ]


class OperatorConsole(AirflowPlugin):
    """The console, at `/console/` of Airflow's address."""

    name = "statements_console"
    fastapi_apps = _list_apps() if is_in_airflow() else []
    external_views = _list_views() if is_in_airflow() else []
