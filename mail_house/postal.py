"""The one definition of a ZIP Code and of the United States in address lines that were printed."""

from __future__ import annotations

import re
import unicodedata

ZIP_PATTERN = r"(?P<zip5>[0-9]{5})(?:[- ]?(?P<zip4>[0-9]{4}))?"
"""5 or 9 digits, with a hyphen, a space or nothing between."""
_ZIP_AT_END = re.compile(rf"(?:^|[^0-9]){ZIP_PATTERN}$")
_UNITED_STATES = frozenset(("US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"))
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_EMPTY = "\u115f\u1160\u2800\u3164\uffa0"
"""Fillers: letters and symbols to Unicode, and nothing on paper."""


def domestic_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without a last line that only says United States: domestic mail has none."""
    if len(lines) > 1 and lines[-1].replace(".", "").strip().upper() in _UNITED_STATES:
        return lines[:-1]
    return lines


def find_zip(lines: tuple[str, ...]) -> str:
    """The ZIP Code at the end of the last line, as `01103` or `01103-1234`; empty if there is none: mail abroad."""
    lines = domestic_lines(lines)
    found = _ZIP_AT_END.search(lines[-1].strip()) if lines else None
    return format_zip(found) if found else ""


def format_zip(found: re.Match[str]) -> str:
    """A match of `ZIP_PATTERN` as `01103` or `01103-1234`."""
    return f"{found['zip5']}-{found['zip4']}" if found["zip4"] else found["zip5"]


def find_line_fault(lines: tuple[str, ...]) -> str:
    """What is wrong with a piece's name and address lines, such as a blank name; empty if nothing is."""
    if not lines or _is_blank(lines[0]):
        return "its recipient has no name"
    if any(_is_blank(line) for line in lines):
        return "its address has a blank line"
    for line in lines:
        if not line.isprintable() and any(unicodedata.category(each) in _UNPRINTABLE for each in line):
            return "its address has a control character or a line end inside a line"
    return ""


def _is_blank(line: str) -> bool:
    """Whether nothing of the line shows on paper."""
    if line.isascii() and line.isprintable():  # nearly every line
        return not line.strip()
    return not any(each.isprintable() and each not in _EMPTY for each in line if not each.isspace())
