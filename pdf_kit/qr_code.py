"""QR codes (ISO/IEC 18004) as one path: text in, strokes out. The encoding is zint's.

Error correction level M. The size follows from the text's length alone, so that codes of texts of one length fill the
same box. In markup a code is a path that has its text where its strokes are to be, until somebody draws it.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import zint

from pdf_kit.interleave import GROUP

QUIET_MODULES = 4
"""Clear of anything else on every side (ISO/IEC 18004, 9.1)."""
CHARACTERS_MAX = 122
"""A code of 45 modules a side: an inch wide, its modules are three times as wide as the 0.0075 in that phones read."""
_CAPACITIES = (14, 26, 42, 62, 84, 106, CHARACTERS_MAX)
"""Bytes that versions 1 to 7 hold at level M (ISO/IEC 18004, table 7)."""
_LEVEL_M = 2
_MASK = 4
"""The mask pattern (ISO/IEC 18004, 7.8.2) of every code; a reader is told which it is. To draw all eight and weigh them
(7.8.3) takes several times as long, and what is picked so is read less often when `tests/benchmarks/qr_masks.py` blurs
codes until most fail."""


CODE = re.compile(r'(<path class="modules" d=")([^"]*)')
"""A code in markup, and after it its text, or its path data once it is drawn."""


def modules_of(text: str) -> int:
    """How many modules a code has on a side, quiet zone not included. ValueError for text that is not ASCII or too
    long."""
    if not text.isascii() or not 0 < len(text) <= CHARACTERS_MAX:
        raise ValueError(f"a code takes 1 to {CHARACTERS_MAX} ASCII characters")
    return 17 + 4 * _version(text)


def draw_codes(markup: str) -> str:
    """Markup with the path data (`M0 0L7 0M9 0L…`, in units of a module) of its codes instead of their texts."""
    return CODE.sub(lambda code: code[1] + svg_path(html.unescape(code[2])), markup)


def svg_path(text: str) -> str:
    """To be stroked one module wide: for each row its dark stretches. ValueError as from `modules_of`."""
    return _write_rows(text, _SVG)


@lru_cache(maxsize=2 * GROUP)
def path_operators(text: str) -> bytes:
    """The same path as WeasyPrint writes it into a content stream: a letter precedes its point in SVG, and follows it
    in PDF."""
    return _write_rows(text, _PDF).encode("ascii")


def _write_rows(text: str, stretches: _Stretches) -> str:
    places = [(x, x << 10) for x in range(0, modules_of(text), 8)]
    return "".join(
        [
            "".join([stretches[place | row >> x & _WITH_NEIGHBOURS] for x, place in places]).replace("y", str(y))
            for y, row in enumerate(_rows(text))
        ]
    )


def _version(text: str) -> int:
    return next(version for version, most in enumerate(_CAPACITIES, start=1) if len(text) <= most)


_ROW_BYTES = 6
"""What a row takes, the light module before it included."""
_FILLER = "a"
"""zint says it, and any one character between more of it, in eight bits each."""


def _rows(text: str) -> list[int]:
    """For each row its dark modules as bits: the lowest bit is a light module more on the left, then the leftmost."""
    packed = _codes_of(len(text)).code(text).to_bytes(_ROW_BYTES * modules_of(text), "little")
    return [int.from_bytes(packed[start : start + _ROW_BYTES], "little") for start in range(0, len(packed), _ROW_BYTES)]


class _Codes(dict[tuple[int, str], int]):
    """Codes of all texts of one length: what each character at its place adds to the code of the filler alone.

    Error correction and mask are linear (ISO/IEC 18004, 7.5 and 7.8): a text's modules are the exclusive or of what its
    characters add. zint draws one code for each character that is new at its place, and none for a text.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length
        self._filler = _drawn(_FILLER * length)

    def code(self, text: str) -> int:
        """All rows, the first one lowest."""
        code = self._filler
        for added in map(self.__getitem__, enumerate(text)):
            code ^= added
        return code

    def __missing__(self, placed: tuple[int, str]) -> int:
        place, character = placed
        added = _drawn(_FILLER * place + character + _FILLER * (self._length - place - 1)) ^ self._filler
        self[placed] = added
        return added


@lru_cache(maxsize=CHARACTERS_MAX)
def _codes_of(length: int) -> _Codes:
    return _Codes(length)


def _drawn(text: str) -> int:
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = _LEVEL_M
    symbol.option_2 = _version(text)
    symbol.option_3 = _MASK + 1 << 8
    symbol.encode(text)
    modules, bits = int(symbol.rows), symbol.encoded_data
    assert modules == modules_of(text)
    assert bits.shape is not None
    row_bytes, packed = bits.shape[1], bits.tobytes()
    rows = [int.from_bytes(packed[y * row_bytes : (y + 1) * row_bytes], "little") for y in range(modules)]
    return sum(row << 1 + 8 * _ROW_BYTES * y for y, row in enumerate(rows))


_WITH_NEIGHBOURS = 0b1111111111


class _Stretches(dict[int, str]):
    """Dark stretches of eight modules in row `y`, by the first module's place and, lowest bit first, these eight with
    the neighbours on both sides."""

    def __init__(self, begin: str, end: str) -> None:
        super().__init__()
        self._begin = begin
        self._end = end

    def __missing__(self, key: int) -> str:
        x = key >> 10
        dark = [key >> place & 1 for place in range(10)]
        begun = [self._begin.format(x + place - 1) if dark[place] > dark[place - 1] else "" for place in range(1, 9)]
        ended = [self._end.format(x + place) if dark[place] > dark[place + 1] else "" for place in range(1, 9)]
        written = self[key] = "".join([start + stop for start, stop in zip(begun, ended, strict=True)])
        return written


_SVG = _Stretches("M{} y", "L{} y")
_PDF = _Stretches("{} y m\n", "{} y l\n")
