"""The two consoles, and the few ways in which every command prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Print one unwrapped line, so that an id in it can be copied."""
    out.print(sentence, markup=False, soft_wrap=True)


def heading(text: str) -> None:
    """Print a bold line."""
    out.print(Text(text, style="bold"))


def indented(text: str) -> None:
    """Print a paragraph, indented by four spaces."""
    out.print(Padding(Text(text), (0, 0, 0, 4), expand=False))


def new_table(**options: Any) -> Table:
    """A table in the style of all tables."""
    return Table(box=SIMPLE, header_style="bold", pad_edge=False, show_edge=False, **options)


def format_dollars(cents: int) -> str:
    """`-$1,234.56`, for operators. The templates format what patients read."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def format_state(state: str) -> str:
    """`handing off` for `handing_off`."""
    return state.replace("_", " ")


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one name and value per line."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            print_fields(value)
        else:
            shown = f"{value:,}" if isinstance(value, int) else value
            out.print(f"{name.replace('_', ' ')}: {shown}", markup=False)
