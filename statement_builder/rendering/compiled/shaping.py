"""Shape runs of text with HarfBuzz, as Pango does. Each word is shaped once.

A run is joined from shaped words if the font does not change glyphs where the words meet: HarfBuzz decides this for
each pair of characters. Otherwise the run is shaped as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import uharfbuzz as hb

from statement_builder.billing.model import Record
from statement_builder.rendering.compiled.charset import is_simple
from statement_builder.rendering.compiled.font_subsets import glyph_levels
from statement_builder.rendering.compiled.layouts import Style
from statement_builder.rendering.fonts import font_path

PIXELS_PER_UNIT = 1 / 1024
"""CSS pixels per Pango unit."""
_RUNS_MAX = 20_000
_WORDS_MAX = 20_000
"""Per style."""
_NOT_JOINABLE = "\0"
"""Marks the end of a word that must be shaped together with its neighbor."""
_WORDS = re.compile(r"[^\W\d_]+[,.:’'-]? ?|[$,.]?\d{1,3}|[^\w ] ?|.", re.DOTALL)
"""Words of letters, digits by threes as in amounts, or single characters; a comma or space ends a word."""


class CannotFill(Exception):
    """This text cannot be laid out with certainty. The reason is for statistics and contains none of the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ShapedRun(Record, kw_only=True, array_like=True):
    """A shaped run: the operand of `TJ`, its width in CSS pixels, and the lowest subset level with all glyphs."""

    operand: bytes
    width: float
    level: int


class _Word(NamedTuple):
    """Part of a run: glyph codes with adjustments, advance in Pango units, and the lowest subset level."""

    codes: str
    advance: int
    level: int
    first: str
    last: str
    """The first and last characters, or `_NOT_JOINABLE` if their glyphs do not stand for one character each."""


@lru_cache(maxsize=_RUNS_MAX)
def shape(style: Style, text: str) -> ShapedRun:
    """Shape one run. Raises `CannotFill` for characters that are not simple or that the font lacks."""
    return shape_uncached(style, text)


def shape_uncached(style: Style, text: str) -> ShapedRun:
    """As `shape`, without its cache: for texts that are unlikely to recur."""
    font = _font(style)
    can_join = font.can_join
    codes, advance, level, last = "", 0, 0, ""
    for word_codes, word_advance, word_level, first, word_last in map(font.words.__getitem__, _WORDS.findall(text)):
        if last and not can_join[last + first]:
            codes, advance, level, _, _ = font.shape(text)
            break
        codes += word_codes
        advance += word_advance
        if word_level > level:  # noqa: PLR1730 - `max` would dominate this loop
            level = word_level
        last = word_last
    operand = f"<{codes}>"
    if "<>" in operand:
        operand = operand.replace("<>", "")
    return ShapedRun(operand=operand.encode("ascii"), width=advance * PIXELS_PER_UNIT, level=level)


_Value = TypeVar("_Value")


class _BoundedCache(dict[str, _Value]):
    """Caches a function's results. Starts over after `_WORDS_MAX` entries."""

    def __init__(self, compute: Callable[[str], _Value]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, text: str) -> _Value:
        if len(self) >= _WORDS_MAX:
            self.clear()
        value = self[text] = self._compute(text)
        return value


class _Font:
    """A face with one size, language and set of features, and the words shaped with it."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._features = dict(style.features)
        self._font = hb.Font(_face(style.face))
        self._font.scale = (style.scale, style.scale)
        self._glyph_levels = glyph_levels(style.face)
        self._drawn: dict[tuple[int, int, str], tuple[str, int]] = {}
        self.words = _BoundedCache(self._word)
        self.can_join = _BoundedCache(self._can_join)
        """For a pair of characters: whether a word that ends with the first keeps its glyphs before a word that begins
        with the second."""

    def _word(self, text: str) -> _Word:
        """A word as HarfBuzz shapes it. Digits are joined one by one, which takes a tenth of the time: a batch has
        thousands of different numbers."""
        if len(text) > 1 and text[-1].isdigit() and all(self.can_join[a + b] for a, b in pairwise(text)):
            codes, advances, levels, _, _ = zip(*map(self.words.__getitem__, text), strict=True)
            return _Word("".join(codes), sum(advances), max(levels), text[0], text[-1])
        return self.shape(text)

    def _can_join(self, pair: str) -> bool:
        """Whether both glyphs are the same as alone, and HarfBuzz allows a break between them without reshaping."""
        if _NOT_JOINABLE in pair:
            return False
        infos, positions = self._run(pair)
        alone = [self._run(character) for character in pair]
        return (
            [info.codepoint for info in infos] == [infos[0].codepoint for infos, _ in alone]
            and [each.x_advance for each in positions] == [positions[0].x_advance for _, positions in alone]
            and not infos[1].flags & hb.GlyphFlags.UNSAFE_TO_BREAK
        )

    def shape(self, text: str) -> _Word:
        """Shape a text with HarfBuzz. Raises `CannotFill` for shifted, missing or unexpected glyphs."""
        if not is_simple(text):
            raise CannotFill("characters")
        infos, positions = self._run(text)
        clusters = [info.cluster for info in infos]
        codes: list[str] = []
        advance = level = 0
        for info, position, start, end in zip(infos, positions, clusters, [*clusters[1:], len(text)], strict=True):
            if position.y_offset or position.x_offset:
                raise CannotFill("glyphs")
            drawn = (info.codepoint, position.x_advance, text[start:end])
            cached = self._drawn.get(drawn)
            if cached is None:
                cached = self._drawn[drawn] = self._draw(*drawn)
            codes.append(cached[0])
            level = max(level, cached[1])
            advance += drawn[1]
        is_joinable = bool(text) and (len(clusters) < 2 or (clusters[1] == 1 and clusters[-1] == len(text) - 1))
        first, last = (text[0], text[-1]) if is_joinable else (_NOT_JOINABLE, _NOT_JOINABLE)
        return _Word("".join(codes), advance, level, first, last)

    def _draw(self, glyph: int, advance: int, text: str) -> tuple[str, int]:
        """Code and adjustment of one glyph that stands for `text`, and the lowest subset level that has it.

        Text extraction from the PDF uses the subset's character map, so the map must agree with `text`.
        """
        glyph_text, level = self._glyph_levels.get(glyph, ("", 0))
        if not glyph or not text or glyph_text != text:
            raise CannotFill("glyphs")
        # Truncated, as in WeasyPrint.
        kerning = int(self._width(glyph) - advance * 1000 * PIXELS_PER_UNIT / (self._style.scale * PIXELS_PER_UNIT))
        return f"{glyph:04x}>{kerning}<" if kerning else f"{glyph:04x}", level

    def _run(self, text: str) -> tuple[list[hb.GlyphInfo], list[hb.GlyphPosition]]:
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.language = self._style.language
        hb.shape(self._font, buffer, self._features)
        return buffer.glyph_infos, buffer.glyph_positions

    def _width(self, glyph: int) -> int:
        """A glyph's width in 1/1000 em, rounded as in the font's `/W`."""
        advance: int = self._font.get_glyph_h_advance(glyph)
        return round(advance * 1000 * PIXELS_PER_UNIT / (self._style.scale * PIXELS_PER_UNIT))


@lru_cache(maxsize=64)
def _font(style: Style) -> _Font:
    return _Font(style)


@lru_cache(maxsize=8)
def _face(name: str) -> hb.Face:
    return hb.Face(font_path(name).read_bytes())
