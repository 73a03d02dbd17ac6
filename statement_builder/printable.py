"""Text from outside, as it may reach a terminal or a log: nothing in it moves the cursor, hides text or starts a line.

A file name, a vendor's words or an operator's reason may contain any character. Those that print nothing are shown as
an escape, such as `\\x1b`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial

_NEITHER_VISIBLE_NOR_SPACE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_unusual = re.compile(r"[^ -~]").sub


def one_line(text: str) -> str:
    """The text on one line, with an escape for every character that is neither visible nor a space."""
    return _unusual(partial(_escape, kept=""), text)


def printable_lines(text: str) -> str:
    """As `one_line`, but line feeds stay."""
    return _unusual(partial(_escape, kept="\n"), text)


def _escape(found: re.Match[str], *, kept: str) -> str:
    character = found[0]
    if character in kept or unicodedata.category(character) not in _NEITHER_VISIBLE_NOR_SPACE:
        return character
    return character.encode("unicode_escape").decode("ascii")
