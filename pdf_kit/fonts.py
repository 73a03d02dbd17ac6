"""What an embedded font says of its codes: what they stand for, and how wide they are (ISO 32000-1, 9.7 and 9.10)."""

from __future__ import annotations

import re

from pdf_kit.reader import NotRead, find


def read_character_map(character_map: bytes) -> dict[int, str]:
    """Code to text of an inflated ToUnicode map. `NotRead` where it has ranges."""
    if b"beginbfrange" in character_map:
        raise NotRead("character map")
    return {
        int(code, 16): bytes.fromhex(text.decode("ascii")).decode("utf-16-be")
        for block in _CHARACTERS.findall(character_map)
        for code, text in _CHARACTER.findall(block)
    }


def read_widths(descendant: bytes) -> dict[int, float]:
    """Code to advance, in thousandths of the type size, of a font whose `/W` is made of `first [width …]`."""
    return {
        int(first) + place: float(width)
        for first, some in _WIDTHS_OF_RUN.findall(find(_WIDTHS, descendant))
        for place, width in enumerate(some.split())
    }


_CHARACTERS = re.compile(rb"beginbfchar\n(.*?)endbfchar", re.DOTALL)
_CHARACTER = re.compile(rb"<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>\n")
_WIDTHS = re.compile(rb"/W \[((?:[^\[\]]|\[[^\]]*\])*)\]")
_WIDTHS_OF_RUN = re.compile(rb"(\d+) \[([^\]]*)\]")
