"""Shape runs of text with HarfBuzz as Pango does. A word that was shaped once is not shaped again.

A run is put together from its words where the font lets them stand side by side unchanged, which HarfBuzz is asked for
every pair of characters that meet; where it does not, the run is shaped as a whole.
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
from statement_builder.rendering.compiled.font_subsets import meanings_of
from statement_builder.rendering.compiled.layouts import Style
from statement_builder.rendering.fonts import font_path

PIXELS = 1 / 1024
"""Pango counts in 1/1024 of a CSS pixel."""
_SHAPED_MAX = 20_000
_WORDS_MAX = 20_000
"""For each style."""
_UNJOINED = "\0"
"""Stands for the end of a word that can only be shaped with what follows it."""
_WORDS = re.compile(r"[^\W\d_]+[,.:’'-]? ?|[$,.]?\d{1,3}|[^\w ] ?|.", re.DOTALL)
"""Letters together, digits by threes as amounts have them, all else alone; a blank or a comma with what is before."""


class CannotFill(Exception):
    """This text cannot be set here with certainty. The reason is for the statistics, and says nothing of the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Shaped(Record, kw_only=True, array_like=True):
    """A shaped run: the operand of `TJ`, its width in CSS pixels, and the smallest subset that has its glyphs."""

    operand: bytes
    width: float
    step: int


class _Word(NamedTuple):
    """Part of a run: glyph codes with adjustments between them, advance in `PIXELS`, and the subset that is needed."""

    codes: str
    advance: int
    step: int
    first: str
    last: str
    """Its first and last characters, or `_UNJOINED` where its glyphs do not stand for one character each."""


@lru_cache(maxsize=_SHAPED_MAX)
def shape(style: Style, text: str) -> Shaped:
    """Shape one run. `Unclear` for characters that are not set one by one, or that the font lacks."""
    return shape_anew(style, text)


def shape_anew(style: Style, text: str) -> Shaped:
    """As `shape`, which remembers: for texts that are not likely to come again."""
    font = _font(style)
    meetings = font.meetings
    codes, advance, step, last = "", 0, 0, ""
    for its_codes, its_advance, its_step, first, its_last in map(font.words.__getitem__, _WORDS.findall(text)):
        if last and not meetings[last + first]:
            codes, advance, step, _, _ = font.shape(text)
            break
        codes += its_codes
        advance += its_advance
        if its_step > step:  # noqa: PLR1730 - `max` takes longer than all else here
            step = its_step
        last = its_last
    operand = f"<{codes}>"
    if "<>" in operand:
        operand = operand.replace("<>", "")
    return Shaped(operand=operand.encode("ascii"), width=advance * PIXELS, step=step)


_Value = TypeVar("_Value")


class _Known(dict[str, _Value]):
    """What was found out once, at most `_WORDS_MAX` of it."""

    def __init__(self, find_out: Callable[[str], _Value]) -> None:
        super().__init__()
        self._find_out = find_out

    def __missing__(self, text: str) -> _Value:
        if len(self) >= _WORDS_MAX:
            self.clear()
        found = self[text] = self._find_out(text)
        return found


class _Font:
    """A face at one size, in one language, with certain features; and what has been shaped with it."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._features = dict(style.features)
        self._font = hb.Font(_face(style.face))
        self._font.scale = (style.scale, style.scale)
        self._meanings = meanings_of(style.face)
        self._drawn: dict[tuple[int, int, str], tuple[str, int]] = {}
        self.words = _Known(self._word)
        self.meetings = _Known(self._can_meet)
        """Of two characters: whether a word that ends with the one, followed by one that begins with the other, is what
        it is alone."""

    def _word(self, text: str) -> _Word:
        """As HarfBuzz shapes it. Digits are put together one by one, like words: it takes a tenth of the time, and of
        amounts and numbers there are thousands."""
        if len(text) > 1 and text[-1].isdigit() and all(self.meetings[a + b] for a, b in pairwise(text)):
            codes, advances, steps, _, _ = zip(*map(self.words.__getitem__, text), strict=True)
            return _Word("".join(codes), sum(advances), max(steps), text[0], text[-1])
        return self.shape(text)

    def _can_meet(self, pair: str) -> bool:
        """As each is alone, and HarfBuzz says that a run may be broken between them without another look."""
        if _UNJOINED in pair:
            return False
        infos, positions = self._run(pair)
        alone = [self._run(character) for character in pair]
        return (
            [info.codepoint for info in infos] == [infos[0].codepoint for infos, _ in alone]
            and [each.x_advance for each in positions] == [positions[0].x_advance for _, positions in alone]
            and not infos[1].flags & hb.GlyphFlags.UNSAFE_TO_BREAK
        )

    def shape(self, text: str) -> _Word:
        """A text as HarfBuzz shapes it. `Unclear` for glyphs out of line, missing or of another meaning."""
        if not is_simple(text):
            raise CannotFill("characters")
        infos, positions = self._run(text)
        clusters = [info.cluster for info in infos]
        codes: list[str] = []
        advance = step = 0
        for info, position, start, end in zip(infos, positions, clusters, [*clusters[1:], len(text)], strict=True):
            if position.y_offset or position.x_offset:
                raise CannotFill("glyphs")
            drawn = (info.codepoint, position.x_advance, text[start:end])
            known = self._drawn.get(drawn)
            if known is None:
                known = self._drawn[drawn] = self._draw(*drawn)
            codes.append(known[0])
            step = max(step, known[1])
            advance += drawn[1]
        joins = bool(text) and (len(clusters) < 2 or (clusters[1] == 1 and clusters[-1] == len(text) - 1))
        first, last = (text[0], text[-1]) if joins else (_UNJOINED, _UNJOINED)
        return _Word("".join(codes), advance, step, first, last)

    def _draw(self, glyph: int, advance: int, text: str) -> tuple[str, int]:
        """Code and adjustment of one glyph that stands for `text`, and the smallest subset that has it.

        What is extracted from a page is what the subset says that a glyph means.
        """
        meaning, step = self._meanings.get(glyph, ("", 0))
        if not glyph or not text or meaning != text:
            raise CannotFill("glyphs")
        # WeasyPrint truncates, so this does.
        kerning = int(self._width(glyph) - advance * 1000 * PIXELS / (self._style.scale * PIXELS))
        return f"{glyph:04x}>{kerning}<" if kerning else f"{glyph:04x}", step

    def _run(self, text: str) -> tuple[list[hb.GlyphInfo], list[hb.GlyphPosition]]:
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.language = self._style.language
        hb.shape(self._font, buffer, self._features)
        return buffer.glyph_infos, buffer.glyph_positions

    def _width(self, glyph: int) -> int:
        """In 1/1000 em, as the font's `/W` has it."""
        advance: int = self._font.get_glyph_h_advance(glyph)
        return round(advance * 1000 * PIXELS / (self._style.scale * PIXELS))


@lru_cache(maxsize=64)
def _font(style: Style) -> _Font:
    return _Font(style)


@lru_cache(maxsize=8)
def _face(name: str) -> hb.Face:
    return hb.Face(font_path(name).read_bytes())
