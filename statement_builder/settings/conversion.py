"""Convert the settings file to records, and collect every fault instead of stopping at the first one.

Each fault is a sentence that starts with the setting's name as in the file, such as `render.workers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields

from statement_builder.settings.descriptions import field_descriptions, record_of
from statement_builder.settings.model import Settings

_STAND_INS: dict[object, object] = {str: "", int: 0, bool: False}
"""In place of a required value that is missing or of the wrong type, so that the others can be checked."""


def convert_settings(raw: Mapping[str, object], faults: list[str]) -> Settings:
    """The settings of a file. Every fault is added to `faults`; if there is any, do not use the settings."""
    return _convert_record(Settings, raw, "", faults)  # type: ignore[no-any-return]


def _convert_record(record: type[msgspec.Struct], raw: Mapping[str, object], prefix: str, faults: list[str]) -> Any:
    known = {field.encode_name: field for field in fields(record)}
    named = {fault.split(" ")[0] for fault in faults}
    faults += [
        _describe_unknown(name, record, prefix) for name in raw if name not in known and f"{prefix}{name}" not in named
    ]
    values = {}
    for name, field in known.items():
        if name in raw:
            values[field.name] = _convert_value(field, raw[name], f"{prefix}{name}", faults)
        elif field.required:
            faults.append(_describe_missing(record, field, prefix))
            values[field.name] = _stand_in(field)
    try:
        return record(**values)
    except ValueError as exc:  # settings of one record that contradict each other
        faults += [f"{prefix}{fault}" for fault in map(str, exc.args)]
        return record()


def _convert_value(field: FieldInfo, value: object, name: str, faults: list[str]) -> object:
    nested = record_of(field)
    if nested is not None and isinstance(value, dict):
        return _convert_record(nested, value, f"{name}.", faults)
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError as exc:
        what, _, place = str(exc).partition(" - at `$")
        faults.append(f"{name}{place.rstrip('`')}: {what}")
        return _stand_in(field) if field.required else field.default


def _stand_in(field: FieldInfo) -> object:
    nested = record_of(field)
    if nested is None:
        return _STAND_INS.get(field.type, ())
    return nested(**{each.name: _stand_in(each) for each in fields(nested) if each.required})


def _describe_missing(record: type[msgspec.Struct], field: FieldInfo, prefix: str) -> str:
    what, _, _ = field_descriptions(record).get(field.name, "").rstrip(".").partition(". ")
    return f"{prefix}{field.name} is missing and has no default{f': {what}' if what else ''}"


def _describe_unknown(name: str, record: type[msgspec.Struct], prefix: str) -> str:
    near = get_close_matches(name, [field.encode_name for field in fields(record)], n=1)
    elsewhere = [known for known in _names(Settings) if known.rpartition(".")[2] == name]
    meant = f"{prefix}{near[0]}" if near else elsewhere[0] if elsewhere else ""
    advice = f"Did you mean {meant}?" if meant else "Check the spelling and the table (docs/configure/settings.md)."
    return f"{prefix}{name} is not a setting. {advice}"


def _names(record: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    for field in fields(record):
        nested = record_of(field)
        yield f"{prefix}{field.encode_name}"
        if nested is not None:
            yield from _names(nested, f"{prefix}{field.encode_name}.")
