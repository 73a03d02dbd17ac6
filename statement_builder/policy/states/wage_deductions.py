"""What states allow an employer to deduct from wages. One file per state in `wage_deduction_rules`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class WageDeductionRule(Record, kw_only=True):
    """One state's rule, with its source."""

    is_allowed: bool
    """A voluntary deduction for the hospital's own bills is lawful."""
    takes_final_pay: bool
    """The form may offer to take the rest from the final pay."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the rule and the citation."""
    note: _Text


WAGE_DEDUCTION_RULES = read_states("wage_deduction_rules", WageDeductionRule)
"""State code to its rule."""

_FEDERAL = WageDeductionRule(
    is_allowed=True,
    takes_final_pay=False,
    citation="29 CFR 531.35",
    reviewed=date(2026, 11, 29),
    note="Federal law alone: free and clear payment of the minimum wage. The form offers nothing about final pay.",
)


def wage_deduction_rule(state: str) -> WageDeductionRule:
    """The rule of a state by its two-letter code. A state without a file has the federal rule."""
    return WAGE_DEDUCTION_RULES.get(state.upper(), _FEDERAL)
