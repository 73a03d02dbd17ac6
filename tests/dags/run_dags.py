"""`dag.test()` for each JSON object in the arguments (`dag`, `conf`, `date`), one after the other.

Prints the states of the tasks, and everything that Airflow kept of the runs: XCom, rendered fields.
"""

import json
import sys
from datetime import datetime

from airflow.dag_processing.dagbag import DagBag
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select


def main() -> None:
    runs = []
    for argument in sys.argv[1:]:
        wanted = json.loads(argument)
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
        kept += [str(row.rendered_fields) for row in session.scalars(select(RenderedTaskInstanceFields))]
    print()
    print(json.dumps({"runs": runs, "kept": kept}))


if __name__ == "__main__":
    main()
