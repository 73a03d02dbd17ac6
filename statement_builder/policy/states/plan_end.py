"""What states require before a payment plan ends. One file per state that requires something, in `plan_end_rules`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class PlanState(Record, kw_only=True):
    """One state's rule, with its source."""

    lapse_days_min: Annotated[int, msgspec.Meta(ge=1, le=3_650)]
    """A plan ends no sooner after the due date of an unpaid payment."""
    requires_notice: bool = False
    """A plan ends only after a notice was mailed."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the number and the citation."""
    note: _Text


PLAN_STATES = read_states("plan_end_rules", PlanState)
"""State code to its rule. A state without a file requires nothing of its own."""
