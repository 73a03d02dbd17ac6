"""Parse every DAG file, and print the DAGs and the modules that parsing imported, as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any
from unittest import mock

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, plugins_manager, task, task_group, timezone  # noqa: F401 - before counting imports
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables import trigger
from airflow.timetables.base import TimeRestriction


def first_runs(one: Any, enabled_at: Sequence[str]) -> dict[str, str]:
    """When the first run of a new DAG starts, by the time at which the DAG is enabled."""
    stored = json.loads(json.dumps(DagSerialization.to_dict(one)))  # the scheduler reads the serialized DAG
    timetable = DagSerialization.from_dict(stored).timetable
    found = {}
    for moment in enabled_at if timetable.can_be_scheduled else ():
        with mock.patch.object(trigger, "utcnow", return_value=timezone.parse(moment)):
            run = timetable.next_dagrun_info(
                last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=one.catchup)
            )
        assert run is not None
        found[moment] = run.run_after.isoformat()
    return found


before = set(sys.modules)
plugins, _ = plugins_manager._get_plugins()  # as a task's process loads them
bag = DagBag()
imported = sorted(set(sys.modules) - before)

described = {
    "errors": bag.import_errors,
    "plugins": {each.name: len(each.fastapi_apps) for each in plugins},
    "imported": imported,
    "seconds": {stat.file: stat.duration.total_seconds() for stat in bag.dagbag_stats},
    "dags": {
        each.dag_id: {
            "file": each.fileloc,
            "title": each.dag_display_name,
            "description": each.description,
            "doc": each.doc_md,
            "tags": sorted(each.tags),
            "max_active_runs": each.max_active_runs,
            "catchup": each.catchup,
            "params": {
                name: {**each.params.get_param(name).schema, "description": each.params.get_param(name).description}
                for name in each.params
            },
            "first_runs": first_runs(each, sys.argv[1:]),
            "time_zone": str(getattr(each.timetable, "timezone", "")),
            "tasks": {
                one.task_id: {
                    "owner": one.owner,
                    "title": one.task_display_name,
                    "retries": one.retries,
                    "backs_off": bool(one.retry_exponential_backoff),
                    "has_policy": one.retry_policy is not None,
                    "timeout_s": one.execution_timeout.total_seconds() if one.execution_timeout else None,
                    "waits_forever": getattr(one, "response_timeout", None) is None,
                    "is_approval": isinstance(one, ApprovalOperator),
                    "mapped_as": getattr(one, "map_index_template", None),
                    "pool": one.pool,
                    "doc": one.doc_md or getattr(one, "partial_kwargs", {}).get("doc_md") or "",
                    "upstream": sorted(one.upstream_task_ids),
                }
                for one in each.tasks
            },
        }
        for each in bag.dags.values()
    },
}
print()
print(json.dumps(described))
