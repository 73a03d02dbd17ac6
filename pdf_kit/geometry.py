"""Rectangles on a page, in inches."""

from __future__ import annotations

import msgspec

POINTS_PER_INCH = 72.0
_TOLERANCE = 0.001
"""Inches of rounding that `contains` allows."""


_BEYOND = 100.0
"""Inches that the strips along a page's edges extend outward, to include text that has left the page."""


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


def find_page_edges(margin: float, page_width: float, page_height: float) -> tuple[Rect, ...]:
    """The strips of `margin` inches along a page's four edges, with what is beyond the page."""
    depth, across, down = _BEYOND + margin, page_width + 2 * _BEYOND, page_height + 2 * _BEYOND
    return (
        Rect(left=-_BEYOND, top=-_BEYOND, width=across, height=depth),
        Rect(left=-_BEYOND, top=page_height - margin, width=across, height=depth),
        Rect(left=-_BEYOND, top=-_BEYOND, width=depth, height=down),
        Rect(left=page_width - margin, top=-_BEYOND, width=depth, height=down),
    )
