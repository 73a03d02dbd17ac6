"""What states require before a payment plan ends. One file per state that requires something, in `plan_end_rules`."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record

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


def _read_states() -> dict[str, PlanState]:
    folder = files(__package__).joinpath("plan_end_rules")
    return {
        each.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(each.read_text(encoding="utf-8")), PlanState)
        for each in folder.iterdir()
        if each.name.endswith(".toml")
    }


PLAN_STATES = _read_states()
"""State code to its rule. A state without a file requires nothing of its own."""
