"""A TrueType font as embedded in a PDF: the text, width and ink of each text operand.

Results are cached, since a batch's documents share most of their words.
"""

from __future__ import annotations

import io
import re
import struct
from binascii import unhexlify
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from pdf_kit.fonts import read_character_map
from pdf_kit.pdf_file import UnsupportedPdf

INK_ABOVE_MAX = 2
"""Font sizes that ink extends above or below the baseline at most."""
INK_BESIDE_MAX = 0.4
"""Font sizes that a glyph's ink extends beyond its advance width at most."""
_WORDS_MAX = 6_000
_OPERAND = re.compile(rb"(?:<(?:[0-9a-f]{4})+>(?:-?[\d.]+)?)*")
_HEADER = struct.Struct(">hhhhh")
"""Of a glyph: its number of contours, then its least x and y and its greatest (OpenType, `glyf`)."""


class InkBox(NamedTuple):
    """The bounding box of a word's ink, from the word's origin on the baseline, in font sizes; `top` is up."""

    left: float
    right: float
    bottom: float
    top: float


class Word:
    """The text that one text operator draws, and its advance width in font sizes, with and without its last spaces."""

    __slots__ = ("_font", "_glyphs", "_ink", "advance", "text", "visible_advance")

    def __init__(
        self, text: str, advance: float, visible_advance: float, glyphs: tuple[int, ...], font: EmbeddedFont
    ) -> None:
        self.text = text
        self.advance = advance
        self.visible_advance = visible_advance
        self._glyphs = glyphs
        self._font = font
        self._ink: InkBox | None = None

    @property
    def ink(self) -> InkBox:
        if self._ink is None:
            self._ink = self._font.ink(self._glyphs, self.advance)
        return self._ink


class EmbeddedFont:
    """A font's characters, widths and ink. Raises `UnsupportedPdf` for glyphs with unusually distant ink."""

    def __init__(self, widths: Mapping[int, float], character_map: bytes, program: bytes) -> None:
        """`widths` by character code, in 1/1000 em; ToUnicode map and TrueType program are inflated."""
        self._texts = read_character_map(character_map)
        self._advances = {code: width / 1000 for code, width in widths.items()}
        self._inks = _read_inks(program, self._texts)
        for code, ink in self._inks.items():
            advance = self._advances[code]
            if max(ink.top, -ink.bottom) > INK_ABOVE_MAX or max(-ink.left, ink.right - advance) > INK_BESIDE_MAX:
                raise UnsupportedPdf("distant ink")
        self.words = _WordCache(self)
        """Words by the operand of the `TJ` that draws them: an array of hexadecimal strings and adjustments."""

    def read(self, operand: bytes) -> Word:
        """Read the operand of a `TJ`. `UnsupportedPdf`, ValueError or LookupError for other arrays and unmapped
        codes."""
        if not _OPERAND.fullmatch(operand):
            raise UnsupportedPdf("text operand")
        parts = operand.replace(b"<", b">").split(b">")  # "", glyphs, adjustment, glyphs, adjustment, ...
        glyphs = unhexlify(b"".join(parts[1::2]))
        codes = struct.unpack(f">{len(glyphs) // 2}H", glyphs)
        adjustments = sum(map(float, filter(None, parts[2::2])))
        advance = sum(map(self._advances.__getitem__, codes)) - adjustments / 1000
        visible_advance = advance
        for code in reversed(codes):
            if not self._texts[code].isspace():
                break
            visible_advance -= self._advances[code]
        return Word("".join(map(self._texts.__getitem__, codes)), advance, visible_advance, codes, self)

    def ink(self, codes: tuple[int, ...], advance: float) -> InkBox:
        """The bounding box of these glyphs' ink."""
        if not codes:
            return InkBox(0, 0, 0, 0)
        inks = [self._inks[code] for code in codes]
        return InkBox(
            min(0, inks[0].left),
            max(advance, advance - self._advances[codes[-1]] + inks[-1].right),
            min([ink.bottom for ink in inks]),
            max([ink.top for ink in inks]),
        )


def _read_inks(program: bytes, codes: Iterable[int]) -> dict[int, InkBox]:
    """The bounding box of each glyph, from its header: decompiling its outline takes a hundred times as long.

    LookupError or struct.error for a glyph that the program does not have.
    """
    with TTFont(io.BytesIO(program), lazy=True) as font:
        units_per_em, offsets, outlines = font["head"].unitsPerEm, font["loca"].locations, font.reader["glyf"]
    inks = {}
    for code in codes:
        if offsets[code] == offsets[code + 1]:  # it has no outline
            inks[code] = InkBox(0, 0, 0, 0)
        else:
            _, left, bottom, right, top = [side / units_per_em for side in _HEADER.unpack_from(outlines, offsets[code])]
            inks[code] = InkBox(left=left, right=right, bottom=bottom, top=top)
    return inks


class _WordCache(dict[bytes, Word]):
    """A font's words by their operands."""

    def __init__(self, font: EmbeddedFont) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, operand: bytes) -> Word:
        if len(self) >= _WORDS_MAX:
            self.clear()
        word = self[operand] = self._font.read(operand)
        return word
