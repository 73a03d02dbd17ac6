"""The one place where results become JSON. Their keys are in the records (`operations`); scripts rely on them."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import msgspec

from statement_builder.printable import printable_lines


def print_json(result: object) -> None:
    """Print one JSON value on standard output, and nothing else: a record, a list of records, or plain values."""
    plain = msgspec.to_builtins(result, builtin_types=(datetime,))
    text = json.dumps(plain, indent=2, ensure_ascii=False, default=_format_time)
    if printable_lines(text) != text:  # a character that a terminal must not get as it is
        text = json.dumps(plain, indent=2, default=_format_time)
    sys.stdout.write(f"{text}\n")


def _format_time(value: datetime) -> str:
    """UTC as `2026-11-07T15:00:00+00:00`."""
    return value.isoformat()
