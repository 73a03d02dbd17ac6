"""The steps of a batch, by the names that an operator types. Apart from what they do, so that it loads at once."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """Where a run may be told to stop: after this step."""

    PULL = "pull"
    BUILD = "build"
    GATES = "gates"
    HAND_OFF = "hand-off"
