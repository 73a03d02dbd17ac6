"""`dag.test()` for each JSON object in the arguments (`dag`, `conf`, `date`; `environ`, which stands from that run on;
`acknowledge`, a batch that the vendor acknowledges before it), one after the other.

Prints the states of the tasks, and everything that Airflow kept of the runs: XCom, rendered fields, asset events.
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
        wanted = json.loads(argument)
        os.environ.update(wanted.get("environ", {}))
        if batch := wanted.get("acknowledge"):
            home = Path(os.environ["STATEMENTS_HOME"])
            acknowledge(Hospital(home), batch, home / "inbox")
        date = datetime.fromisoformat(wanted["date"]) if wanted.get("date") else None
        # Read anew each time: a run's form would stay in the DAG for the next.
        run = DagBag().dags[wanted["dag"]].test(logical_date=date, run_conf=wanted.get("conf"))
        with create_session() as session:
            tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
            states = {
                f"{each.task_id}[{each.rendered_map_index}]" if each.map_index >= 0 else each.task_id: each.state
                for each in tasks
            }
        runs.append({"state": run.state, "tasks": states})
    with create_session() as session:
        kept = [str(row.value) for row in session.scalars(select(XComModel))]
        events = [event.extra for event in session.scalars(select(AssetEvent).order_by(AssetEvent.id))]
        kept += [str(row.rendered_fields) for row in session.scalars(select(RenderedTaskInstanceFields))]
    print()
    print(json.dumps({"runs": runs, "kept": kept, "events": events}))


if __name__ == "__main__":
    main()
