"""A barcode as it is drawn: rectangles in points, as operators of a PDF's content stream."""

from __future__ import annotations

import msgspec


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """Bars or modules without their quiet zone, from a lower left corner at 0, 0. Points; y counts up."""

    width: float
    height: float
    path: bytes
    """`x y width height re` for each rectangle, not filled yet (ISO 32000-1, 8.5.2)."""

    def draw_at(self, left: float, bottom: float) -> bytes:
        """Operators that draw it in black with its lower left corner there. They leave the graphics state as it was."""
        return b"q 0 g 1 0 0 1 %.3f %.3f cm\n%bf\nQ\n" % (left, bottom, self.path)


def rectangle(x: float, y: float, width: float, height: float) -> bytes:
    """One rectangle of a path."""
    return b"%.3f %.3f %.3f %.3f re\n" % (x, y, width, height)
