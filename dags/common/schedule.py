"""When the DAGs run automatically."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable

from common.connections import time_zone


def schedule(cron: str) -> CronTriggerTimetable:
    """Run at these times in the facility's time zone.

    A DAG that is enabled for the first time waits for its next scheduled time. `run_immediately=False` does not do that
    in Airflow 3.3, despite its documentation: it runs the DAG at once if less than a tenth of the interval has passed,
    which is three days for a monthly batch. A duration of zero turns that off.
    """
    return CronTriggerTimetable(cron, timezone=time_zone(), run_immediately=timedelta(0))
