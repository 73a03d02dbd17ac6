"""Rectangles on a page, in inches."""

from __future__ import annotations

import msgspec


class Rect(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A rectangle in inches; `top` counts down from the upper edge of the page."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height
