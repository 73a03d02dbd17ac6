"""The codes of the release checks, which an operator types. A module of its own, so that it imports quickly."""

from __future__ import annotations

from enum import StrEnum


class ReleaseCode(StrEnum):
    """What a person must decide before a batch is handed off."""

    REJECTED = "REJECTED"
    """A person rejected the batch; releasing it after all must say why."""
    APPROVAL = "APPROVAL"
    """Policy requires a person's approval for this kind."""
    DUAL_CONTROL = "DUAL_CONTROL"
    """A user other than the one who opened the batch must release it."""
    VOLUME = "VOLUME"
    AVERAGE = "AVERAGE"
    HOLDS = "HOLDS"
    AMOUNT = "AMOUNT"
    ERRORS = "ERRORS"
    TEMPLATES = "TEMPLATES"
    """Too few people approved the version of the templates that the batch was made with."""


Accepted = frozenset[ReleaseCode]
"""What a person accepts by one command."""

NOTHING: Accepted = frozenset()
POLICY_APPROVAL: Accepted = frozenset({ReleaseCode.APPROVAL})
"""What `run --release` and `rerun --release` accept. A person can type them before the batch has figures."""
RELEASE_BY_NAME: Accepted = POLICY_APPROVAL | {ReleaseCode.DUAL_CONTROL}
"""What `statements release` accepts without naming it: the command itself is the approval."""
