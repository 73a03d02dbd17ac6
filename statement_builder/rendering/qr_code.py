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
    xs, row_bytes, packed = range(0, modules, 8), bits.shape[1], bits.tobytes()
    rows = [packed[start : start + len(xs)] for start in range(0, modules * row_bytes, row_bytes)]
    return QrCode(modules, "".join([_stretches(x, y, row[x // 8]) for y, row in enumerate(rows) for x in xs]))


@cache
def _stretches(x: int, y: int, eight: int) -> str:
    """The dark stretches of eight modules, of which the lowest bit is the leftmost."""
    bits = f"{eight:08b}"[::-1]
    starts = [place for place in range(8) if bits[place] == "1" and (place == 0 or bits[place - 1] == "0")]
    ends = [bits.find("0", start) for start in starts]
    return "".join(
        f"M{x + start} {y}L{x + (8 if end < 0 else end)} {y}" for start, end in zip(starts, ends, strict=True)
    )


def path_operators(path: str) -> bytes:
    """The path as WeasyPrint writes it into a content stream: a letter precedes its point in SVG, and follows it in
    PDF."""
    return (path[1:].replace("L", " m\n").replace("M", " l\n") + " l\n").encode("ascii")
