"""Numbers on the command line: ASCII digits only.

Python's `int()` also takes `１２`, `1_000` and ` 5 `. In an option, each is a slip of the keyboard or of copying.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import typer

_NUMBER = re.compile(r"-?[0-9]{1,18}")


def whole_number(lowest: int | None = None) -> Callable[[str | int], int]:
    """The parser of an integer option: `typer.Option(parser=whole_number(1))`."""

    def parse(text: str | int) -> int:
        if isinstance(text, str) and not _NUMBER.fullmatch(text):
            raise typer.BadParameter(f"{text!r} is not a whole number such as 20.")
        value = int(text)
        if lowest is not None and value < lowest:
            raise typer.BadParameter(f"{value} is less than {lowest}.")
        return value

    parse.__name__ = "INTEGER" if lowest is None else f"INTEGER RANGE [x>={lowest}]"
    return parse
