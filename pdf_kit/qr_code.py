"""Draw QR codes (ISO/IEC 18004) as one path of strokes; zint does the encoding.

Error correction level M. The size depends only on the length of the text, so codes of equally long texts fill the same
box. In markup, a code is a path that holds its text in place of path data until `draw_codes` draws it.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import zint

from pdf_kit.interleave import GROUP_SIZE

QUIET_MODULES = 4
"""Width of the blank margin on every side (ISO/IEC 18004, 9.1)."""
CHARACTERS_MAX = 122
"""45 modules a side: at one inch, a module is three times as wide as the 0.0075 inch that phones can read."""
_CAPACITIES = (14, 26, 42, 62, 84, 106, CHARACTERS_MAX)
"""Bytes that versions 1 to 7 hold at level M (ISO/IEC 18004, table 7)."""
_LEVEL_M = 2
_MASK = 4
"""The mask pattern (ISO/IEC 18004, 7.8.2). Choosing the best of eight (7.8.3) takes several times as long,
and scanners read the chosen codes less often (`tests/benchmarks/qr_masks.py`)."""

CODE = re.compile(r'(<path class="modules" d=")([^"]*)')
"""A code in markup; the second group is its text, or its path data once it is drawn."""


def modules_of(text: str) -> int:
    """Modules per side, without the quiet zone. Raises ValueError for text that is empty, too long or not ASCII."""
    if not text.isascii() or not 0 < len(text) <= CHARACTERS_MAX:
        raise ValueError(f"A QR code holds 1 to {CHARACTERS_MAX} ASCII characters")
    return 17 + 4 * _version(text)


def draw_codes(markup: str) -> str:
    """Replace the text of each code in markup with its path data (`M0 0L7 0M9 0L…`, in modules)."""
    return CODE.sub(lambda code: code[1] + svg_path(html.unescape(code[2])), markup)


def svg_path(text: str) -> str:
    """Path data of the dark runs in each row, to stroke one module wide. Raises ValueError as `modules_of` does."""
    return _write_rows(text, _SVG)


@lru_cache(maxsize=2 * GROUP_SIZE)
def path_operators(text: str) -> bytes:
    """The same path as PDF operators, as WeasyPrint writes them."""
    return _write_rows(text, _PDF).encode("ascii")


def _write_rows(text: str, runs: _DarkRuns) -> str:
    columns = [(x, x << 10) for x in range(0, modules_of(text), 8)]
    return "".join(
        [
            "".join([runs[column | row >> x & _WITH_NEIGHBORS] for x, column in columns]).replace("y", str(y))
            for y, row in enumerate(_rows(text))
        ]
    )


def _version(text: str) -> int:
    return next(version for version, capacity in enumerate(_CAPACITIES, start=1) if len(text) <= capacity)


_ROW_BYTES = 6
"""Bytes per row, including one light module on the left."""
_FILLER = "a"
"""zint encodes this, and any one character among it, in byte mode: eight bits each."""


def _rows(text: str) -> list[int]:
    """Each row's dark modules as bits. The lowest bit is a light module left of the code."""
    packed = _codes_of(len(text)).code(text).to_bytes(_ROW_BYTES * modules_of(text), "little")
    return [int.from_bytes(packed[start : start + _ROW_BYTES], "little") for start in range(0, len(packed), _ROW_BYTES)]


class _Codes(dict[tuple[int, str], int]):
    """Codes for all texts of one length, composed from single characters.

    Error correction and mask are linear (ISO/IEC 18004, 7.5 and 7.8), so a text's modules are the exclusive or of the
    filler's code and the difference that each character makes at its position. zint draws one code for each new pair
    of position and character, instead of one for each text.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length
        self._filler = _draw(_FILLER * length)

    def code(self, text: str) -> int:
        """All rows as one integer, the first row in the lowest bits."""
        code = self._filler
        for difference in map(self.__getitem__, enumerate(text)):
            code ^= difference
        return code

    def __missing__(self, key: tuple[int, str]) -> int:
        position, character = key
        text = _FILLER * position + character + _FILLER * (self._length - position - 1)
        difference = self[key] = _draw(text) ^ self._filler
        return difference


@lru_cache(maxsize=CHARACTERS_MAX)
def _codes_of(length: int) -> _Codes:
    return _Codes(length)


def _draw(text: str) -> int:
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


_WITH_NEIGHBORS = 0b1111111111


class _DarkRuns(dict[int, str]):
    """Path data for eight modules of row `y`.

    The key is the first module's column, then ten bits: the eight modules, lowest bit first, with one neighbor on
    either side.
    """

    def __init__(self, begin: str, end: str) -> None:
        super().__init__()
        self._begin = begin
        self._end = end

    def __missing__(self, key: int) -> str:
        x = key >> 10
        dark = [key >> bit & 1 for bit in range(10)]
        starts = [self._begin.format(x + bit - 1) if dark[bit] > dark[bit - 1] else "" for bit in range(1, 9)]
        ends = [self._end.format(x + bit) if dark[bit] > dark[bit + 1] else "" for bit in range(1, 9)]
        path = self[key] = "".join([start + end for start, end in zip(starts, ends, strict=True)])
        return path


_SVG = _DarkRuns("M{} y", "L{} y")
_PDF = _DarkRuns("{} y m\n", "{} y l\n")
