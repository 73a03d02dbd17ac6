"""The form for triggering a batch run manually."""

from __future__ import annotations

from datetime import date

from airflow.sdk import Param

from common.connections import facility_id

DAY, MONTH = "%Y-%m-%d", "%Y-%m"
"""How a cycle is written: batches of a month, and batches of a day or a week."""
_MONTHS = tuple(f"{year}-{month:02d}" for year in range(2025, 2036) for month in range(1, 13))
"""The months that the form offers. A list and not the clock: the file is parsed every 30 seconds, and each change of
the form is a new version of the DAG."""


def batch_params(cycle_format: str) -> dict[str, Param]:
    """Cycle, facility, as-of date, limit and dry run. The defaults give the same run as the schedule.

    Values are chosen, from a list or a calendar, so that nobody has to read a pattern.
    """
    return {
        "cycle": _month_param() if cycle_format == MONTH else _day_param(),
        "facility": Param(
            facility_id(),
            type="string",
            enum=[facility_id()],
            title="Facility",
            description="The facility that sends the mail.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="As of",
            description="The date of the balances. Empty: the run's date.",
        ),
        "limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Limit",
            description="Pull only this many candidates. For a trial: give it a cycle of its own.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Decide and count only. Build, write and send nothing.",
        ),
    }


def _month_param() -> Param:
    return Param(
        None,
        type=["null", "string"],
        enum=[None, *_MONTHS],
        values_display={"null": "the month of the run's date"} | {month: _name_month(month) for month in _MONTHS},
        title="Cycle",
        description="The month that is billed. Empty: the month of the run's date.",
    )


def _day_param() -> Param:
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="Cycle",
        description="The day that the batch is of. Empty: the run's date.",
    )


def _name_month(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"
