"""Rectangles on a page, in inches."""

from __future__ import annotations

import msgspec

POINTS_PER_INCH = 72.0
_TOLERANCE = 0.001
"""Inches of rounding that `contains` allows."""


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

    def contains(self, other: Rect) -> bool:
        """Whether `other` is within this rectangle, to a thousandth of an inch."""
        return (
            other.left >= self.left - _TOLERANCE
            and other.top >= self.top - _TOLERANCE
            and other.right <= self.right + _TOLERANCE
            and other.bottom <= self.bottom + _TOLERANCE
        )

    def inset(self, margin: float) -> Rect:
        """This rectangle, smaller by `margin` inches on every side."""
        return Rect(
            left=self.left + margin,
            top=self.top + margin,
            width=self.width - 2 * margin,
            height=self.height - 2 * margin,
        )
