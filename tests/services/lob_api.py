"""Validates Lob's requests, responses and events against our own description of the API (`lob_api.yml`)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jsonschema
import yaml


def problems(schema: str, instance: Any) -> list[str]:
    """Return the violations of a schema in `lob_api.yml`; empty if there are none."""
    return [f"{error.json_path}: {error.message}" for error in _validator(schema).iter_errors(instance)]


def event_types() -> frozenset[str]:
    """Return every letter event type."""
    return frozenset(_description()["schemas"]["letter_event"]["enum"])


@functools.cache
def _validator(schema: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator({"$ref": f"#/schemas/{schema}", **_description()})


@functools.cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    return description
