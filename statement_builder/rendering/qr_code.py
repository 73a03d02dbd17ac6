"""QR codes (ISO/IEC 18004) as one path: text in, strokes out. The encoding is zint's.

Error correction level M. The size follows from the text's length alone, so that codes of texts of one length fill the
same box.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import zint

QUIET_MODULES = 4
"""Clear of anything else on every side (ISO/IEC 18004, 9.1)."""
CHARACTERS_MAX = 122
"""A code of 45 modules a side: an inch wide, its modules are three times as wide as the 0.0075 in that phones read."""
_CAPACITIES = (14, 26, 42, 62, 84, 106, CHARACTERS_MAX)
"""Bytes that versions 1 to 7 hold at level M (ISO/IEC 18004, table 7)."""
_LEVEL_M = 2


class QrCode(NamedTuple):
    """A code in units of its modules, the upper left one at (0, 0)."""

    modules: int
    """On a side, quiet zone not included."""
    path: str
    """SVG path data (`M0 0L7 0M9 0L…`), to be stroked one module wide: for each row its dark stretches."""


@lru_cache(maxsize=16)
def qr_code(text: str) -> QrCode:
    """ValueError for text that is not ASCII or too long."""
    if not text.isascii() or not 0 < len(text) <= CHARACTERS_MAX:
        raise ValueError(f"a code takes 1 to {CHARACTERS_MAX} ASCII characters")
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = _LEVEL_M
    symbol.option_2 = next(version for version, most in enumerate(_CAPACITIES, start=1) if len(text) <= most)
    symbol.input_mode = zint.InputMode.FAST  # tries four masks and not eight: half the time
    symbol.encode(text)
    modules, bits = int(symbol.rows), symbol.encoded_data
    assert bits.shape is not None
    row_bytes, packed = bits.shape[1], bits.tobytes()
    # Lowest bit first, which is the leftmost module; one light module more on the left.
    rows = [
        int.from_bytes(packed[start : start + row_bytes], "little") << 1
        for start in range(0, modules * row_bytes, row_bytes)
    ]
    starts = range(0, modules, 8)
    path = [
        "".join([_stretches(x, row >> x & _WITH_NEIGHBOURS) for x in starts]).replace("y", str(y))
        for y, row in enumerate(rows)
    ]
    return QrCode(modules, "".join(path))


_WITH_NEIGHBOURS = 0b1111111111


@cache
def _stretches(x: int, ten: int) -> str:
    """The beginnings and ends of dark stretches in eight modules, of which `ten` has the neighbours too; row `y`."""
    dark = [ten >> place & 1 for place in range(10)]
    begun = [f"M{x + place - 1} y" if dark[place] > dark[place - 1] else "" for place in range(1, 9)]
    ended = [f"L{x + place} y" if dark[place] > dark[place + 1] else "" for place in range(1, 9)]
    return "".join([start + end for start, end in zip(begun, ended, strict=True)])


def path_operators(path: str) -> bytes:
    """The path as WeasyPrint writes it into a content stream: a letter precedes its point in SVG, and follows it in
    PDF."""
    return (path[1:].replace("L", " m\n").replace("M", " l\n") + " l\n").encode("ascii")
