"""All settings with their values in force, for `statements settings` and the generated docs. Secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec.structs import FieldInfo, fields

from statement_builder.billing.model import Record
from statement_builder.policy.legal_numbers import POLICY_NUMBERS
from statement_builder.policy.settings import LegalNumber
from statement_builder.settings.descriptions import field_descriptions, record_of
from statement_builder.settings.environment import ENVIRONMENT_VARIABLES, URL_VARIABLES
from statement_builder.settings.loading import LoadedSettings, with_default_locations
from statement_builder.settings.model import Settings

_MASK = "***"
_SECRET_PARAMETER = re.compile(r"(?i)\b([\w.-]*(?:password|passwd|pwd|secret|token)[\w.-]*=)[^&#]*")
_DATABASE_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@")
_AUTHORITY_PASSWORD = re.compile(r"(?<=://)([^:/?#@]*):[^/?#]*@")
_DATABASE_SETTINGS = ("ledger", "source.url")
_UNITS = {
    "_business_days": "business days",
    "_days": "days",
    "_hours": "hours",
    "_percent": "percent",
    "_cents": "cents",
}
"""Unit by the end of a setting's name."""


class Origin(StrEnum):
    """Where the value in force comes from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


class SettingRow(Record, kw_only=True, omit_defaults=False):
    """One setting. `value` and `default` are None if the setting has none."""

    name: str
    """Dotted name such as `mail.inbox`, or the name of an environment variable."""
    type: str
    """For a reader, such as `integer` or `list of text`."""
    value: str | int | bool | list[Any] | None
    default: str | int | bool | list[Any] | None
    origin: Origin
    variable: str
    """The environment variable that overrides the setting. Empty: there is none."""
    unit: str
    citation: str
    """The law behind the number, or the hospital policy. Empty: not a number of the policy."""
    reviewed: date | None
    """When compliance last reviewed the number."""
    description: str


def list_settings(loaded: LoadedSettings) -> tuple[SettingRow, ...]:
    """A row for each setting and each environment variable, in the order of the code. No secret is in a row."""
    defaults = with_default_locations(Settings(), loaded.home)
    rows = [_setting_row(leaf, loaded) for leaf in _leaves(Settings, loaded.settings, defaults)]
    return (*rows, *_variable_rows(loaded.environ))


def list_defaults() -> tuple[SettingRow, ...]:
    """The rows of an installation with no settings file, with locations under `$STATEMENTS_HOME`, for documentation."""
    home = Path("$STATEMENTS_HOME")
    settings = with_default_locations(Settings(), home)
    return list_settings(LoadedSettings(settings=settings, path=None, file_values={}, environ={}, home=home))


def mask_url(url: str, *, database: bool = False) -> str:
    """A URL with its password, and any query parameter that looks like a secret, replaced by `***`.

    A database URL may contain a password with unescaped `/`, `?`, or `#`, as SQLAlchemy accepts it.
    """
    password = _DATABASE_PASSWORD if database else _AUTHORITY_PASSWORD
    return _SECRET_PARAMETER.sub(rf"\g<1>{_MASK}", password.sub(rf"\g<1>:{_MASK}@", url))


class _Leaf(Record, kw_only=True):
    """One setting before it becomes a row."""

    name: str
    type: str
    value: Any
    default: Any
    description: str


def _leaves(
    record: type[msgspec.Struct], value: msgspec.Struct | None, default: msgspec.Struct | None, prefix: str = ""
) -> Iterator[_Leaf]:
    """The settings of a record and of the records in it. `value` is None if the file does not have the record."""
    for field in fields(record):
        own_default = _default_of(field) if default is None else getattr(default, field.name)
        own_value = own_default if value is None else getattr(value, field.name)
        nested = record_of(field)
        if nested is not None and nested is not LegalNumber:
            yield from _leaves(nested, own_value, own_default, f"{prefix}{field.name}.")
        else:
            yield _Leaf(
                name=f"{prefix}{field.name}",
                type=_type_name(field.type),
                value=own_value,
                default=own_default,
                description=field_descriptions(record)[field.name],
            )


def _default_of(field: FieldInfo) -> Any:
    return None if field.default is msgspec.NODEFAULT else field.default


def _type_name(annotation: Any) -> str:
    if annotation is LegalNumber:
        return "integer with citation and review date"
    if items := get_args(annotation):
        return f"list of {_type_name(items[0])}"
    if issubclass(annotation, msgspec.Struct):
        return f"table of {', '.join(f'`{name}`' for name in annotation.__struct_fields__)}"
    if issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    return {bool: "true or false", int: "integer", str: "text"}[annotation]


def _setting_row(leaf: _Leaf, loaded: LoadedSettings) -> SettingRow:
    table, _, key = leaf.name.partition(".")
    number = POLICY_NUMBERS.get(key) if table == "policy" else None
    legal = leaf.value if isinstance(leaf.value, LegalNumber) else None
    variable = URL_VARIABLES.get(leaf.name, "")
    return SettingRow(
        name=leaf.name,
        type=leaf.type,
        value=_printable(leaf.name, leaf.value),
        default=_printable(leaf.name, leaf.default),
        origin=_origin(leaf.name, variable, loaded),
        variable=variable,
        unit=number.unit.value if number else _unit_of(leaf),
        citation=legal.citation if legal else number.citation if number else "",
        reviewed=legal.reviewed_on if legal else number.reviewed if number else None,
        description=leaf.description,
    )


def _unit_of(leaf: _Leaf) -> str:
    is_number = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
    return next((unit for suffix, unit in _UNITS.items() if is_number and leaf.name.endswith(suffix)), "")


def _origin(name: str, variable: str, loaded: LoadedSettings) -> Origin:
    if variable and loaded.environ.get(variable):
        return Origin.ENVIRONMENT
    found: object = loaded.file_values
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return Origin.DEFAULT
        found = found[part]
    return Origin.FILE


def _printable(name: str, value: Any) -> Any:
    if isinstance(value, LegalNumber):
        return value.value
    value = msgspec.to_builtins(value)
    if isinstance(value, str):
        return mask_url(value, database=name in _DATABASE_SETTINGS)
    return list(value) if isinstance(value, tuple) else value


def _variable_rows(environ: Mapping[str, str]) -> Iterator[SettingRow]:
    for variable in ENVIRONMENT_VARIABLES:
        value = environ.get(variable.name) or None
        yield SettingRow(
            name=variable.name,
            type="text",
            value=_MASK if value and variable.secret else value,
            default=None,
            origin=Origin.ENVIRONMENT if value else Origin.DEFAULT,
            variable=variable.name,
            unit="",
            citation="",
            reviewed=None,
            description=variable.description,
        )
