"""Embedded fonts: what each character code stands for and how wide it is (ISO 32000-1, 9.7 and 9.10)."""

from __future__ import annotations

import re

from pdf_kit.pdf_file import UnsupportedPdf, find


def read_character_map(character_map: bytes) -> dict[int, str]:
    """Read an inflated ToUnicode map: character code to text. Raises `UnsupportedPdf` for a map with ranges."""
    if b"beginbfrange" in character_map:
        raise UnsupportedPdf("character map")
    return {
        int(code, 16): bytes.fromhex(text.decode("ascii")).decode("utf-16-be")
        for block in _CHARACTERS.findall(character_map)
        for code, text in _CHARACTER.findall(block)
    }


def read_widths(descendant: bytes) -> dict[int, float]:
    """Read `/W` of a descendant font in the form `first [width …]`: character code to width in 1/1000 em."""
    return {
        int(first) + index: float(width)
        for first, widths in _WIDTHS_OF_RUN.findall(find(_WIDTHS, descendant))
        for index, width in enumerate(widths.split())
    }


_CHARACTERS = re.compile(rb"beginbfchar\n(.*?)endbfchar", re.DOTALL)
_CHARACTER = re.compile(rb"<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>\n")
_WIDTHS = re.compile(rb"/W \[((?:[^\[\]]|\[[^\]]*\])*)\]")
_WIDTHS_OF_RUN = re.compile(rb"(\d+) \[([^\]]*)\]")
