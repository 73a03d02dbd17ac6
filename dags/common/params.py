"""The form for triggering a batch run manually."""

from __future__ import annotations

from airflow.sdk import Param

from common.connections import facility_id
from statement_builder.billing.identifiers import CYCLE_PATTERN


def batch_params(cycle_example: str) -> dict[str, Param]:
    """Cycle, facility, as-of date, limit and dry run. The defaults give the same run as the schedule."""
    return {
        "cycle": Param(
            None,
            type=["null", "string"],
            pattern=f"^{CYCLE_PATTERN}$",
            title="Cycle",
            description=f"The billing period, such as {cycle_example}. Empty: the period of the run's date.",
        ),
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
