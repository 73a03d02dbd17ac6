"""Run `dag.test()` for each JSON object in the arguments, one after another.

Keys: `dag`, `conf`, `date`; `environ`, variables for this and all later runs; `acknowledge`, a batch that the vendor
acknowledges before the run. Prints task states, what tasks show on their pages, and everything that Airflow stored:
XCom, rendered fields, asset events.
"""

import json
import os
import sys
from datetime import datetime
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.dags.vendor_reports import acknowledge
from tests.hospital import Hospital


def main() -> None:
    runs = []
    for argument in sys.argv[1:]:
        request = json.loads(argument)
        os.environ.update(request.get("environ", {}))
        if batch := request.get("acknowledge"):
            home = Path(os.environ["STATEMENTS_HOME"])
            acknowledge(Hospital(home), batch, home / "inbox")
        date = datetime.fromisoformat(request["date"]) if request.get("date") else None
        # Parse the DAGs again each time, because a run's params stay in the DAG object.
        run = DagBag().dags[request["dag"]].test(logical_date=date, run_conf=request.get("conf"))
        with create_session() as session:
            tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
            states = {
                f"{each.task_id}[{each.rendered_map_index}]" if each.map_index >= 0 else each.task_id: each.state
                for each in tasks
            }
            fields = select(RenderedTaskInstanceFields).where(RenderedTaskInstanceFields.run_id == run.run_id)
            shown = {each.task_id: each.rendered_fields.get("result", "") for each in session.scalars(fields)}
        runs.append({"state": run.state, "tasks": states, "shown": shown})
    with create_session() as session:
        stored = [str(row.value) for row in session.scalars(select(XComModel))]
        events = [event.extra for event in session.scalars(select(AssetEvent).order_by(AssetEvent.id))]
        stored += [str(row.rendered_fields) for row in session.scalars(select(RenderedTaskInstanceFields))]
    print()
    print(json.dumps({"runs": runs, "stored": stored, "events": events}))


if __name__ == "__main__":
    main()
