"""The form of a run that somebody starts by hand."""

from __future__ import annotations

from airflow.sdk import Param

from common.connections import facility_id


def batch_form(cycle_example: str) -> dict[str, Param]:
    """Cycle, facility, as-of date, limit, dry run. Left as it is, a run does what the schedule would."""
    return {
        "cycle": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$",
            title="Cycle",
            description=f"The billing period, such as {cycle_example}. Empty: that of the run's date.",
        ),
        "facility": Param(
            facility_id(), type="string", enum=[facility_id()], title="Facility", description="Whose mail this sends."
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="As of",
            description="The date that balances are taken at. Empty: the run's date.",
        ),
        "limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Limit",
            description="Only the first so many candidates: a trial, in a cycle of its own.",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Decide and count; make, write and send nothing."
        ),
    }
