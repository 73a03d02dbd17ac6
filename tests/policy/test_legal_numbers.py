"""The table of policy numbers: valid, complete, and the only place that has a default."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import statement_builder.policy.settings
from statement_builder.policy.legal_numbers import POLICY_NUMBERS, Unit, read_policy_numbers
from statement_builder.policy.settings import LegalNumber, Policy

VALID = """
[due_days]
value = 25
min = 0
max = 60
unit = "days"
citation = "Hospital policy"
reviewed = 2026-11-01
note = "The usual time to pay."
"""


def test_policy_numbers__one_for_each_number_of_the_policy() -> None:
    policy = Policy()
    numbers = {
        name
        for name in Policy.__struct_fields__
        if isinstance(getattr(policy, name), int | LegalNumber) and not isinstance(getattr(policy, name), bool)
    }
    assert numbers == set(POLICY_NUMBERS)


def test_policy__has_no_number_of_its_own() -> None:
    source = Path(statement_builder.policy.settings.__file__).read_text(encoding="utf-8")
    (policy,) = (each for each in ast.parse(source).body if isinstance(each, ast.ClassDef) and each.name == "Policy")
    literals = [
        node.value
        for node in ast.walk(policy)
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)
    ]
    assert literals == []


@pytest.mark.parametrize("name", POLICY_NUMBERS)
def test_policy__default_is_the_number_in_the_table(name: str) -> None:
    assert Policy().number(name) == POLICY_NUMBERS[name].value


@pytest.mark.parametrize("name", [name for name, number in POLICY_NUMBERS.items() if number.unit is not Unit.COUNT])
def test_policy_numbers__unit_is_that_of_the_name(name: str) -> None:
    assert name.endswith((POLICY_NUMBERS[name].unit, POLICY_NUMBERS[name].unit.removesuffix("s")))


def test_read_policy_numbers__reads_every_field() -> None:
    (number,) = read_policy_numbers(VALID).values()
    assert (number.name, number.value, number.min, number.max, number.unit) == ("due_days", 25, 0, 60, Unit.DAYS)
    assert number.reviewed == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param("value = 25", "value = 61", "due_days must be from 0 to 60", id="outside-its-limits"),
        pytest.param("value = 25", 'value = "25"', "due_days: .*value", id="not-a-number"),
        pytest.param('citation = "Hospital policy"\n', "", "due_days: .*citation", id="no-citation"),
        pytest.param('"Hospital policy"', '""', "due_days: .*citation", id="empty-citation"),
        pytest.param("2026-11-01", '"last fall"', "due_days: .*reviewed", id="review-date-not-a-date"),
        pytest.param('"days"', '"moons"', "due_days: .*unit", id="unit-unknown"),
        pytest.param("note =", "notes =", "due_days: .*not", id="field-unknown"),
    ],
)
def test_read_policy_numbers__refuses(old: str, new: str, named: str) -> None:
    assert old in VALID
    with pytest.raises(ValueError, match=named):
        read_policy_numbers(VALID.replace(old, new))
