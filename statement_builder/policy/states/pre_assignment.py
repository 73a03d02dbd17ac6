"""What states require in writing before a debt is assigned to a collection agency. One file per state that requires
something, in `pre_assignment_rules`.

The final notice has it, so that placement, which waits for the final notice, waits for it too.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record
from statement_builder.billing.selection import PreAssignmentItem
from statement_builder.policy.settings import Policy
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class PreAssignmentState(Record, kw_only=True):
    """One state's rule, with its source."""

    items: Annotated[tuple[PreAssignmentItem, ...], msgspec.Meta(min_length=1)]
    """What the notice says."""
    encloses_application: bool
    """The form to apply for financial assistance goes with it."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the items and the citation."""
    note: _Text


PRE_ASSIGNMENT_STATES = read_states("pre_assignment_rules", PreAssignmentState)
"""State code to its rule. A state without a file requires nothing of its own."""


def pre_assignment_rule(policy: Policy, state: str) -> PreAssignmentState | None:
    """The rule that applies to the final notices of a facility in this state. None: there is none, or the hospital
    places no accounts."""
    return PRE_ASSIGNMENT_STATES.get(state.upper()) if policy.agency_name else None


def final_notice_insert(policy: Policy, state: str) -> str:
    """The vendor's code of the insert that goes with every final notice. Empty: none is required."""
    rule = pre_assignment_rule(policy, state)
    return policy.application_insert_code if rule is not None and rule.encloses_application else ""
