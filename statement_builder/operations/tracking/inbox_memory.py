"""What the inbox remembers from one run to the next, in small hidden files beside what they are about.

They only say which files to look at again. Without them, or with damaged ones, watching starts again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def load_memory(path: Path, value_type: type[T]) -> dict[str, T]:
    """The values by file name. Empty if nothing was saved, or something else is there."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, value_type])  # type: ignore[valid-type] # a value
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError:  # a person has edited it, or a disk was full
        return {}


def save_memory(path: Path, values: dict[str, T]) -> None:
    """Save the values in place of the former ones; no values, no file."""
    if not values:
        path.unlink(missing_ok=True)
        return
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(msgspec.json.encode(values))
    part.rename(path)
