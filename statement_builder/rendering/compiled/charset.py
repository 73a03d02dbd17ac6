"""The characters that can be filled in without WeasyPrint: those that are always set one by one, left to right.

WeasyPrint lays out documents with any other character.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from statement_builder.rendering.fonts import covered_code_points

_TYPOGRAPHY = "‘’“”–—…·•°§¡¿ªº«»"
_LATIN = (range(0x20, 0x7F), range(0xC0, 0xD7), range(0xD8, 0xF7), range(0xF8, 0x250), range(0x1E00, 0x1F00))


@lru_cache(maxsize=1)
def simple_characters() -> frozenset[str]:
    """Latin letters, digits and common punctuation that all text fonts have: one script, no combining marks."""
    candidates = {chr(code_point) for block in _LATIN for code_point in block} | set(_TYPOGRAPHY) | {"\u00a0"}
    return frozenset(
        character
        for character in candidates
        if ord(character) in covered_code_points() and unicodedata.normalize("NFC", character) == character
    )


def is_simple(text: str) -> bool:
    """Whether every character is one of `simple_characters`."""
    return simple_characters().issuperset(text)
