"""Answer the approval of `monthly_statements` as Airflow does, and print what the task ends with.

The argument is a JSON object: `option`, `user`, `reason`, `batch`, and `seen`, the fingerprint of what was shown.
"""

import datetime
import json
import sys
from types import SimpleNamespace
from typing import Any
from unittest import mock

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowFailException
from common import connections

request = json.loads(sys.argv[1])
approve: Any = DagBag().dags["monthly_statements"].get_task("approve")
event = {
    "chosen_options": [request["option"]],
    "params_input": {"reason": request["reason"]},
    "responded_at": datetime.datetime.now(datetime.UTC),
    "responded_by_user": {"id": "1", "name": request["user"]},
}
values = {"open_batch": {"return_value": request["batch"]}, "check_gates": {"fingerprint": request["seen"]}}
pull = SimpleNamespace(xcom_pull=lambda task_ids, key="return_value": values[task_ids][key])
context = {"ti": pull, "task": approve}
failed = ""
with (
    mock.patch.object(connections, "_is_retry", return_value=False),
    mock.patch.object(connections, "_read_connections", return_value={}),
):
    try:
        approve.execute_complete(context, event)
    except AirflowFailException as exc:
        failed = str(exc)
print()
print(json.dumps({"failed": failed, "assigned_users": approve.assigned_users, "form": list(approve.params)}))
