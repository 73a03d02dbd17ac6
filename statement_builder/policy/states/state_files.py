"""Reads the rules of states: one TOML file per state that has a rule, in a folder per subject."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TypeVar

import msgspec

_Rule = TypeVar("_Rule")


def read_states(folder: str, rule: type[_Rule]) -> dict[str, _Rule]:
    """State code to its rule. `folder` is in this package. `msgspec.ValidationError` names the field that is wrong."""
    return {
        each.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(each.read_text(encoding="utf-8")), rule)
        for each in files(__package__).joinpath(folder).iterdir()
        if each.name.endswith(".toml")
    }
