"""The steps of a batch, by the names that an operator types. A module of its own, so that it imports quickly."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The steps that a run can stop after."""

    PULL = "pull"
    BUILD = "build"
    GATES = "gates"
    HAND_OFF = "hand-off"
