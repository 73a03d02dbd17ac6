"""A drawn barcode: rectangles in points, as PDF content stream operators."""

from __future__ import annotations

import msgspec


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """Bars or modules without their quiet zone, in points. The lower left corner is 0, 0; y points up."""

    width: float
    height: float
    path: bytes
    """`x y width height re` for each rectangle, without the fill operator (ISO 32000-1, 8.5.2)."""

    def draw_at(self, left: float, bottom: float) -> bytes:
        """Return operators that draw it in black with its lower left corner at this point. They restore the graphics
        state."""
        return b"q 0 g 1 0 0 1 %.3f %.3f cm\n%bf\nQ\n" % (left, bottom, self.path)


def rectangle(x: float, y: float, width: float, height: float) -> bytes:
    """Return the path operator for one rectangle, in points."""
    return b"%.3f %.3f %.3f %.3f re\n" % (x, y, width, height)
