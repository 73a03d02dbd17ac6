"""The two consoles, and the few ways in which every command prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from statement_builder.printable import one_line, printable_lines


class SafeConsole(Console):
    """A console that prints text as text: no markup, no emoji codes, and an escape for every control character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            safe = segment.text if segment.control else printable_lines(segment.text)
            yield segment if safe is segment.text or safe == segment.text else Segment(safe, segment.style)


out = SafeConsole(width=None if sys.stdout.isatty() else 200)
err = SafeConsole(stderr=True, soft_wrap=True)


def print_line(text: str) -> None:
    """Print one line, also if a name in the text contains a line feed."""
    out.print(one_line(text))


def say(sentence: str) -> None:
    """Print one unwrapped line, so that an id in it can be copied."""
    out.print(one_line(sentence), soft_wrap=True)


def heading(text: str) -> None:
    """Print a bold line."""
    out.print(Text(one_line(text), style="bold"))


def indented(text: str) -> None:
    """Print a paragraph, indented by four spaces."""
    out.print(Padding(Text(one_line(text)), (0, 0, 0, 4), expand=False))


def new_table(**options: Any) -> Table:
    """A table in the style of all tables."""
    return Table(box=SIMPLE, header_style="bold", pad_edge=False, show_edge=False, **options)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one name and value per line."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            print_fields(value)
        else:
            shown = f"{value:,}" if isinstance(value, int) else value
            print_line(f"{name.replace('_', ' ')}: {shown}")
