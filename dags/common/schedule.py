"""When the DAGs run by themselves."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable

from common.connections import time_zone


def schedule(cron: str) -> CronTriggerTimetable:
    """At these times where the facility is: a cycle begins when it begins there.

    A DAG that is switched on for the first time waits for its next time. Airflow 3.3 takes `run_immediately=False` for
    "at once, where a tenth of the time between two runs has not passed", against its own description: three days for a
    monthly batch. No time at all, said as a duration, is taken as it is meant.
    """
    return CronTriggerTimetable(cron, timezone=time_zone(), run_immediately=timedelta(0))
