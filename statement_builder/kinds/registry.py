"""Each kind's definition, from its own folder. A kind without one is an error of this release.

Folders are found by the kind's name, so that a new kind needs no line here.
"""

from __future__ import annotations

import importlib
from functools import cache

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import KindDefinition


@cache
def definition_of(kind: Kind) -> KindDefinition:
    """The definition of a kind. ModuleNotFoundError if its folder is missing."""
    definition = importlib.import_module(f"statement_builder.kinds.{kind.name_in_code}").DEFINITION
    assert isinstance(definition, KindDefinition)
    assert definition.kind is kind, f"{definition.kind} is defined in the folder of {kind}"
    return definition
