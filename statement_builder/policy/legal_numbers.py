"""The defaults of the policy, read from `legal_numbers.toml`, where compliance reviews them as a diff."""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import msgspec

from statement_builder.billing.model import Record

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Unit(StrEnum):
    """What a number of the policy counts."""

    CENTS = "cents"
    PERCENT = "percent"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    """Weeks of pregnancy."""
    YEARS = "years"
    COUNT = "count"


_VALUE_MAX = {
    Unit.CENTS: 9_999_999_999,
    Unit.PERCENT: 100,
    Unit.HOURS: 8_760,
    Unit.DAYS: 3_650,
    Unit.WEEKS: 45,
    Unit.YEARS: 120,
    Unit.COUNT: 1_000,
}
"""No number of the policy is larger. A larger one is a typing error, or would leave the calendar."""


class PolicyNumber(Record, kw_only=True):
    """The default of one number of the policy, its limits, and its source."""

    name: str
    value: int
    min: int | None = None
    """A smaller value is refused. None: no limit."""
    max: int | None = None
    """A larger value is refused. None: only what is impossible for the unit."""
    unit: Unit
    citation: _Text
    """The law, or the policy behind the number."""
    reviewed: date
    """When compliance last reviewed the number and the citation."""
    note: _Text
    """Why this number."""

    def allows(self, value: int) -> bool:
        """Whether a value is within the limits."""
        return self.problem(value) == ""

    def problem(self, value: int) -> str:
        """What is wrong with a value, for an error message that starts with the name. Empty: nothing."""
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            return self.limits()
        highest = _VALUE_MAX[self.unit]
        return f"must be at most {highest:,} {self.unit.value}" if value > highest else ""

    def limits(self) -> str:
        """`must be at least 120 (26 CFR 1.501(r)-6(c)(3))`, for an error message."""
        if self.max is not None:
            limits = f"be from {self.min} to {self.max}" if self.min is not None else f"be at most {self.max}"
        else:
            limits = f"be at least {self.min}" if self.min else "not be negative"
        return f"must {limits} ({self.citation})"


def read_policy_numbers(text: str) -> dict[str, PolicyNumber]:
    """The numbers in a TOML document with one table per number.

    ValueError names the number and the field if a field is missing, unknown, empty, or of the wrong type, or if the
    value is outside its own limits.
    """
    numbers = {}
    for name, fields in tomllib.loads(text).items():
        try:
            number = msgspec.convert({"name": name, **fields}, PolicyNumber)
        except (msgspec.ValidationError, TypeError) as exc:
            raise ValueError(f"legal_numbers.toml: {name}: {exc}") from exc
        if not number.allows(number.value):
            raise ValueError(f"legal_numbers.toml: {name} {number.limits()}")
        numbers[name] = number
    return numbers


POLICY_NUMBERS = read_policy_numbers(files(__package__).joinpath("legal_numbers.toml").read_text(encoding="utf-8"))


def default_of(name: str) -> int:
    """The default of one number of the policy. KeyError if the table does not have it."""
    return POLICY_NUMBERS[name].value
