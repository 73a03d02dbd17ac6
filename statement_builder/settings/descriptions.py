"""What the records of the settings say about their own fields."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from typing import get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo


@cache
def field_descriptions(record: type[msgspec.Struct]) -> dict[str, str]:
    """The docstring of each field of a record on one line, by field name. A record that is made from data has them in
    its attribute `field_descriptions`."""
    descriptions: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if "field_descriptions" in vars(base):
            descriptions |= vars(base)["field_descriptions"]
        elif issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            descriptions |= _read_docstrings(base)
    return descriptions


def _read_docstrings(record: type[msgspec.Struct]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(definition, ast.ClassDef)
    descriptions = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            descriptions[statement.target.id] = " ".join(str(following.value.value).split())
    return descriptions


def record_of(field: FieldInfo) -> type[msgspec.Struct] | None:
    """The record that a field holds. None: it holds a plain value, or a list."""
    if get_origin(field.type) is tuple:
        return None
    for each in (field.type, *get_args(field.type)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None
