"""What states require before a hospital, or an agency for it, collects by other means than the hospital's own letters.
One file per state that requires something, in `collection_rules`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record
from statement_builder.billing.selection import CollectionAction
from statement_builder.policy.settings import Policy
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Days = Annotated[int, msgspec.Meta(ge=0, le=3_650)]


class CollectionState(Record, kw_only=True):
    """One state's rule, with its source. Days count from the first statement."""

    actions_wait_days: _Days = 0
    """No collection action is taken sooner."""
    placement_wait_days: _Days = 0
    """No visit goes to a collection agency sooner."""
    forbidden_actions: tuple[CollectionAction, ...] = ()
    """What is never done about a hospital bill, so that no notice may announce it."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the rule and the citation."""
    note: _Text


COLLECTION_STATES = read_states("collection_rules", CollectionState)
"""State code to its rule. A state without a file requires nothing of its own."""


def find_collection_faults(policy: Policy, state: str) -> Iterator[str]:
    """What is wrong with the policy of a facility in this state (two letters), one sentence each."""
    if (rule := COLLECTION_STATES.get(state)) is None:
        return
    where = f"for a facility in {state} ({rule.citation})"
    forbidden = [each.value for each in policy.collection_actions if each in rule.forbidden_actions]
    if forbidden:
        yield f"policy.collection_actions must not name {', '.join(forbidden)} {where}"
    if policy.collection_actions and policy.eca_wait_days.value < rule.actions_wait_days:
        yield f"policy.eca_wait_days must be at least {rule.actions_wait_days} {where}"
    placed_after = policy.final_notice_day + max(policy.final_due_days, policy.placement_wait_days)
    if policy.agency_name and placed_after < rule.placement_wait_days:
        yield (
            f"policy.final_notice_day and policy.final_due_days must together be at least {rule.placement_wait_days} "
            f"days, the wait before an account is placed, {where}"
        )
